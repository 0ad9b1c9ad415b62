"""What one client can cost: time, memory and descriptors are bounded, whatever it does."""

import time

import pytest

from harness import resources as r
from harness.gateway import Gateway
from harness.upstream import ok
from harness.waiting import wait_for
from harness.wire import CutShort, Quiet

GET = b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n"
MB = 1 << 20


def hello():
    rule = {"directResponse": {"status": 200, "body": {"string": "hello"}}}
    return [r.gateway(), r.virtual_service("all", rule)]


def test_a_head_that_never_ends_is_408_after_30_seconds(started):
    """Both who sends nothing more and who sends a byte now and then (`version --limits`)."""
    gateway = started(*hello())
    with gateway.wire(seconds=45) as still, gateway.wire(seconds=45) as drip:
        begin = time.monotonic()
        still.send(b"GET / HTTP/1.1\r\nHost: any.test\r\nX-A: ")
        drip.send(b"GET / HTTP/1.1\r\nHost: any.test\r\nX-A: ")
        while time.monotonic() - begin < 29:
            assert drip.is_quiet(1.0), "answered before its time"
            drip.send(b"a")
        for wire in (still, drip):
            assert wire.response(seconds=5).status == 408
            assert wire.ends()
        assert 29.5 < time.monotonic() - begin < 35
        assert gateway.get().text == "hello"


def test_a_client_that_reads_nothing_cannot_fill_the_memory(started, upstream):
    """A pipeline of a million requests, and no answer is read; what the kernel holds is its own."""
    upstream.script = lambda connection: [
        connection.send(ok(b"x" * 4096)) for _ in iter(connection.read_all, None)
    ]
    gateway = started(*r.one_upstream(upstream.port), access_log=False)
    for _ in range(50):
        gateway.get()
    floor = gateway.child.memory("VmRSS")
    gateway.child.forget_peak()
    with gateway.wire() as wire:
        wire.sock.settimeout(0.5)
        sent = 0
        try:
            while sent < 1_000_000 * len(GET):
                sent += wire.sock.send(GET * 1000)
        except TimeoutError:
            pass
        assert sent < 500_000 * len(GET), "the gateway reads on without end"
        assert gateway.get().status == 200
    assert gateway.child.memory("VmHWM") - floor < 16 * MB


def test_an_endless_body_for_a_404_is_not_read_for_ever(started):
    gateway = started(r.gateway())
    with gateway.wire() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: any.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        sent = 0
        try:
            while sent < 200 * MB:
                wire.send(piece)
                sent += len(piece)
        except OSError:
            pass
        assert sent < 100 * MB, "the gateway swallows whatever comes"
        try:
            assert wire.response(seconds=5).status == 404
        except CutShort:
            pass  # the answer may be lost to a client that does not read while it sends
    assert gateway.get().status == 404


def test_two_thousand_idle_connections_cost_little(started):
    gateway = started(*hello(), access_log=False)
    with gateway.wire() as wire:
        wire.request(GET)
    before = gateway.child.memory()
    wires = [gateway.wire() for _ in range(2000)]
    for wire in wires:
        wire.send(GET)
    for wire in wires:
        assert wire.response().status == 200
    each = (gateway.child.memory() - before) / 2000
    for wire in wires:
        wire.close()
    # 0.6 KB is the budget at 10,000; at 2,000 a page more or less shows.
    assert each < 1500, f"{each:.0f} bytes for an idle connection"


def test_connections_without_a_request_cost_little(started):
    gateway = started(*hello(), access_log=False)
    gateway.get()
    before = gateway.child.memory()
    wires = [gateway.wire() for _ in range(2000)]
    assert gateway.get().text == "hello"
    each = (gateway.child.memory() - before) / 2000
    for wire in wires:
        wire.close()
    assert each < 1500, f"{each:.0f} bytes for a connection that never asked"


def connected(gateway):
    """A connection, or None where it was refused at once."""
    try:
        return gateway.wire()
    except OSError:
        return None


def test_a_gateway_out_of_descriptors_rests_and_recovers(tmp_path):
    """It neither ends nor spins, serves whom it has, and takes others when there is room again."""
    gateway = Gateway(tmp_path, hello())
    plain = gateway.command
    gateway.command = lambda: ["prlimit", "--nofile=120:120", *plain()]
    with gateway:
        first = gateway.wire()
        assert first.request(GET).text == "hello"
        wires = list(filter(None, (connected(gateway) for _ in range(200))))
        for wire in wires:
            wire.send_if_open(GET)
        time.sleep(0.3)
        before = gateway.child.cpu_seconds()
        time.sleep(1.0)
        assert gateway.child.cpu_seconds() - before < 0.3, "it spins"
        assert first.request(GET).text == "hello"
        for wire in wires:
            wire.close()

        def served():
            try:
                return gateway.get(seconds=1).text == "hello"
            except (OSError, CutShort, Quiet):
                return False

        wait_for(served, "room to be used again", 10)
        first.close()


def test_upstream_descriptors_are_bounded_too(tmp_path, upstream):
    gateway = Gateway(tmp_path, r.one_upstream(upstream.port))
    plain = gateway.command
    gateway.command = lambda: ["prlimit", "--nofile=120:120", *plain()]
    with gateway:
        wires = list(filter(None, (connected(gateway) for _ in range(90))))
        for wire in wires:
            wire.send_if_open(GET)
        statuses = []
        for wire in wires:
            try:
                statuses.append(wire.response(seconds=3).status)
            except (CutShort, Quiet, OSError):
                statuses.append(0)
            wire.close()
        assert set(statuses) <= {0, 200, 503}
        assert statuses.count(200) > 10

        def served():
            try:
                return gateway.get(seconds=1).status == 200
            except (OSError, CutShort, Quiet):
                return False

        wait_for(served, "requests to be served again", 10)


@pytest.mark.parametrize("count", [1, 10, 100])
def test_connections_that_come_and_go_leave_nothing(started, upstream, count):
    gateway = started(*r.one_upstream(upstream.port), access_log=False)
    gateway.get()

    def turn(rounds):
        for _ in range(rounds):
            wires = [gateway.wire() for _ in range(count)]
            for wire in wires:
                wire.send(GET)
            for wire in wires:
                wire.response()
                wire.close()

    turn(1000 // count)
    before = gateway.child.memory()
    turn(3000 // count)
    assert gateway.child.memory() - before < 2 * MB
