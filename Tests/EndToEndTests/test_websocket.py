"""Upgrades: after 101 the gateway is a pipe for bytes in both directions (RFC 9110 section 7.8)."""

import base64
import hashlib
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect
from websockets.sync.server import serve

from harness import resources
from harness.gateway import Gateway
from harness.h2wire import H2Wire
from harness.upstream import ok

HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def reply(socket):
    """Echoes; `close 4001` closes with that code."""
    for message in socket:
        if isinstance(message, str) and message.startswith("close "):
            socket.close(int(message.split()[1]), "as asked")
            return
        socket.send(message)


@pytest.fixture(scope="module")
def echo_server():
    with serve(reply, "127.0.0.1", 0, max_size=None, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()


@pytest.fixture(scope="module")
def edge(tmp_path_factory, echo_server):
    folder = tmp_path_factory.mktemp("websocket")
    with Gateway(folder, resources.one_upstream(echo_server)) as gateway:
        yield gateway


@pytest.fixture
def socket(edge):
    url = f"ws://127.0.0.1:{edge.port()}/chat"
    with connect(url, max_size=None, compression=None, proxy=None, open_timeout=5) as socket:
        yield socket


def test_text_and_bytes_come_back(socket):
    for message in ["hello", "", "\u00e9\u4e16\U0001f600", b"", bytes(range(256))]:
        socket.send(message)
        assert socket.recv(timeout=5) == message


@pytest.mark.parametrize("size", [125, 126, 65_535, 65_536, 4_000_000])
def test_a_message_of_this_size_comes_back(socket, size):
    message = b"w" * size
    socket.send(message)
    assert socket.recv(timeout=15) == message


def test_a_thousand_messages_keep_their_order(socket):
    def send():
        for n in range(1000):
            socket.send(str(n))

    sender = threading.Thread(target=send)
    sender.start()
    assert [socket.recv(timeout=5) for _ in range(1000)] == [str(n) for n in range(1000)]
    sender.join()


def test_ping_is_answered_by_the_other_end(socket):
    assert socket.ping().wait(5)


def test_the_close_code_of_the_server_reaches_the_client(socket):
    socket.send("close 4001")
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=5)
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as asked")


def test_the_client_can_close(edge):
    url = f"ws://127.0.0.1:{edge.port()}/chat"
    with connect(url, proxy=None, open_timeout=5) as socket:
        socket.close(4002, "enough")
        assert socket.protocol.close_rcvd.code == 4002


def test_an_idle_tunnel_stays_open(socket):
    time.sleep(1.0)
    socket.send("still here")
    assert socket.recv(timeout=5) == "still here"


def test_a_tunnel_is_one_line_in_the_access_log(edge):
    url = f"ws://127.0.0.1:{edge.port()}/logged"
    with connect(url, proxy=None, compression=None, open_timeout=5) as socket:
        socket.send("x" * 1000)
        socket.recv(timeout=5)
    entry = edge.log_entry(path="/logged")
    assert entry["response_code"] == "101"
    assert int(entry["bytes_received"]) >= 1000
    assert int(entry["bytes_sent"]) >= 1000


def test_bytes_sent_with_the_request_and_with_the_switch_are_not_lost(lane):
    """Neither side waits: the tunnel's first bytes travel in the packets of the handshake."""

    def script(connection):
        connection.read_all()
        connection.send(SWITCH + b"down")
        deadline = time.monotonic() + 5
        while b"up" not in connection.buffer:
            connection.more(deadline)
        connection.send(b"got up")
        connection.finish()
        connection.until_closed(5)

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head("GET / HTTP/1.1", *HANDSHAKE))
        response = wire.response()
        assert response.status == 101
        assert response.get("upgrade") == "websocket"
        assert response.get("connection").lower() == "upgrade"
        wire.send(b"up")
        deadline = time.monotonic() + 5
        while not wire.buffer.endswith(b"got up"):
            assert wire.more(deadline)
        assert bytes(wire.buffer) == b"downgot up"
        wire.buffer.clear()
        assert wire.ends()


