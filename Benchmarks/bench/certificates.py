"""Renewals by certificate at `isthmus ca serve`, as a mesh that comes all at once makes them.

P-256 keys and requests, mutual TLS 1.3, HTTP/2, several connections with many calls under way on
each. Every answer must be a chain; a run with one that is not is void. The service has one core to
itself, the client another, and the figure is the service's CPU time a certificate: the ledger's two
commits, the signature, the check of the request's own signature, HTTP/2 and TLS are all in it.
"""

from __future__ import annotations

import argparse
import json
import select
import ssl
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from . import machine
from .process import Child, free_port

PATH = b"/istio.v1.auth.IstioCertificateService/CreateCertificate"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK = 1, 1


class Void(Exception):
    """A run that measured nothing: what went wrong."""


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def literal(name: bytes, value: bytes) -> bytes:
    """A field that is never indexed (RFC 7541 section 6.2.3), so that every head is the same."""
    assert len(name) < 127 and len(value) < 127
    return bytes([0x10, len(name)]) + name + bytes([len(value)]) + value


def head(port: int) -> bytes:
    return b"".join(
        literal(name, value)
        for name, value in (
            (b":method", b"POST"),
            (b":scheme", b"https"),
            (b":path", PATH),
            (b":authority", f"127.0.0.1:{port}".encode()),
            (b"content-type", b"application/grpc"),
            (b"te", b"trailers"),
        )
    )


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return (
        len(payload).to_bytes(3, "big")
        + bytes([kind, flags])
        + stream.to_bytes(4, "big")
        + payload
    )


class Connection:
    """One workload's connection with a fixed number of calls under way."""

    def __init__(self, port: int, context: ssl.SSLContext, csr: bytes) -> None:
        import socket

        self.socket = context.wrap_socket(
            socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname="127.0.0.1"
        )
        if self.socket.selected_alpn_protocol() != "h2":
            raise Void("the service does not speak HTTP/2")
        message = b"\x0a" + varint(len(csr)) + csr
        self.head = head(port)
        self.body = b"\0" + len(message).to_bytes(4, "big") + message
        self.next = 1
        self.received = b""
        self.unacknowledged = 0
        self.bytes: dict[int, int] = {}
        self.done = 0
        window = (1 << 30).to_bytes(4, "big")
        self.socket.sendall(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + frame(SETTINGS, 0, 0)
            + frame(WINDOW_UPDATE, 0, 0, window)
        )
        self.socket.setblocking(False)

    def calls(self, count: int) -> bytes:
        out = []
        for _ in range(count):
            out.append(frame(HEADERS, 4, self.next, self.head))
            out.append(frame(DATA, END_STREAM, self.next, self.body))
            self.bytes[self.next] = 0
            self.next += 2
        return b"".join(out)

    def send(self, data: bytes) -> None:
        while data:
            try:
                data = data[self.socket.send(data) :]
            except ssl.SSLWantWriteError:
                select.select([], [self.socket], [], 10)

    def read(self) -> int:
        """Takes what has come; how many calls have ended well."""
        while True:
            try:
                more = self.socket.recv(65536)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            if not more:
                raise Void("the service closed the connection")
            self.received += more
        ended, at, answer = 0, 0, b""
        data = self.received
        while len(data) - at >= 9:
            count = int.from_bytes(data[at : at + 3], "big")
            if len(data) - at < 9 + count:
                break
            kind, flags = data[at + 3], data[at + 4]
            stream = int.from_bytes(data[at + 5 : at + 9], "big")
            payload = data[at + 9 : at + 9 + count]
            at += 9 + count
            if kind == DATA:
                self.bytes[stream] += count
                self.unacknowledged += count
            elif kind in (RST_STREAM, GOAWAY):
                raise Void(f"frame {kind}: {payload!r}")
            elif kind == PING and not flags & ACK:
                answer += frame(PING, ACK, 0, payload)
            elif kind == SETTINGS and not flags & ACK:
                answer += frame(SETTINGS, ACK, 0)
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                # A refusal has no body; a chain has more than a kilobyte.
                if self.bytes.pop(stream) < 1000:
                    raise Void(f"a call was refused: {payload!r}")
                ended += 1
        self.received = data[at:]
        if self.unacknowledged > 1 << 20:
            answer += frame(WINDOW_UPDATE, 0, 0, self.unacknowledged.to_bytes(4, "big"))
            self.unacknowledged = 0
        if answer:
            self.send(answer)
        self.done += ended
        return ended


