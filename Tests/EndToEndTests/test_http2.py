"""HTTP/2 in the clear, as gRPC clients inside a network speak it (RFC 9113), in front of HTTP/1.1.

What is harmless in HTTP/2's length-prefixed fields can become a line of its own in HTTP/1.1; the
table of downgrades below is the one attackers use.
"""

import hashlib
import json
import os
import re
import signal
import threading
import time

import pytest

from harness import resources as r
from harness.binary import curl
from harness.gateway import Gateway
from harness.h2wire import H2Wire
from harness.upstream import Upstream, answers, echo, ok, once
from harness.waiting import wait_for

PRIOR = "--http2-prior-knowledge"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def frames_of(data):
    """(type, stream, payload) of each."""
    at = 0
    while at + 9 <= len(data):
        end = at + 9 + int.from_bytes(data[at : at + 3])
        yield data[at + 3], int.from_bytes(data[at + 5 : at + 9]), bytes(data[at + 9 : end])
        at = end


# :method GET, :scheme http, :path /, :authority a (literal, not indexed)
HEAD = b"\x82\x86\x84\x01\x01a"


@pytest.fixture(scope="module")
def upstream():
    with Upstream("h1", echo) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def edge(tmp_path_factory, upstream):
    """One worker, so that what reaches the upstream for one request does so before the next."""
    objects = [
        r.gateway(port=80, protocol="HTTP2"),
        r.service_entry("b.test", upstream.port),
        r.virtual_service("all", r.rule("b.test")),
    ]
    with Gateway(tmp_path_factory.mktemp("h2"), objects, workers=1) as gateway:
        yield gateway


@pytest.fixture
def wire(edge):
    with H2Wire(edge.port()) as wire:
        yield wire


@pytest.fixture
def scripted(tmp_path):
    """A gateway before an upstream with a script of the test's."""
    running = []

    def start(script):
        upstream = Upstream("scripted", script).start()
        gateway = Gateway(tmp_path, r.one_upstream(upstream.port), workers=1).start()
        running.append((upstream, gateway))
        return gateway, upstream

    yield start
    for upstream, gateway in running:
        gateway.stop()
        upstream.stop()


def fetch(edge, path="/", *arguments):
    """curl over HTTP/2: (status, body)."""
    run = curl(PRIOR, "-w", "\n%{http_code} %{http_version}", *arguments, edge.url(path))
    assert run.code == 0, run.err
    body, _, last = run.out.rpartition("\n")
    status, version = last.split()
    assert version == "2"
    return int(status), body


def test_curl_is_served(edge):
    status, body = fetch(edge, "/a/b?c=d")
    seen = json.loads(body)
    assert (status, seen["method"], seen["target"]) == (200, "GET", "/a/b?c=d")


def test_the_authority_becomes_the_host(edge):
    _, body = fetch(edge, "/", "-H", "Host: h2.test")
    seen = {n.lower(): v for n, v in json.loads(body)["headers"]}
    assert seen["host"] == "h2.test"
    assert seen["x-forwarded-proto"] == "http"
    assert "x-request-id" in seen


def test_http_1_is_served_on_the_same_port(edge):
    assert edge.get().status == 200