def test_the_upstream_sees_the_upgrade(lane):
    def script(connection):
        connection.read_all()
        connection.send(SWITCH)
        connection.until_closed(5)

    lane.upstream.script = script
    with lane.wire() as wire:
        assert wire.request(lane.head("GET / HTTP/1.1", *HANDSHAKE)).status == 101
    (request,) = lane.upstream.requests
    assert request.get("upgrade") == "websocket"
    assert request.get("connection").lower() == "upgrade"
    assert request.get("sec-websocket-key") == "dGhlIHNhbXBsZSBub25jZQ=="


def test_half_close_of_the_client_passes_through_a_tunnel(lane):
    def script(connection):
        connection.read_all()
        connection.send(SWITCH)
        connection.until_closed(5)
        connection.send(b"after your end")

    lane.upstream.script = script
    with lane.wire() as wire:
        assert wire.request(lane.head("GET / HTTP/1.1", *HANDSHAKE)).status == 101
        wire.half_close()
        deadline = time.monotonic() + 5
        while wire.more(deadline):
            pass
        assert bytes(wire.buffer) == b"after your end"


def test_a_refused_upgrade_is_an_ordinary_response(lane):
    def script(connection):
        while request := connection.read_all():
            refused = request.get("upgrade")
            connection.send(ok(b"no", status=b"403 Forbidden") if refused else ok(b"next"))

    lane.upstream.script = script
    with lane.wire() as wire:
        response = wire.request(lane.head("GET / HTTP/1.1", *HANDSHAKE))
        assert (response.status, response.body) == (403, b"no")
        assert wire.request(lane.head()).status == 200


def test_a_request_hidden_behind_a_refused_upgrade_is_a_request(lane):
    """It is not tunnelled before the upstream agreed (RFC 9110 section 7.8)."""
    seen = []

    def script(connection):
        while request := connection.read_all():
            seen.append(request)
            connection.send(ok(b"no", status=b"403 Forbidden"))

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head("GET / HTTP/1.1", *HANDSHAKE) + lane.head("GET /hidden HTTP/1.1"))
        assert wire.response().status == 403
        assert wire.response().status == 403
    hidden = [r for r in seen if r.target == "/hidden"]
    assert len(hidden) == 1 and hidden[0].get("x-request-id")


def test_a_websocket_on_a_stream_of_http2_reaches_a_server_that_speaks_http1(edge):
    """RFC 8441: the client asks by extended CONNECT once the gateway has said that it may."""
    with H2Wire(edge.port()) as wire:
        while not wire.h2.remote_settings.enable_connect_protocol:
            assert wire.read()
        head = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http")]
        head += [(":authority", "any.test"), (":path", "/chat"), ("sec-websocket-version", "13")]
        number = wire.ask(*head, plain=False, end=False)
        other = wire.ask(path="/plain")
        stream = wire.streams[number]
        while not stream.status:
            assert wire.read()
        assert stream.status == 200
        for message in (b"hello", b"w" * 60_000):
            wire.data(number, Frame(Opcode.TEXT, message).serialize(mask=True))
            wanted = Frame(Opcode.TEXT, message).serialize(mask=False)
            while len(stream.body) < len(wanted):
                assert wire.read()
            assert bytes(stream.body) == wanted
            stream.body.clear()
        # The server of this test speaks nothing but WebSocket: it says so to the other stream.
        assert wire.finish(other).status == 426
        wire.data(number, b"", end=True)
        assert wire.finish(number).over


def test_a_full_window_before_the_switch_is_opened_with_it(lane):
    """A client on a stream that has said all it may waits to hear that somebody has heard it."""
    full = threading.Event()

    def script(connection):
        key = connection.read_request().get("sec-websocket-key")
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        assert full.wait(10)
        accept = base64.b64encode(digest)
        connection.send(SWITCH.replace(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", accept))
        connection.until_closed(10)
        connection.send(b"%d" % len(connection.buffer))

    lane.upstream.script = script
    with H2Wire(lane.gateway.port()) as wire:
        while not wire.h2.remote_settings.enable_connect_protocol:
            assert wire.read()
        head = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http")]
        head += [(":authority", lane.host), (":path", "/"), ("sec-websocket-version", "13")]
        number = wire.ask(*head, plain=False, end=False)
        window = wire.h2.local_flow_control_window(number)
        wire.data(number, b"x" * window)
        full.set()
        wire.data(number, b"y" * 1000, end=True)
        stream = wire.finish(number)
        assert (stream.status, bytes(stream.body)) == (200, b"%d" % (window + 1000)), stream
