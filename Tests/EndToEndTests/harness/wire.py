"""An HTTP/1.1 client that sends exactly the bytes it is told to and reads strictly.

Client libraries repair what they send and forgive what they receive; both would hide the defects
these tests look for. A message that ends early raises `CutShort`, one that cannot be a message
raises `Malformed`: neither ever passes for a complete response.
"""

import re
import socket
import struct
import time
from dataclasses import dataclass, field

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9]) ([\x20-\x7e\x80-\xff\t]*)")
_FIELD_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\x20-\x7e\t]*)?")


class Malformed(Exception):
    """The peer sent something that is not HTTP/1.1."""


class CutShort(Exception):
    """The connection ended inside a message. `message` is what there was of it, or None."""

    def __init__(self, where, message=None):
        super().__init__(f"connection ended {where}")
        self.message = message


class Quiet(Exception):
    """Nothing came before the deadline."""


@dataclass
class Message:
    """A request or a response: first line, fields in order with their case, body."""

    first: bytes = b""
    fields: list = field(default_factory=list)
    body: bytes = b""
    trailers: list = field(default_factory=list)
    interim: list = field(default_factory=list)
    chunks: list = field(default_factory=list)
    framing: str = "none"

    @property
    def status(self):
        return int(self.first.split(b" ")[1])

    @property
    def reason(self):
        return self.first.split(b" ", 2)[2].decode("latin-1")

    def all(self, name):
        """Every value of a field, as text."""
        wanted = name.lower().encode()
        return [v.decode("latin-1") for n, v in self.fields if n.lower() == wanted]

    def get(self, name):
        """The value of a field, repeated ones joined; None when absent."""
        values = self.all(name)
        return ", ".join(values) if values else None

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


def parse_fields(block):
    """Field lines without the empty line; strict."""
    found = []
    for line in block.split(b"\r\n") if block else []:
        match = _FIELD_LINE.fullmatch(line)
        if not match or re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", match.group(2)):
            raise Malformed(f"not a field line: {line!r}")
        found.append((match.group(1), match.group(2)))
    return found


class ByteReader:
    """Bytes from a socket with a deadline for each read."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()
        self.ended = False
        self.was_reset = False

    def more(self, deadline):
        """Reads once. False at the end of the stream."""
        if self.ended:
            return False
        left = deadline - time.monotonic()
        if left <= 0:
            raise Quiet("nothing more came in time")
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(262144)
        except (socket.timeout, TimeoutError):
            raise Quiet("nothing more came in time") from None
        except ConnectionError:
            self.was_reset = True
            data = b""
        if not data:
            self.ended = True
            return False
        self.arrived(data)
        self.buffer += data
        return True

    def arrived(self, data):
        """For those who keep a record."""

    def line(self, deadline, where, message=None):
        """Up to CRLF, which is taken off."""
        while True:
            end = self.buffer.find(b"\n")
            if end >= 0:
                line = bytes(self.buffer[: end + 1])
                del self.buffer[: end + 1]
                if not line.endswith(b"\r\n"):
                    raise Malformed(f"a line that ends in a bare LF: {line!r}")
                return line[:-2]
            if not self.more(deadline):
                raise CutShort(where, message)

    def exactly(self, count, deadline, message):
        """`count` bytes, appended to the message's body."""
        while count:
            if not self.buffer and not self.more(deadline):
                raise CutShort(f"with {count} bytes of the body missing", message)
            if len(self.buffer) <= count:
                part, self.buffer = self.buffer, bytearray()
            else:
                part = self.buffer[:count]
                del self.buffer[:count]
            message.body += part
            count -= len(part)

    def head(self, deadline, where):
        """First line and fields."""
        message = Message(first=self.line(deadline, where))
        lines = []
        while line := self.line(deadline, "in the head", message):
            lines.append(line)
        message.fields = parse_fields(b"\r\n".join(lines))
        return message

    def chunked(self, deadline, message):
        """A chunked body with its trailers."""
        message.framing = "chunked"
        while True:
            line = self.line(deadline, "before the last chunk", message)
            match = _CHUNK_LINE.fullmatch(line)
            if not match:
                raise Malformed(f"not a chunk size: {line!r}")
            size = int(match.group(1), 16)
            if not size:
                break
            before = len(message.body)
            self.exactly(size, deadline, message)
            message.chunks.append(bytes(message.body[before:]))
            if self.line(deadline, "after a chunk", message):
                raise Malformed("chunk data does not end where its size says")
        lines = []
        while line := self.line(deadline, "in the trailers", message):
            lines.append(line)
        message.trailers = parse_fields(b"\r\n".join(lines))

    def body(self, message, deadline, has_body, until_close):
        """Reads the body the fields promise. It grows in place; readers get plain bytes."""
        if not has_body:
            return
        message.body = bytearray()
        try:
            self._body(message, deadline, until_close)
        finally:
            message.body = bytes(message.body)

    def _body(self, message, deadline, until_close):
        codings = message.all("transfer-encoding")
        lengths = message.all("content-length")
        if codings and lengths:
            raise Malformed("both Transfer-Encoding and Content-Length")
        if codings:
            if [c.lower() for c in codings] != ["chunked"]:
                raise Malformed(f"transfer codings {codings}")
            self.chunked(deadline, message)
        elif lengths:
            if len(lengths) != 1 or not re.fullmatch("[0-9]{1,18}", lengths[0]):
                raise Malformed(f"content lengths {lengths}")
            message.framing = "length"
            self.exactly(int(lengths[0]), deadline, message)
        elif until_close:
            message.framing = "close"
            while self.buffer or self.more(deadline):
                message.body += self.buffer
                self.buffer.clear()
            if self.was_reset:
                raise CutShort("with a reset", message)