def test_curl_uploads(edge, tmp_path):
    file = tmp_path / "upload"
    file.write_bytes(os.urandom(3_000_000))
    status, body = fetch(edge, "/up", "-T", file)
    assert status == 200
    assert json.loads(body)["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_curl_downloads(scripted, tmp_path):
    data = os.urandom(1 << 20) * 8
    gateway, _ = scripted(answers(ok(data)))
    file = tmp_path / "download"
    run = curl(PRIOR, "-o", file, gateway.url())
    assert run.code == 0, run.err
    assert file.read_bytes() == data


def test_head_has_no_body(edge):
    run = curl(PRIOR, "-I", edge.url())
    assert run.code == 0 and run.out.startswith("HTTP/2 200"), run.err


def test_a_path_nobody_serves_is_404(tmp_path):
    with Gateway(tmp_path, [r.gateway()]) as gateway:
        assert fetch(gateway) == (404, "")


def test_field_names_go_down_in_lower_case(scripted):
    gateway, _ = scripted(answers(ok(b"", b"X-MiXeD: 1", b"Connection: X-Gone", b"X-Gone: 1")))
    with H2Wire(gateway.port()) as wire:
        stream = wire.finish(wire.ask())
    names = [name for name, _ in stream.fields]
    assert "x-mixed" in names
    assert not {"connection", "x-gone", "transfer-encoding", "keep-alive"} & set(names)
    assert stream.get("server") == "isthmus"


def test_a_hundred_streams_share_a_connection(wire):
    numbers = [wire.ask(path=f"/stream/{n}") for n in range(100)]
    streams = wire.finish(*numbers)
    for n, stream in enumerate(streams):
        assert stream.status == 200
        assert json.loads(stream.body)["target"] == f"/stream/{n}"


def test_a_slow_stream_does_not_hold_up_the_others(scripted):
    def script(connection):
        while request := connection.read_all():
            if request.target == "/slow":
                time.sleep(1)
            connection.send(ok(request.target.encode()))

    gateway, _ = scripted(script)
    with H2Wire(gateway.port()) as wire:
        slow = wire.ask(path="/slow")
        begin = time.monotonic()
        assert wire.finish(wire.ask(path="/fast")).body == b"/fast"
        assert time.monotonic() - begin < 0.9
        assert wire.finish(slow).body == b"/slow"


def test_bodies_of_many_streams_are_kept_apart(wire):
    numbers = [wire.ask(method="POST", end=False) for _ in range(20)]
    for part in range(5):
        for number in numbers:
            wire.data(number, b"%d," % number * 100, end=part == 4)
    for number, stream in zip(numbers, wire.finish(*numbers)):
        seen = json.loads(stream.body)
        assert seen["sha256"] == hashlib.sha256(b"%d," % number * 500).hexdigest()


def test_trailers_go_up_and_down(scripted):
    def script(connection):
        request = connection.read_all()
        sums = dict((n.lower(), v) for n, v in request.trailers)
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        connection.send(b"2\r\nok\r\n0\r\nX-Sum: %s\r\n\r\n" % sums[b"x-sum"])
        connection.until_closed(2)

    gateway, _ = scripted(script)
    with H2Wire(gateway.port()) as wire:
        number = wire.ask(("te", "trailers"), method="POST", end=False)
        wire.data(number, b"hello")
        wire.trailers(number, ("x-sum", "5"))
        stream = wire.finish(number)
    assert bytes(stream.body) == b"ok"
    assert ("x-sum", "5") in stream.trailers


def test_cookies_in_crumbs_become_one_field(wire):
    stream = wire.finish(wire.ask(("cookie", "a=1"), ("cookie", "b=2")))
    fields = [v for n, v in json.loads(stream.body)["headers"] if n.lower() == "cookie"]
    assert fields == ["a=1; b=2"]


def test_a_response_cut_short_upstream_is_a_reset_stream(scripted):
    gateway, _ = scripted(once(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"))
    with H2Wire(gateway.port()) as wire:
        stream = wire.finish(wire.ask())
        assert not stream.ended
        assert stream.reset is not None


def test_the_connection_lives_on_after_a_reset_stream(scripted):
    def script(connection):
        request = connection.read_all()
        if request.target == "/cut":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            return
        while request:
            connection.send(ok(b"fine"))
            request = connection.read_all()

    gateway, _ = scripted(script)
    with H2Wire(gateway.port()) as wire:
        assert wire.finish(wire.ask(path="/cut")).reset is not None
        assert wire.finish(wire.ask(path="/next")).body == b"fine"


def test_a_broken_response_is_a_502(scripted):
    gateway, _ = scripted(once(b"junk\r\n\r\n"))
    assert fetch(gateway)[0] == 502


def test_a_reader_that_gives_no_window_stops_the_upstream(scripted):
    total = 64 << 20

    def script(connection):
        connection.read_all()
        connection.upstream.sent = 0
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        while connection.upstream.sent < total:
            connection.send(b"w" * 65536)
            connection.upstream.sent += 65536

    gateway, upstream = scripted(script)
    floor = gateway.child.memory()
    with H2Wire(gateway.port()) as wire:
        number = wire.ask()
        end = time.monotonic() + 2
        while time.monotonic() < end and len(wire.streams[number].body) < 65_535:
            wire.read(2, acknowledge=False)
        before = -1
        while before != upstream.sent:
            before = upstream.sent
            time.sleep(0.3)
        assert upstream.sent < total / 2
        assert gateway.child.memory() - floor < 16 << 20


def test_a_client_that_resets_takes_its_request_with_it(scripted):
    left = []

    def script(connection):
        connection.read_all()
        left.append(connection.until_closed(5))

    gateway, upstream = scripted(script)
    with H2Wire(gateway.port()) as wire:
        number = wire.ask()
        upstream.wait_for_requests(1)
        wire.h2.reset_stream(number, 8)
        wire.flush()
        wait_for(lambda: left == [True], "the request upstream to be given up")
    assert gateway.log_entry()["response_flags"] in ("DC", "DR")


def test_the_log_tells_the_version(edge):
    fetch(edge, "/logged-2")
    assert edge.log_entry(path="/logged-2")["protocol"] == "HTTP/2"


def test_a_client_that_gives_up_does_no_harm(edge):
    curl(PRIOR, "--limit-rate", "10", edge.url(), seconds=1)
    assert fetch(edge)[0] == 200


def test_a_drain_lets_streams_finish_and_says_goaway(scripted):
    arrived, release = threading.Event(), threading.Event()

    def script(connection):
        connection.read_all()
        arrived.set()
        release.wait(10)
        connection.send(ok(b"finished"))
        connection.until_closed(2)

    gateway, _ = scripted(script)
    with gateway.wire() as wire:
        wire.send(PREFACE + frame(4, 0, 0) + frame(1, 5, 1, HEAD))
        assert arrived.wait(5)
        gateway.child.send_signal(signal.SIGTERM)
        wait_for(lambda: not gateway.is_ready(), "readiness to end")
        release.set()
        deadline = time.monotonic() + 5
        while wire.more(deadline):
            pass
    seen = list(frames_of(wire.buffer))
    assert b"".join(p for kind, stream, p in seen if (kind, stream) == (0, 1)) == b"finished"
    errors = [p[4:8] for kind, _, p in seen if kind == 7]
    assert errors and set(errors) == {bytes(4)}, "no GOAWAY with NO_ERROR"
    assert not [1 for kind, _, _ in seen if kind == 3], "the stream was reset"
    gateway.expect_end(0)


# Downgrades: fields that would be something else as HTTP/1.1.

SMUGGLED = "GET /hidden HTTP/1.1"
DOWNGRADES = {
    "CRLF in a value": [("x-a", f"b\r\n\r\n{SMUGGLED}")],
    "LF in a value": [("x-a", f"b\n{SMUGGLED}")],
    "CR in a value": [("x-a", "b\rc")],
    "a NUL in a value": [("x-a", "b\0c")],
    "CRLF in a name": [("x-a: b\r\nx-b", "c")],
    "a colon in a name": [("x-a: b", "c")],
    "a space in a name": [("x a", "b")],
    "capitals in a name": [("X-A", "b")],
    "an empty name": [("", "b")],
    "a control character in a name": [("x\x01a", "b")],
    "transfer-encoding": [("transfer-encoding", "chunked")],
    "connection": [("connection", "x-a"), ("x-a", "b")],
    "keep-alive": [("keep-alive", "1")],
    "upgrade": [("upgrade", "websocket")],
    "proxy-connection": [("proxy-connection", "keep-alive")],
    "te with something else": [("te", "gzip")],
    "two lengths": [("content-length", "0"), ("content-length", "5")],
    "a length that is a word": [("content-length", "five")],
    "a list of lengths": [("content-length", "0, 5")],
    "a host that differs": [("host", "other.test")],
    "a pseudo field nobody knows": [(":hidden", "1")],
}


@pytest.mark.parametrize("fields", [pytest.param(v, id=k) for k, v in DOWNGRADES.items()])
def test_a_field_does_not_survive_the_downgrade(edge, upstream, fields):
    upstream.forget()
    with H2Wire(edge.port()) as wire:
        stream = wire.finish(wire.ask(*fields))
        refused = stream.reset is not None or wire.closed or stream.status in (400, 431, 501)
        assert refused, (stream.status, bytes(stream.body))
    assert edge.get("/sentinel").status == 200
    assert bytes(upstream.received).startswith(b"GET /sentinel HTTP/1.1\r\n")


PSEUDO = {
    "a space in the path": [(":method", "GET"), (":path", "/a b HTTP/1.1")],
    "CRLF in the path": [(":method", "GET"), (":path", f"/ HTTP/1.1\r\nx: y\r\n\r\n{SMUGGLED}")],
    "a tab in the path": [(":method", "GET"), (":path", "/a\tb")],
    "a NUL in the path": [(":method", "GET"), (":path", "/a\0b")],
    "an empty path": [(":method", "GET"), (":path", "")],
    "a path without a slash": [(":method", "GET"), (":path", "a")],
    "an absolute path": [(":method", "GET"), (":path", "http://other.test/")],
    "a method with a space": [(":method", "GET / HTTP/1.1"), (":path", "/")],
    "a method with CRLF": [(":method", f"{SMUGGLED}\r\nx: y\r\n\r\nGET"), (":path", "/")],
    "an empty method": [(":method", ""), (":path", "/")],
    "no method": [(":path", "/")],
    "no path": [(":method", "GET")],
    "two paths": [(":method", "GET"), (":path", "/"), (":path", "/hidden")],
    "two methods": [(":method", "GET"), (":method", "POST"), (":path", "/")],
}


@pytest.mark.parametrize("fields", [pytest.param(v, id=k) for k, v in PSEUDO.items()])
def test_a_pseudo_field_does_not_survive_the_downgrade(edge, upstream, fields):
    upstream.forget()
    plain = [(":scheme", "http"), (":authority", "any.test")]
    with H2Wire(edge.port()) as wire:
        stream = wire.finish(wire.ask(*plain, *fields, plain=False))
        refused = stream.reset is not None or wire.closed or stream.status in (400, 501)
        assert refused, (stream.status, bytes(stream.body))
    assert edge.get("/sentinel").status == 200
    assert bytes(upstream.received).startswith(b"GET /sentinel HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "authority",
    ["any.test\r\nx: y", "any.test other.test", "any.test/path", "user@any.test", "", "a\x01b"],
    ids=["CRLF", "a space", "a slash", "user information", "empty", "a control character"],
)
def test_an_authority_does_not_survive_the_downgrade(edge, upstream, authority):
    upstream.forget()
    with H2Wire(edge.port()) as wire:
        stream = wire.finish(wire.ask(authority=authority))
        assert stream.reset is not None or wire.closed or stream.status == 400, stream.status
    assert edge.get("/sentinel").status == 200
    assert bytes(upstream.received).startswith(b"GET /sentinel HTTP/1.1\r\n")


@pytest.mark.parametrize("told, sent", [(10, 5), (5, 10), (0, 5), (5, 0)])
def test_a_length_that_lies_is_no_request(edge, upstream, told, sent):
    """RFC 9113 section 8.1.1: what DATA frames hold must be what content-length says. A length of
    0 is a whole request before the first DATA frame: it may have gone on, and been answered, as
    just that."""
    before = len(upstream.requests)
    with H2Wire(edge.port()) as wire:
        number = wire.ask(("content-length", str(told)), method="POST", end=sent == 0)
        if sent:
            try:
                wire.data(number, b"x" * sent, end=True)
            except OSError:
                pass
        stream = wire.finish(number)
        refused = stream.reset is not None or wire.closed or stream.status == 400
        assert refused or told == 0, stream.status
    assert edge.get("/sentinel").status == 200
    seen = [(q.target, q.body) for q in upstream.requests[before:]]
    seen.remove(("/sentinel", b""))  # Another connection, so it may have overtaken the other.
    assert seen in ([], [("/", b"")] if told == 0 else [])


# Floods.


def settled(edge, seconds=5.0):
    """The gateway still answers, and does so at once."""
    begin = time.monotonic()
    assert fetch(edge)[0] == 200
    assert time.monotonic() - begin < seconds


def pour(edge, frames):
    """Sends frames until the gateway hangs up; how many bytes it took."""
    taken = 0
    with edge.wire() as wire:
        wire.send(PREFACE + frame(4, 0, 0))
        try:
            for data in frames:
                wire.send(data)
                taken += len(data)
        except OSError:
            pass
        wire.sock.settimeout(2)
        try:
            while wire.sock.recv(65536):
                pass
            hung_up = True
        except TimeoutError:
            hung_up = False
        except OSError:
            hung_up = True
    return taken, hung_up


def test_a_flood_of_resets_ends_the_connection(edge):
    """CVE-2023-44487: streams opened and cancelled at once, hundred thousand of them."""
    frames = (
        frame(1, 5, 2 * n + 1, HEAD) + frame(3, 0, 2 * n + 1, b"\0\0\0\x08")
        for n in range(100_000)
    )
    _, hung_up = pour(edge, frames)
    assert hung_up
    settled(edge)


def test_a_head_that_never_ends_is_cut_off(edge):
    """CVE-2024-27316: CONTINUATION frames without END_HEADERS."""
    floor = edge.child.memory()

    def frames():
        yield frame(1, 0, 1, HEAD)
        for _ in range(20_000):
            yield frame(9, 0, 1, b"\x00\x03x-a" + b"\x7f\x81\x01" + b"b" * 256)

    taken, hung_up = pour(edge, frames())
    assert hung_up
    assert taken < 4 << 20
    assert edge.child.memory() - floor < 8 << 20
    settled(edge)


def test_a_bomb_of_compressed_fields_is_refused(edge):
    """One entry of 4 KB in the table, named again ten thousand times."""
    floor = edge.child.memory()
    literal = b"\x40\x03x-a" + b"\x7f\x81\x1e" + b"b" * 4000

    def frames():
        yield frame(1, 5, 1, HEAD + literal)
        for n in range(1, 200):
            yield frame(1, 5, 2 * n + 1, HEAD + b"\xbe" * 10_000)

    pour(edge, frames())
    assert edge.child.memory() - floor < 32 << 20
    settled(edge)


@pytest.mark.parametrize(
    "data",
    [frame(6, 0, 0, b"12345678"), frame(4, 0, 0), frame(4, 0, 0, b"\0\4\0\1\0\0")],
    ids=["PING", "SETTINGS", "SETTINGS that change a window"],
)
def test_a_flood_that_asks_for_answers_cannot_fill_the_memory(edge, data):
    floor = edge.child.memory()
    pour(edge, (data * 1000 for _ in range(300)))
    assert edge.child.memory() - floor < 16 << 20
    settled(edge)


@pytest.mark.parametrize(
    "data",
    [
        frame(0, 0, 0, b"x"),
        frame(1, 4, 0, HEAD),
        frame(1, 5, 2, HEAD),
        frame(3, 0, 1, b"\0\0\0\0"),
        frame(8, 0, 0, b"\0\0\0\0"),
        frame(8, 0, 0, b"\x7f\xff\xff\xff"),
        frame(6, 0, 0, b"short"),
        frame(4, 0, 0, b"odd"),
        frame(5, 4, 1, b"\0\0\0\2" + HEAD),
        frame(0, 0, 99, b"x"),
        b"\xff\xff\xff" + b"\0" * 6,
        b"\xff" * 1000,
    ],
    ids=[
        "DATA on stream 0",
        "HEADERS on stream 0",
        "a stream of an even number",
        "RST_STREAM on an idle stream",
        "WINDOW_UPDATE of 0",
        "WINDOW_UPDATE beyond 2^31",
        "PING of another size",
        "SETTINGS of another size",
        "PUSH_PROMISE of a client",
        "DATA on an idle stream",
        "a frame of 16 MB",
        "garbage",
    ],
)
def test_a_connection_ends_for(edge, data):
    _, hung_up = pour(edge, [data])
    assert hung_up
    settled(edge)


def test_a_preface_that_goes_wrong_is_no_request(edge, upstream):
    upstream.forget()
    with edge.wire() as wire:
        wire.send(PREFACE[:-4] + b"XX\r\n\r\n" + b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n")
        wire.sock.settimeout(5)
        try:
            while wire.sock.recv(1000):
                pass
        except ConnectionResetError:
            pass
    assert b"hidden" not in upstream.received
    assert not re.search(rb"PRI|SM", upstream.received)
