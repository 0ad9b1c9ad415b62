"""Load from new connections: each does a TLS handshake, asks once, and is closed by the client.

A program of its own, run on the client's core: wrk keeps its sessions by an accident of how it
reuses an SSL object, and h2load opens all its connections at once.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import ssl
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import wire  # noqa: E402

AT_ONCE = 8
SOURCES = 16


def run(
    running,
    core: int,
    seconds: float,
    resume: bool,
    requests: int | None = None,
    at_once: int = AT_ONCE,
):
    """One run on `core`: `seconds` long, or exactly `requests`."""
    from .load import Load

    argv = [
        sys.executable,
        str(Path(__file__).resolve()),
        f"--port={running.port}",
        f"--seconds={600 if requests else seconds}",
        f"--at-once={at_once}",
        *([f"--requests={requests}"] if requests else []),
        *(["--resume"] if resume else []),
    ]
    before = running.child.cpu_seconds()
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        env=running.tls.environment(),
        timeout=630 if requests else seconds + 30,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    cpu = running.child.cpu_seconds() - before
    try:
        counted = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"no counts:\n{done.stdout}{done.stderr}") from None
    return Load(cpu=cpu, **counted)


class Dialer:
    """Connections one behind the other, `at_once` of them side by side."""

    def __init__(self, port: int, resume: bool) -> None:
        self.port = port
        self.resume = resume
        # Who the server is was checked before; here the client must not be what is waited for.
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.request = wire.request_bytes()
        self.times: list[float] = []
        self.bytes = 0
        self.errors = 0

    def slot(self, source: str, goes_on) -> Iterator[tuple[socket.socket, int]]:
        """Yields a socket and what it waits for. Where sessions are resumed a slot's first
        connection, which gets it one, is not counted; its CPU time is, one in a thousand."""
        session = None
        while goes_on():
            start = time.perf_counter()
            sock = socket.socket()
            try:
                sock.setblocking(False)
                sock.setsockopt(
                    socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1
                )
                sock.bind((source, 0))
                if sock.connect_ex(("127.0.0.1", self.port)):
                    yield sock, selectors.EVENT_WRITE
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock = self.context.wrap_socket(
                    sock,
                    server_hostname=wire.SERVER_NAME,
                    do_handshake_on_connect=False,
                    session=session,
                )
                yield from self.patiently(sock, sock.do_handshake)
                yield from self.patiently(sock, lambda: sock.send(self.request))
                data = b""
                while not wire.is_complete(data):
                    piece = yield from self.patiently(sock, lambda: sock.recv(16384))
                    if not piece:
                        raise wire.WireError("closed before it answered")
                    data += piece
                if sock.session_reused != (session is not None):
                    raise wire.WireError("resumed" if sock.session_reused else "not resumed")
                if self.resume:
                    # A ticket is used once (RFC 8446 appendix C.4): the next one came with this.
                    is_first, session = session is None, sock.session
                    if is_first:
                        continue
                self.times.append(time.perf_counter() - start)
                self.bytes += len(data)
            except (OSError, wire.WireError) as error:
                self.errors += 1
                print(f"dialer: {error}", file=sys.stderr)
            finally:
                sock.close()

    @staticmethod
    def patiently(sock: socket.socket, call):
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                yield sock, selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                yield sock, selectors.EVENT_WRITE

    def work(self, slots: list[Iterator]) -> None:
        """Runs all slots to their ends; one that waits ten seconds is an error."""
        with selectors.DefaultSelector() as selector:
            def step(slot: Iterator) -> int:
                try:
                    sock, event = next(slot)
                except StopIteration:
                    return 0
                selector.register(sock, event, slot)
                return 1

            waiting = sum(step(slot) for slot in slots)
            while waiting:
                events = selector.select(timeout=10)
                if not events:
                    self.errors += waiting
                    return
                for key, _ in events:
                    selector.unregister(key.fileobj)
                    waiting += step(key.data) - 1


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--requests", type=int)
    options.add_argument("--at-once", type=int, default=AT_ONCE)
    options.add_argument("--resume", action="store_true")
    asked = options.parse_args()
    dialer = Dialer(asked.port, asked.resume)
    start = time.perf_counter()
    begun = 0

    def goes_on() -> bool:
        nonlocal begun
        if dialer.errors > 100 or time.perf_counter() - start >= asked.seconds:
            return False
        begun += 1
        spare = asked.at_once if asked.resume else 0
        return asked.requests is None or begun <= asked.requests + spare

    slots = [
        dialer.slot(f"127.0.0.{2 + number % SOURCES}", goes_on)
        for number in range(asked.at_once)
    ]
    dialer.work(slots)
    times = sorted(dialer.times) or [0.0]
    counts = {
        "requests": len(dialer.times) or 1,
        "seconds": time.perf_counter() - start,
        "bytes": dialer.bytes,
        "errors": dialer.errors + (not dialer.times),
        "p50_us": statistics.median(times) * 1e6,
        "p99_us": times[len(times) * 99 // 100] * 1e6,
    }
    print(json.dumps(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
