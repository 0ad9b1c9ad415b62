"""A DNS server for the scenario with many names: every A question is answered 127.0.0.1.

AAAA and everything else gets an answer without records (NODATA), so that each name costs a proxy
the two questions that it costs in life. Runs on a thread of the harness, on its core.
"""

from __future__ import annotations

import socket
import struct
import threading

A, INTERNET = 1, 1
RESPONSE, RECURSION = 0x8400, 0x0180


class NameServer:
    def __init__(self, ttl: int) -> None:
        self.ttl = ttl
        self.questions = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> NameServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A datagram to itself wakes the thread; an empty one ends it.
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(timeout=5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(512)
            if not question:
                return
            self.questions += 1
            self._socket.sendto(self.answer(question), sender)

    def answer(self, message: bytes) -> bytes:
        """RFC 1035 section 4.1, for one question without compression."""
        end = message.index(b"\0", 12) + 5
        kind = struct.unpack("!H", message[end - 4 : end - 2])[0]
        count = 1 if kind == A else 0
        head = message[:2] + struct.pack("!HHHHH", RESPONSE | RECURSION, 1, count, 0, 0)
        record = struct.pack("!HHHIH4s", 0xC00C, A, INTERNET, self.ttl, 4, b"\x7f\0\0\1")
        return head + message[12:end] + record * count