class Wire(ByteReader):
    """One client connection."""

    def __init__(self, port, address="127.0.0.1", seconds=10.0):
        sock = socket.create_connection((address, port), timeout=seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock)
        self.seconds = seconds

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def local_address(self):
        return "%s:%d" % self.sock.getsockname()

    def send(self, data):
        self.sock.settimeout(self.seconds)
        self.sock.sendall(data)

    def send_if_open(self, data):
        """For what the peer may refuse half-way: an error while sending is no error yet."""
        try:
            self.send(data)
        except OSError:
            pass

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()

    def leave(self):
        """Ends the connection with RST, as a client that crashed or gave up does. A mere FIN would
        only say that it has nothing more to send."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def response(self, method="GET", seconds=None):
        """The next final response; interim ones before it are in `.interim`."""
        deadline = time.monotonic() + (seconds or self.seconds)
        interim = []
        while True:
            message = self.head(deadline, "before a response")
            if not _STATUS_LINE.fullmatch(message.first):
                raise Malformed(f"not a status line: {message.first!r}")
            status = message.status
            if 100 <= status < 200 and status != 101:
                interim.append(message)
                continue
            message.interim = interim
            has_body = method != "HEAD" and status not in (101, 204, 304)
            self.body(message, deadline, has_body, until_close=True)
            return message

    def interim_response(self, seconds=None):
        """One 1xx response and nothing after it."""
        deadline = time.monotonic() + (seconds or self.seconds)
        message = self.head(deadline, "before a response")
        if not 100 <= message.status < 200:
            raise Malformed(f"expected a 1xx response: {message.first!r}")
        return message

    def request(self, data, method="GET", seconds=None):
        self.send(data)
        return self.response(method, seconds)

    def ends(self, seconds=5.0):
        """True when the peer closes, with nothing more before that; unread bytes fail."""
        deadline = time.monotonic() + seconds
        try:
            while self.more(deadline):
                pass
        except Quiet:
            return False
        if self.buffer:
            raise Malformed(f"bytes after the last response: {bytes(self.buffer)!r}")
        return True

    def is_quiet(self, seconds):
        """True when the peer neither sends nor closes for so long."""
        if self.buffer:
            return False
        try:
            self.more(time.monotonic() + seconds)
        except Quiet:
            return True
        return False
