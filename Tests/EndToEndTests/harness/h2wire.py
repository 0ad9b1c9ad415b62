"""An HTTP/2 client in the clear that can also send what no client should.

The h2 library frames and keeps the windows; its checks of what goes out are switched off, so that
a test can send fields that would become something else once they are written as HTTP/1.1.
"""

import socket
import time
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.settings

from .wire import Quiet


@dataclass
class Stream:
    """What came back on one stream."""

    status: int = 0
    fields: list = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: list = field(default_factory=list)
    ended: bool = False
    reset: int = None
    interim: list = field(default_factory=list)

    @property
    def over(self):
        return self.ended or self.reset is not None

    def get(self, name):
        return next((v for n, v in self.fields if n == name), None)


class H2Wire:
    """One connection with prior knowledge."""

    def __init__(self, port, seconds=10.0, window=1 << 20):
        self.seconds = seconds
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.h2 = h2.connection.H2Connection(config)
        # Changed later it would hold here once it is acknowledged, and never be said.
        said = {**self.h2.local_settings, h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window}
        self.h2.local_settings = h2.settings.Settings(client=True, initial_values=said)
        self.h2.initiate_connection()
        self.streams = {}
        self.goaway = None
        self.closed = False
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.sock.settimeout(self.seconds)
            self.sock.sendall(data)

    def raw(self, data):
        self.sock.settimeout(self.seconds)
        self.sock.sendall(data)

    def ask(self, *fields, method="GET", path="/", authority="any.test", end=True, plain=True):
        """Sends a head; the stream's number. `plain` puts the four pseudo fields before."""
        head = []
        if plain:
            head = [(":method", method), (":scheme", "http")]
            head += [(":authority", authority)] if authority is not None else []
            head += [(":path", path)]
        number = self.h2.get_next_available_stream_id()
        self.h2.send_headers(number, head + list(fields), end_stream=end)
        self.streams[number] = Stream()
        self.flush()
        return number

    def data(self, number, data=b"", end=False):
        """Sends a body as far as the windows allow, reading meanwhile."""
        view = memoryview(data)
        while True:
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)
            part = bytes(view[:room])
            view = view[len(part) :]
            if part or not data:
                self.h2.send_data(number, part, end_stream=end and not view)
                self.flush()
            if not view:
                return
            if room == 0:
                self.read()

    def trailers(self, number, *fields):
        self.h2.send_headers(number, list(fields), end_stream=True)
        self.flush()

    def read(self, seconds=None, acknowledge=True):
        """Reads once and sorts what came. False at the end of the connection."""
        self.sock.settimeout(seconds or self.seconds)
        try:
            data = self.sock.recv(262144)
        except TimeoutError:
            raise Quiet("nothing more came in time") from None
        except ConnectionError:
            data = b""
        if not data:
            self.closed = True
            return False
        for event in self.h2.receive_data(data):
            self._sort(event, acknowledge)
        self.flush()
        return True

    def _sort(self, event, acknowledge):
        stream = self.streams.get(getattr(event, "stream_id", None) or 0)
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = int(event.error_code)
        if not stream:
            return
        if isinstance(event, h2.events.InformationalResponseReceived):
            stream.interim.append(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.ResponseReceived):
            stream.fields = list(event.headers)
            stream.status = int(stream.get(":status"))
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            if acknowledge:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = int(event.error_code)

    def finish(self, *numbers, seconds=None):
        """Reads until these streams are over, or the connection is; the streams."""
        deadline = time.monotonic() + (seconds or self.seconds)
        wanted = [self.streams[n] for n in numbers]
        while not all(stream.over for stream in wanted):
            left = deadline - time.monotonic()
            if left <= 0:
                raise Quiet("streams are not over in time")
            if not self.read(left):
                break
        return wanted if len(wanted) > 1 else wanted[0]
