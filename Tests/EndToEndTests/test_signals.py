"""How the gateway ends: drained on TERM and INT, at once on the second."""

import signal
import threading
import time

import pytest

from harness import resources as r
from harness.gateway import Gateway
from harness.upstream import ok
from harness.waiting import wait_for
from harness.wire import Wire

GET = b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n"


@pytest.fixture
def held(started, upstream):
    """A gateway with one request under way; `release` lets it end."""
    arrived, release = threading.Event(), threading.Event()

    def script(connection):
        while request := connection.read_all():
            if request.target == "/held":
                arrived.set()
                release.wait(20)
            connection.send(ok(b"done " + request.target.encode()))

    upstream.script = script
    gateway = started(*r.one_upstream(upstream.port))
    gateway.held = gateway.wire()
    gateway.held.send(b"GET /held HTTP/1.1\r\nHost: any.test\r\n\r\n")
    assert arrived.wait(5)
    gateway.release = release
    yield gateway
    release.set()


def refuses(gateway):
    try:
        Wire(gateway.port(), seconds=1).close()
    except OSError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_request_under_way_finish(held, number):
    held.child.send_signal(number)
    wait_for(lambda: not held.is_ready(), "readiness to end")
    held.release.set()
    response = held.held.response()
    assert (response.status, response.body) == (200, b"done /held")
    held.expect_end(0)


def test_new_connections_are_refused_while_draining(held):
    held.child.send_signal(signal.SIGTERM)
    wait_for(lambda: refuses(held), "new connections to be refused")
    held.release.set()
    assert held.held.response().status == 200
    held.expect_end(0)


def test_readiness_is_503_while_draining(held):
    held.child.send_signal(signal.SIGTERM)

    def draining():
        try:
            return held.status("/healthz/ready").status == 503
        except ConnectionRefusedError:
            pytest.fail("the status port closed before the requests under way had ended")

    wait_for(draining, "503")
    held.release.set()
    held.held.response()
    held.expect_end(0)


def test_a_connection_under_way_is_told_to_close(held):
    held.child.send_signal(signal.SIGTERM)
    wait_for(lambda: not held.is_ready(), "readiness to end")
    held.release.set()
    assert (held.held.response().get("connection") or "").lower() == "close"
    assert held.held.ends()
    held.expect_end(0)


def test_idle_connections_do_not_hold_up_the_end(started, upstream):
    gateway = started(*r.one_upstream(upstream.port))
    wires = [gateway.wire() for _ in range(20)]
    for wire in wires:
        wire.request(GET)
    begin = time.monotonic()
    gateway.child.send_signal(signal.SIGTERM)
    gateway.expect_end(0, 5)
    assert time.monotonic() - begin < 3
    assert all(wire.ends() for wire in wires)


def test_a_second_signal_ends_it_now(held):
    held.child.send_signal(signal.SIGTERM)
    wait_for(lambda: not held.is_ready(), "readiness to end")
    begin = time.monotonic()
    held.child.send_signal(signal.SIGTERM)
    held.child.wait(5)
    assert time.monotonic() - begin < 2
    held.ended = True
    held.child.assert_no_crash()


def test_it_ends_at_once_when_nothing_is_under_way(started):
    gateway = started(r.gateway())
    begin = time.monotonic()
    gateway.stop()
    assert time.monotonic() - begin < 2


def test_it_ends_by_term_even_while_starting(tmp_path):
    gateway = Gateway(tmp_path, [r.gateway()], name="early").launch()
    gateway.child.send_signal(signal.SIGTERM)
    assert gateway.child.wait(10) in (0, -signal.SIGTERM), gateway.child.tail()


def test_its_ports_are_free_after_it_ended(started, upstream):
    gateway = started(*r.one_upstream(upstream.port))
    with gateway.wire() as wire:
        wire.request(GET)
        gateway.stop()
    again = started(*r.one_upstream(upstream.port), name="again")
    assert again.get().status == 200
    assert refuses(gateway)


def test_a_client_that_vanishes_does_not_raise_a_signal(started, upstream):
    """Writing to a closed connection raises SIGPIPE, which ends whoever has not ignored it."""
    upstream.script = lambda connection: (
        connection.read_all(),
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 50_000_000),
    )
    gateway = started(*r.one_upstream(upstream.port))
    for _ in range(5):
        with gateway.wire() as wire:
            wire.send(GET)
            wire.more(time.monotonic() + 5)
    assert gateway.is_ready()
    assert gateway.child.code is None
