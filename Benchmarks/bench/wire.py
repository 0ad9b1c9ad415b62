"""A small HTTP/1.1 client: enough to verify a proxy before it is measured and to hold connections.

wrk counts what is not 2xx but reads no body; what a proxy answers is checked here, byte by byte.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from dataclasses import dataclass


SERVER_NAME = "bench.example.com"


class WireError(Exception):
    """The peer answered something that is not the whole, expected response."""


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes


def connect(
    port: int,
    source: str | None = None,
    timeout: float = 10,
    tls: ssl.SSLContext | None = None,
) -> socket.socket:
    sock = socket.socket()
    sock.settimeout(timeout)
    if source is not None:
        # The port is chosen by connect(2), so one source address serves as many peers as it can.
        sock.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
        sock.bind((source, 0))
    try:
        sock.connect(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return tls.wrap_socket(sock, server_hostname=SERVER_NAME) if tls else sock
    except OSError:
        sock.close()
        raise


def request_bytes(path: str = "/", host: str = SERVER_NAME) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def exchange(sock: socket.socket, request: bytes) -> Response:
    """Sends one request and reads one response, framed by Content-Length or chunked."""
    sock.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(sock)
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines[1:])
    }
    status = int(lines[0].split(" ")[1])
    if "content-length" in headers:
        length = int(headers["content-length"])
        pieces, have = [rest], len(rest)
        while have < length:
            piece = _receive(sock)
            pieces.append(piece)
            have += len(piece)
        if have != length:
            raise WireError(f"{have} bytes of body where Content-Length said {length}")
        return Response(status, headers, b"".join(pieces))
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Response(status, headers, _chunks(sock, rest))
    if status in (204, 304):
        return Response(status, headers, b"")
    raise WireError(f"status {status} without a length that keeps the connection usable")


def get(
    port: int, path: str = "/", host: str = SERVER_NAME, tls: ssl.SSLContext | None = None
) -> Response:
    with connect(port, tls=tls) as sock:
        return exchange(sock, request_bytes(path, host))


def is_complete(data: bytes) -> bool:
    """Whether these are all the bytes of a response with status 200."""
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    if not head.startswith(b"HTTP/1.1 200 "):
        raise WireError(f"answered {head[:60]!r}")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return body.endswith(b"0\r\n\r\n")


def wait_until(answer, what: str, seconds: float, pause: float = 0.005) -> float:
    """Polls until `answer()` is true; returns the seconds it took, or raises TimeoutError."""
    start = time.perf_counter()
    reason = ""
    while True:
        try:
            if answer():
                return time.perf_counter() - start
        except (OSError, WireError, ValueError, IndexError) as error:
            reason = f" ({error})"
        if time.perf_counter() - start > seconds:
            raise TimeoutError(f"{what} not within {seconds:.0f} s{reason}")
        time.sleep(pause)


def is_open(sock: socket.socket) -> bool:
    """Whether an idle connection is still there: readable means closed, or junk."""
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poll.poll(0)


def _receive(sock: socket.socket) -> bytes:
    data = sock.recv(262144)
    if not data:
        raise WireError("connection closed in the middle of a response")
    return data


def _chunks(sock: socket.socket, data: bytes) -> bytes:
    body = b""
    while True:
        while b"\r\n" not in data:
            data += _receive(sock)
        line, _, data = data.partition(b"\r\n")
        size = int(line.split(b";")[0], 16)
        while len(data) < size + 2:
            data += _receive(sock)
        body, data = body + data[:size], data[size + 2 :]
        if size == 0:
            return body
