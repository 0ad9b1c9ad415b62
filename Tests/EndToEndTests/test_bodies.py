"""Bodies of any size in bounded memory, in both directions, at the pace of the slower side."""

import hashlib
import json
import threading
import time

import pytest

from harness import resources
from harness.binary import curl
from harness.upstream import ok, once
from harness.waiting import settled, wait_for

MB = 1 << 20
LARGE = 200 * MB
# What one body may cost on top of an idle gateway: buffers of both directions and some slack of
# the allocator, far below the body.
ROOM = 24 * MB


@pytest.fixture
def quiet_gateway(started, upstream):
    """A gateway of its own, warmed up, so that its memory is this test's."""
    upstream.script = once(ok(b"warm", b"Connection: close"))
    gateway = started(*resources.one_upstream(upstream.port), workers=2)
    for _ in range(50):
        gateway.get()
    gateway.child.forget_peak()
    gateway.floor = gateway.child.memory("VmRSS")
    return gateway


def grown(gateway):
    return gateway.child.memory("VmHWM") - gateway.floor


def sends(total, piece=b"0123456789abcdef" * 4096):
    """A script: answers with `total` bytes, and counts them in `upstream.sent`."""

    def script(connection):
        while connection.read_all():
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
            left = total
            while left:
                part = piece[:left]
                connection.send(part)
                left -= len(part)
                connection.upstream.sent = total - left

    return script


def swallows(connection):
    """A script: hashes a body without keeping it."""
    request = connection.read_request()
    left, digest = int(request.get("content-length")), hashlib.sha256()
    deadline = time.monotonic() + 60
    while left:
        if not connection.buffer and not connection.more(deadline):
            return
        digest.update(connection.buffer)
        left -= len(connection.buffer)
        connection.buffer.clear()
    connection.send(ok(digest.hexdigest().encode()))
    connection.until_closed(5)


def test_a_download_of_200_mb_costs_bounded_memory(quiet_gateway, upstream):
    upstream.script = sends(LARGE)
    with quiet_gateway.wire(seconds=60) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n")
        deadline = time.monotonic() + 60
        head = wire.head(deadline, "in the head")
        assert head.status == 200
        got = len(wire.buffer)
        wire.buffer.clear()
        while got < LARGE:
            assert wire.more(deadline)
            got += len(wire.buffer)
            wire.buffer.clear()
    assert got == LARGE
    assert grown(quiet_gateway) < ROOM


