"""TCP servers: bytes in both directions, weights by connection (tutorial scenarios T1 and T2)."""

import socket
import threading
import time

import pytest

from harness import resources as r
from harness.upstream import Upstream
from harness.waiting import wait_for


def prefixed(word):
    """tcp-echo: answers every line with a word before it."""

    def script(connection):
        while connection.more(time.monotonic() + 20):
            data = bytes(connection.buffer)
            connection.buffer.clear()
            connection.send(word + b" " + data)

    return script


def tcp_objects(v1, v2, weights):
    """Y9 of the tutorials, with the endpoints of a ServiceEntry behind it."""
    route = [
        r.destination("tcp-echo.test", port=9000, subset=subset, weight=weight)
        for subset, weight in zip(("v1", "v2"), weights)
        if weight
    ]
    tcp = [{"match": [{"port": 31400}], "route": route}]
    return [
        r.gateway("tcp-echo-gateway", port=31400, protocol="TCP"),
        r.service_entry(
            "tcp-echo.test",
            v1,
            v2,
            port=9000,
            protocol="TCP",
            labels=[{"version": "v1"}, {"version": "v2"}],
        ),
        r.destination_rule("tcp-echo.test", {v: {"version": v} for v in ("v1", "v2")}),
        r.virtual_service("tcp-echo", gateways=["tcp-echo-gateway"], tcp=tcp),
    ]


@pytest.fixture(scope="module")
def echoes():
    with Upstream("one", prefixed(b"one")) as one, Upstream("two", prefixed(b"two")) as two:
        yield one, two


def say(gateway, data=b"hello\n"):
    with socket.create_connection(("127.0.0.1", gateway.port(31400)), timeout=5) as sock:
        sock.sendall(data)
        return sock.recv(1000)


def start(started, echoes, weights):
    objects = tcp_objects(echoes[0].port, echoes[1].port, weights)
    return started(*objects, ports=(31400,))


def test_t1_all_connections_go_to_v1(started, echoes):
    gateway = start(started, echoes, (100, 0))
    assert {say(gateway) for _ in range(20)} == {b"one hello\n"}


def test_t2_a_fifth_of_the_connections_goes_to_v2(started, echoes):
    gateway = start(started, echoes, (80, 20))
    two = sum(say(gateway).startswith(b"two ") for _ in range(400))
    assert 40 <= two <= 120, two  # five standard deviations


def test_a_server_that_speaks_first_is_heard(started):
    def script(connection):
        connection.send(b"220 welcome\r\n")
        connection.until_closed(5)

    with Upstream("smtp", script) as smtp:
        gateway = started(*tcp_objects(smtp.port, smtp.port, (1, 0)), ports=(31400,))
        with socket.create_connection(("127.0.0.1", gateway.port(31400)), timeout=5) as sock:
            assert sock.recv(100) == b"220 welcome\r\n"


def test_half_close_passes_through(started):
    def script(connection):
        connection.until_closed(5)
        connection.send(b"%d bytes" % len(connection.buffer))

    with Upstream("count", script) as count:
        gateway = started(*tcp_objects(count.port, count.port, (1, 0)), ports=(31400,))
        with socket.create_connection(("127.0.0.1", gateway.port(31400)), timeout=5) as sock:
            sock.sendall(b"x" * 100_000)
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while data := sock.recv(1000):
                answer += data
            assert answer == b"100000 bytes"


def test_large_streams_pass_both_ways_at_once(started):
    def script(connection):
        deadline = time.monotonic() + 30
        while connection.more(deadline):
            data = bytes(connection.buffer)
            connection.buffer.clear()
            connection.send(data)

    total = 30 << 20
    with Upstream("mirror", script) as mirror:
        gateway = started(*tcp_objects(mirror.port, mirror.port, (1, 0)), ports=(31400,))
        with socket.create_connection(("127.0.0.1", gateway.port(31400)), timeout=20) as sock:
            sender = threading.Thread(target=lambda: sock.sendall(b"m" * total))
            sender.start()
            got = 0
            while got < total:
                data = sock.recv(262144)
                assert data and data.count(b"m") == len(data)
                got += len(data)
            sender.join()


def test_a_refused_destination_closes_the_connection(started):
    gone = Upstream("gone")
    gone.stop()
    gateway = started(*tcp_objects(gone.port, gone.port, (1, 0)), ports=(31400,))
    with socket.create_connection(("127.0.0.1", gateway.port(31400)), timeout=5) as sock:
        try:
            assert sock.recv(100) == b""
        except ConnectionResetError:
            pass
    line = wait_for(gateway.log_lines, "a line")[0]
    assert line.split('"')[1] == "- - -"
    assert " UF" in line


def test_connections_are_counted(started, echoes):
    gateway = start(started, echoes, (100, 0))
    for _ in range(5):
        say(gateway)
    wait_for(
        lambda: "istio_tcp_connections_closed_total" in gateway.admin("/stats/prometheus").text,
        "istio_tcp_connections_closed_total",
    )
    assert "istio_tcp_sent_bytes_total" in gateway.admin("/stats/prometheus").text
