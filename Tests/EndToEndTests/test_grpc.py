"""gRPC through the gateway with the real library on both sides: every kind of call, in the clear
and over TLS, statuses and metadata both ways, and the proxy's own answers as gRPC's clients read
them.
"""

import concurrent.futures
import threading
import time

import grpc
import pytest

from harness import certificates as c
from harness import exposition
from harness import resources as r
from harness.gateway import Gateway
from harness.ports import free_port
from harness.waiting import wait_for

SERVICE = "test.Echo"


class Echo(grpc.GenericRpcHandler):
    """One method a kind of call; messages are plain bytes."""

    def __init__(self):
        self.cancelled = threading.Event()

    def service(self, details):
        kinds = {
            "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            "Many": grpc.unary_stream_rpc_method_handler(self.many),
            "Sum": grpc.stream_unary_rpc_method_handler(self.sum),
            "Chat": grpc.stream_stream_rpc_method_handler(self.chat),
            "Endless": grpc.unary_stream_rpc_method_handler(self.endless),
        }
        return kinds.get(details.method.rpartition("/")[2])

    def unary(self, message, context):
        if message == b"fail":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not so: 100 % \u00e4")
        sent = dict(context.invocation_metadata())
        context.send_initial_metadata((("x-initial", sent.get("x-ask", "")),))
        context.set_trailing_metadata((("x-trailing", "t"), ("x-data-bin", b"\x00\xff")))
        return message

    def many(self, message, context):
        for number in range(int(message)):
            yield b"%d" % number

    def sum(self, messages, context):
        return b"%d" % sum(len(message) for message in messages)

    def chat(self, messages, context):
        for message in messages:
            yield message

    def endless(self, message, context):
        context.add_callback(self.cancelled.set)
        yield b"first"
        while context.is_active():
            time.sleep(0.02)


class Server:
    def __init__(self, credentials=None, **options):
        self.echo = Echo()
        self.server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(16), options=list(options.items())
        )
        self.server.add_generic_rpc_handlers((self.echo,))
        where = "127.0.0.1:0"
        if credentials:
            self.port = self.server.add_secure_port(where, credentials)
        else:
            self.port = self.server.add_insecure_port(where)
        self.server.start()

    def stop(self):
        self.server.stop(None).wait()


class Client:
    """The calls of Echo on one channel."""

    def __init__(self, channel):
        self.channel = channel
        path = f"/{SERVICE}/"
        self.unary = channel.unary_unary(path + "Unary")
        self.many = channel.unary_stream(path + "Many")
        self.sum = channel.stream_unary(path + "Sum")
        self.chat = channel.stream_stream(path + "Chat")
        self.endless = channel.unary_stream(path + "Endless")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return c.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module", params=["clear", "tls"])
def world(request, tmp_path_factory, authority):
    """(client, server, gateway); with `tls` both hops are encrypted."""
    folder = tmp_path_factory.mktemp(f"grpc-{request.param}")
    secure = request.param == "tls"
    pair = authority.issue(f"echo-{request.param}", "echo.test")
    credentials = None
    if secure:
        credentials = grpc.ssl_server_credentials(
            [(pair.key.read_bytes(), pair.certificate.read_bytes())]
        )
    server = Server(credentials)
    objects = [
        r.service_entry("echo.test", server.port, protocol="GRPC"),
        r.service_entry("dead.test", free_port(), protocol="GRPC"),
        r.virtual_service(
            "all",
            r.rule("dead.test", match=r.uri("prefix", "/test.Dead/")),
            r.rule("echo.test", match=r.uri("prefix", "/test.Echo/")),
        ),
    ]
    if secure:
        objects += [
            c.gateway(c.server(["*"], mode="SIMPLE", credentialName="edge")),
            c.secret("edge", pair),
            r.destination_rule(
                "echo.test",
                {},
                tls={"mode": "SIMPLE", "caCertificates": str(authority.certificate)},
            ),
        ]
    else:
        objects.append(r.gateway(protocol="GRPC"))
    number = 443 if secure else 80
    with Gateway(folder, objects, ports=(number,)) as gateway:
        target = f"127.0.0.1:{gateway.port(number)}"
        if secure:
            channel = grpc.secure_channel(
                target,
                grpc.ssl_channel_credentials(authority.certificate.read_bytes()),
                options=[("grpc.ssl_target_name_override", "echo.test")],
            )
        else:
            channel = grpc.insecure_channel(
                target, options=[("grpc.default_authority", "echo.test")]
            )
        with channel:
            yield Client(channel), server, gateway
    server.stop()