def test_an_upload_of_200_mb_costs_bounded_memory(quiet_gateway, upstream):
    upstream.script = swallows
    piece = b"0123456789abcdef" * 16384
    digest = hashlib.sha256()
    with quiet_gateway.wire(seconds=60) as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: any.test\r\nContent-Length: %d\r\n\r\n" % LARGE)
        for _ in range(LARGE // len(piece)):
            wire.send(piece)
            digest.update(piece)
        response = wire.response(seconds=60)
    assert response.text == digest.hexdigest()
    assert grown(quiet_gateway) < ROOM


def test_a_reader_that_stops_stops_the_upstream(quiet_gateway, upstream):
    """Nothing is read: the upstream is held back after the buffers between are full."""
    upstream.sent = 0
    upstream.script = sends(LARGE)
    with quiet_gateway.wire(seconds=60) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n")
        wait_for(lambda: upstream.sent, "the first bytes", 20)
        stalled_at = settled(lambda: upstream.sent)
        assert 0 < stalled_at < LARGE / 4, "the upstream was never held back"
        assert grown(quiet_gateway) < ROOM
        response = wire.response(seconds=60)
    assert len(response.body) == LARGE


def test_an_upstream_that_stops_reading_stops_the_client(quiet_gateway, upstream):
    go = threading.Event()

    def script(connection):
        go.wait(30)
        swallows(connection)

    upstream.script = script
    sent = 0
    total = 64 * MB
    with quiet_gateway.wire(seconds=60) as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: any.test\r\nContent-Length: %d\r\n\r\n" % total)
        wire.sock.settimeout(0.5)
        piece = b"x" * 65536
        try:
            while sent < total:
                sent += wire.sock.send(piece)
        except TimeoutError:
            pass
        assert sent < total / 2, "the client was never held back"
        assert grown(quiet_gateway) < ROOM
        go.set()
        wire.sock.settimeout(30)
        while sent < total:
            sent += wire.sock.send(piece[: total - sent])
        response = wire.response(seconds=30)
    assert response.text == hashlib.sha256(b"x" * total).hexdigest()


def test_fifty_slow_readers_cost_bounded_memory(quiet_gateway, upstream):
    """And an honest client is served at once all the while."""
    big = b"b" * 8 * MB

    def script(connection):
        request = connection.read_all()
        connection.send(ok(b"quick" if request.target == "/quick" else big))
        connection.until_closed(5)

    upstream.script = script
    before = len(upstream.requests)
    wires = [quiet_gateway.wire(seconds=30) for _ in range(50)]
    for wire in wires:
        wire.send(b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n")
    upstream.wait_for_requests(before + 50, 15)
    settled(quiet_gateway.child.memory)
    assert grown(quiet_gateway) < 50 * MB
    begin = time.monotonic()
    assert quiet_gateway.get("/quick").body == b"quick"
    assert time.monotonic() - begin < 2
    for wire in wires:
        wire.close()


def test_memory_is_given_back_after_large_bodies(quiet_gateway, upstream):
    upstream.script = sends(16 * MB)
    for _ in range(4):
        assert len(quiet_gateway.get(seconds=30).body) == 16 * MB
    assert quiet_gateway.child.memory("VmRSS") - quiet_gateway.floor < ROOM


def test_curl_downloads_what_was_sent(lane, tmp_path):
    lane.upstream.script = sends(20 * MB)
    file = tmp_path / "download"
    run = curl("-o", file, *lane.curl_arguments())
    assert run.code == 0, run.err
    expected = hashlib.sha256(b"0123456789abcdef" * (20 * MB // 16)).hexdigest()
    assert hashlib.sha256(file.read_bytes()).hexdigest() == expected


@pytest.mark.parametrize("extra", [[], ["-H", "Transfer-Encoding: chunked"]])
def test_curl_uploads_what_it_has(lane, tmp_path, extra):
    file = tmp_path / "upload"
    file.write_bytes(bytes(range(256)) * 20_000)
    run = curl("-T", file, *extra, *lane.curl_arguments("/upload"))
    assert run.code == 0, run.err
    seen = json.loads(run.out)
    assert seen["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert seen["framing"] == ("chunked" if extra else "length")


@pytest.mark.parametrize("size", [1, 2, 1023, 4096, 65_535, 65_536, 65_537, 1_000_003])
def test_a_body_keeps_every_byte(lane, size):
    body = (b"0123456789abcdefghijklmnopqrstuvwxyz" * (size // 36 + 1))[:size]
    with lane.wire() as wire:
        wire.send(lane.head("POST / HTTP/1.1", f"Content-Length: {size}") + body)
        seen = json.loads(wire.response().body)
    assert (seen["length"], seen["sha256"]) == (size, hashlib.sha256(body).hexdigest())


def test_many_small_chunks_keep_every_byte(lane):
    pieces = [bytes([65 + n % 26]) * (n % 37 + 1) for n in range(2000)]
    with lane.wire() as wire:
        wire.send(lane.head("POST / HTTP/1.1", "Transfer-Encoding: chunked"))
        for begin in range(0, 2000, 50):
            part = pieces[begin : begin + 50]
            wire.send(b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in part))
        wire.send(b"0\r\n\r\n")
        seen = json.loads(wire.response().body)
    assert seen["sha256"] == hashlib.sha256(b"".join(pieces)).hexdigest()
