"""An upstream whose every byte a test decides, and which remembers every byte it was sent.

Each connection runs a script: a function of the connection, written in the test. The default
script is a strict, well-behaved server that answers with a JSON account of the request it saw.
"""

import hashlib
import json
import socket
import struct
import threading
import time

from .waiting import wait_for
from .wire import ByteReader, CutShort, Malformed, Quiet

RECORD_BYTES_MAX = 1 << 20


class Connection(ByteReader):
    """One connection an upstream accepted."""

    def __init__(self, upstream, sock, index, seconds):
        super().__init__(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.upstream = upstream
        self.index = index
        self.seconds = seconds
        self.requests = 0

    def arrived(self, data):
        self.upstream.record(data)

    def read_request(self, seconds=None):
        """The next request, strictly read; None when the peer closes between requests."""
        deadline = time.monotonic() + (seconds or self.seconds)
        if not self.buffer and not self.more(deadline):
            return None
        request = self.head(deadline, "in a request line")
        parts = request.first.split(b" ")
        if len(parts) != 3 or parts[2] != b"HTTP/1.1":
            raise Malformed(f"not a request line: {request.first!r}")
        request.method, request.target = parts[0].decode(), parts[1].decode("latin-1")
        self.requests += 1
        self.upstream.heads.append(request)
        return request

    def read_body(self, request, seconds=None):
        if request.get("expect") and not self.buffer:
            # RFC 9110 section 10.1.1: a server that wants the body says so.
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        deadline = time.monotonic() + (seconds or self.seconds)
        self.body(request, deadline, has_body=True, until_close=False)
        self.upstream.requests.append(request)
        return request

    def read_all(self, seconds=None):
        """Head and body, or None."""
        request = self.read_request(seconds)
        return self.read_body(request, seconds) if request else None

    def send(self, data):
        self.sock.settimeout(self.seconds)
        self.sock.sendall(data)

    def finish(self):
        """No more from us; the peer may go on sending."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()

    def reset(self):
        """Ends the connection with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def until_closed(self, seconds=None):
        """Reads on until the peer closes; True if it did."""
        deadline = time.monotonic() + (seconds or self.seconds)
        try:
            while self.more(deadline):
                pass
        except Quiet:
            return False
        return True


def account(upstream, connection, request):
    """The JSON the echo script answers with."""
    return json.dumps(
        {
            "upstream": upstream.name,
            "connection": connection.index,
            "method": request.method,
            "target": request.target,
            "headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in request.fields],
            "trailers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in request.trailers],
            "framing": request.framing,
            "length": len(request.body),
            "sha256": hashlib.sha256(request.body).hexdigest(),
            "body": request.body[:4096].decode("latin-1"),
        }
    ).encode()


def ok(body=b"", *fields, status=b"200 OK"):
    """A complete response with a length."""
    extra = b"".join(f + b"\r\n" for f in fields)
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, extra, len(body), body)


def echo(connection):
    """Answers every request with an account of it, until the peer closes."""
    while request := connection.read_all():
        body = account(connection.upstream, connection, request)
        answer = ok(body, b"Content-Type: application/json")
        if request.method == "HEAD":
            answer = answer[: -len(body)]
        connection.send(answer)


def answers(*responses):
    """A script: one response a request, in turn, over all connections; the last one repeats."""
    left = list(responses)
    lock = threading.Lock()

    def script(connection):
        while connection.read_all():
            with lock:
                response = left.pop(0) if len(left) > 1 else left[0]
            connection.send(response)

    return script


def once(data):
    """A script: reads one request, sends `data` as it is and closes."""

    def script(connection):
        connection.read_all()
        connection.send(data)
        connection.finish()
        connection.until_closed(2)

    return script


class Upstream:
    """Listens on a port of its own. Starts accepting when it is first given a script."""

    def __init__(
        self, name="upstream", script=None, seconds=20.0, port=0, address="127.0.0.1"
    ):
        self.name = name
        self.seconds = seconds
        self.script = script or echo
        self.received = bytearray()
        self.received_bytes = 0
        self.heads = []
        self.requests = []
        self.complaints = []
        self.connections = []
        self._lock = threading.Lock()
        self._listener = socket.create_server((address, port), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._thread = None

    def start(self, script=None):
        if script:
            self.script = script
        if not self._thread:
            self._thread = threading.Thread(target=self._accept, daemon=True)
            self._thread.start()
        return self

    def record(self, data):
        with self._lock:
            self.received_bytes += len(data)
            room = RECORD_BYTES_MAX - len(self.received)
            if room > 0:
                self.received += data[:room]

    def forget(self):
        """Begins the record of received bytes anew."""
        with self._lock:
            self.received.clear()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(self, sock, len(self.connections), self.seconds)
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self.script(connection)
        except Malformed as complaint:
            self.complaints.append(str(complaint))
        except (CutShort, Quiet) as complaint:
            self.complaints.append(str(complaint))
        except OSError:
            pass
        finally:
            connection.sock.close()

    def wait_for_requests(self, count, seconds=5.0):
        wait_for(
            lambda: len(self.requests) >= count, f"{count} requests at {self.name}", seconds
        )

    def stop(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        for connection in self.connections:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