def work(connections: list[Connection], streams: int, seconds: float) -> tuple[int, float]:
    """Keeps every connection busy; certificates and the time they took."""
    for connection in connections:
        connection.send(connection.calls(streams))
    start, total = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        ready, _, _ = select.select([c.socket for c in connections], [], [], 5)
        if not ready:
            raise Void("no answer within 5 s")
        for connection in connections:
            if connection.socket in ready and (ended := connection.read()):
                total += ended
                connection.send(connection.calls(ended))
    elapsed = time.monotonic() - start
    # What is under way is waited for, so that the next round starts with none.
    deadline = time.monotonic() + 10
    while any(c.bytes for c in connections):
        select.select([c.socket for c in connections], [], [], 1)
        for connection in connections:
            connection.read()
        if time.monotonic() > deadline:
            raise Void("calls were left unanswered")
    return total, elapsed


def metric(port: int, name: str) -> float:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
        for line in page.read().decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
    raise Void(f"no metric {name}")


def run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)}: {done.stderr}")
    return done.stdout


def prepare(isthmus: str, folder: Path) -> tuple[ssl.SSLContext, bytes]:
    """An authority, a workload that has a certificate, and its next request."""
    certs, workload = str(folder / "certs"), folder / "workload"
    run(isthmus, "ca", "init", "--dir", certs)
    run(
        isthmus, "ca", "issue", "--dir", certs, "-n", "default", "--service-account", "reviews",
        "--out", str(workload),
    )
    request = folder / "csr.pem"
    run(
        "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes", "-subj", "/", "-keyout", str(folder / "key.pem"), "-out", str(request),
    )
    context = ssl.create_default_context(cafile=str(workload / "root-cert.pem"))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(str(workload / "cert-chain.pem"), str(workload / "key.pem"))
    context.set_alpn_protocols(["h2"])
    return context, request.read_bytes()


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="Benchmarks/certificates", description=__doc__)
    project = Path(__file__).resolve().parents[2]
    parser.add_argument("--isthmus", default=str(project / ".build/release/isthmus"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--streams", type=int, default=64, help="calls under way on each")
    parser.add_argument("--json", action="store_true", help="the rounds, for programs")
    parser.add_argument("--folder", help="on the disk that is to be measured; default: a temporary")
    options = parser.parse_args(argv)
    options.isthmus = str(Path(options.isthmus).resolve())
    server_core, client_core = machine.cores()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        context, csr = prepare(options.isthmus, folder)
        port, metrics = free_port(), free_port()
        child = Child(
            [
                options.isthmus, "ca", "serve", "--dir", str(folder / "certs"),
                "--listen", f"127.0.0.1:{port}", "--metrics", f"127.0.0.1:{metrics}",
                "--log-level", "warning",
            ],
            folder,
            server_core,
        )
        try:
            return measure(options, child, (port, metrics), context, csr, client_core)
        except Void as problem:
            print(f"void: {problem}\n{child.tail()}")
            return 1
        finally:
            child.stop()


def measure(options, child, ports, context, csr, client_core) -> int:
    import os

    os.sched_setaffinity(0, {client_core})
    port, metrics = ports
    deadline = time.monotonic() + 10
    while True:
        try:
            connections = [Connection(port, context, csr) for _ in range(options.connections)]
            break
        except ConnectionRefusedError:
            if time.monotonic() > deadline or not child.alive():
                raise Void("the service does not listen") from None
            time.sleep(0.02)
    work(connections, options.streams, 1.0)
    rounds = []
    for _ in range(options.rounds):
        batches, cpu = metric(metrics, "isthmus_ca_batches_total"), child.cpu_seconds()
        count, seconds = work(connections, options.streams, options.seconds)
        used = child.cpu_seconds() - cpu
        rounds.append(
            {
                "certificates": count,
                "seconds": seconds,
                "cpu_seconds": used,
                "a_cpu_second": count / used,
                "a_second": count / seconds,
                "core_busy": used / seconds,
                "a_batch": count / (metric(metrics, "isthmus_ca_batches_total") - batches),
            }
        )
    if options.json:
        print(json.dumps({"machine": machine.describe(), "rounds": rounds}, indent=2))
        return 0
    print(machine.describe())
    print(f"{options.connections} connections x {options.streams} calls, P-256, mutual TLS 1.3")
    print(f"load average {machine.load_average()}\n")
    print("| | median | least | most |")
    print("|---|---|---|---|")
    for key, title in (
        ("a_cpu_second", "certificates a second of CPU time"),
        ("a_second", "certificates a second"),
        ("core_busy", "of the core"),
        ("a_batch", "certificates a batch"),
    ):
        values = [one[key] for one in rounds]
        digits = 2 if key == "core_busy" else 0
        cells = (statistics.median(values), min(values), max(values))
        print(f"| {title} | " + " | ".join(f"{value:,.{digits}f}" for value in cells) + " |")
    return 0