def test_unary_with_metadata(world):
    client, _, _ = world
    answer, call = client.unary.with_call(b"hello", metadata=(("x-ask", "q"),), timeout=10)
    assert answer == b"hello"
    assert ("x-initial", "q") in call.initial_metadata()
    trailing = dict(call.trailing_metadata())
    assert (trailing["x-trailing"], trailing["x-data-bin"]) == ("t", b"\x00\xff")


def test_a_large_message_both_ways(world):
    client, _, _ = world
    message = bytes(3_000_000)
    assert client.unary(message, timeout=30) == message


def test_server_streaming(world):
    client, _, _ = world
    assert list(client.many(b"500", timeout=30)) == [b"%d" % n for n in range(500)]
    assert list(client.many(b"0", timeout=10)) == []


def test_client_streaming(world):
    client, _, _ = world
    assert client.sum(iter([b"x" * 1000] * 300), timeout=30) == b"300000"
    assert client.sum(iter([]), timeout=10) == b"0"


def test_both_sides_stream_and_wait_for_each_other(world):
    client, _, _ = world
    ready = threading.Semaphore(0)

    def questions():
        for number in range(50):
            yield b"%d" % number
            assert ready.acquire(timeout=10)

    for number, answer in enumerate(client.chat(questions(), timeout=30)):
        assert answer == b"%d" % number
        ready.release()


def test_statuses_and_their_messages_come_through(world):
    client, _, gateway = world
    with pytest.raises(grpc.RpcError) as failed:
        client.unary(b"fail", timeout=10)
    assert failed.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert failed.value.details() == "not so: 100 % \u00e4"


def test_a_method_nobody_has_is_answered_by_trailers_alone(world):
    client, _, _ = world
    with pytest.raises(grpc.RpcError) as failed:
        client.channel.unary_unary(f"/{SERVICE}/Missing")(b"", timeout=10)
    assert failed.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_client_that_cancels_is_felt_by_the_server(world):
    client, server, _ = world
    server.echo.cancelled.clear()
    call = client.endless(b"", timeout=30)
    assert next(call) == b"first"
    call.cancel()
    assert server.echo.cancelled.wait(10)


def test_many_calls_at_once_share_connections(world):
    client, _, _ = world
    calls = [client.unary.future(b"%d" % n, timeout=30) for n in range(300)]
    assert [call.result() for call in calls] == [b"%d" % n for n in range(300)]


def test_the_proxys_own_answers_are_grpc_statuses(world):
    client, _, _ = world
    wanted = {
        "/test.Nowhere/Unary": (grpc.StatusCode.UNIMPLEMENTED, ""),
        "/test.Dead/Unary": (
            grpc.StatusCode.UNAVAILABLE,
            "upstream connect error or disconnect/reset before headers. "
            "retried and the latest reset reason: "
            "remote connection failure, transport failure reason: delayed connect error: "
            "Connection refused",
        ),
    }
    for path, (code, details) in wanted.items():
        with pytest.raises(grpc.RpcError) as failed:
            client.channel.unary_unary(path)(b"", timeout=10)
        assert (failed.value.code(), failed.value.details()) == (code, details), path


def test_metrics_tell_calls_from_requests(world):
    client, _, gateway = world
    client.unary(b"counted", timeout=10)
    for path, message in (
        ("/test.Echo/Unary", b"fail"),
        ("/test.Nowhere/Unary", b""),
        ("/test.Dead/Unary", b""),
    ):
        with pytest.raises(grpc.RpcError):
            client.channel.unary_unary(path)(message, timeout=10)

    def counts():
        page = exposition.parse(gateway.metrics("/stats/prometheus").text)

        def count(status):
            return exposition.values(
                page,
                "istio_requests_total",
                request_protocol="grpc",
                grpc_response_status=status,
                response_code="200",
            )

        return all(count(status) for status in ("0", "9", "12", "14"))

    wait_for(counts, "calls counted by their status")


def test_a_server_that_leaves_politely_loses_no_call(tmp_path):
    """Servers end connections by age (GOAWAY) all the time; no client may notice."""
    server = Server(**{"grpc.max_connection_age_ms": 150, "grpc.max_connection_age_grace_ms": 2000})
    objects = [
        r.gateway(protocol="GRPC"),
        r.service_entry("echo.test", server.port, protocol="GRPC"),
        r.virtual_service("all", r.rule("echo.test")),
    ]
    with Gateway(tmp_path, objects) as gateway:
        with grpc.insecure_channel(f"127.0.0.1:{gateway.port()}") as channel:
            unary = Client(channel).unary
            end = time.monotonic() + 3
            calls = 0
            while time.monotonic() < end:
                assert unary(b"x", timeout=10) == b"x"
                calls += 1
            assert calls > 50
    server.stop()
