"""An access log that nobody reads, or cannot be written, costs lines and never a request."""

import os
import time

import pytest

from harness import accesslog, exposition
from harness import resources as r
from harness.gateway import Gateway
from harness.waiting import wait_for

GET = b"GET / HTTP/1.1\r\nHost: any.test\r\nUser-Agent: " + b"u" * 200 + b"\r\n\r\n"
AT_ONCE = 100


def answer():
    rule = {"directResponse": {"status": 200, "body": {"string": "hello"}}}
    return [r.gateway(), r.virtual_service("all", rule)]


def ask(gateway, count):
    """`count` requests on one connection; the seconds they took."""
    begin = time.monotonic()
    with gateway.wire() as wire:
        for _ in range(count // AT_ONCE):
            wire.send(GET * AT_ONCE)
            for _ in range(AT_ONCE):
                assert wire.response().status == 200
    return time.monotonic() - begin


def dropped(gateway):
    families = exposition.parse(gateway.admin("/stats/prometheus").text)
    (count,) = exposition.values(families, "isthmus_access_log_lines_dropped_total")
    return count


@pytest.fixture
def pipe(tmp_path):
    """A named pipe, opened for reading and not read."""
    path = tmp_path / "log.pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reader
    os.close(reader)


def read_all(reader):
    data = b""
    while True:
        try:
            block = os.read(reader, 1 << 20)
        except BlockingIOError:
            return data
        if not block:
            return data
        data += block


def test_a_pipe_that_nobody_reads_holds_up_no_request(tmp_path, pipe):
    path, reader = pipe
    with Gateway(tmp_path, answer(), access_log=path, workers=1) as gateway:
        ask(gateway, 6000)
        assert dropped(gateway) > 0, "more than two megabytes of lines fitted nowhere"
        assert gateway.is_ready()
        # Whoever reads again gets whole lines, those that were kept.
        lines = []

        def read_on():
            lines.append(read_all(reader))
            return b"".join(lines).count(b"\n") + dropped(gateway) == 6000

        wait_for(read_on, "the lines that were kept", 10)
        for line in b"".join(lines).decode().splitlines():
            assert accesslog.parse(line)["response_code"] == "200"


def test_lines_of_many_workers_are_not_mixed_in_a_pipe(tmp_path, pipe):
    path, reader = pipe
    with Gateway(tmp_path, answer(), access_log=path, workers=4) as gateway:
        data = b""
        for _ in range(20):
            ask(gateway, 100)
            data += read_all(reader)

        def all_there():
            nonlocal data
            data += read_all(reader)
            return data.count(b"\n") == 2000

        wait_for(all_there, "2000 lines")
    for line in data.decode().splitlines():
        assert accesslog.parse(line)["response_code"] == "200"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_costs_lines_and_no_request(tmp_path):
    with Gateway(tmp_path, answer(), access_log="/dev/full", workers=1) as gateway:
        ask(gateway, 500)
        assert dropped(gateway) == 500
