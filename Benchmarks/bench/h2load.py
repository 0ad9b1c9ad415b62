"""Load from nghttp2's h2load: HTTP/2 over TLS, a fixed number of streams always under way.

Its counts are read from its summary, whose lines have not changed since 2015; a run is void unless
every request was answered 2xx with the whole body.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from .certificate import GROUP, SUITE
from .load import Load
from .peers.running import Running
from .site import SMALL_BYTES

CONNECTIONS = 10
STREAMS = 10


def path() -> str:
    found = shutil.which("h2load")
    if found is None:
        raise SystemExit("Benchmarks/run: no h2load in PATH; Benchmarks/install gets it")
    return found


def run(
    running: Running,
    core: int,
    seconds: float,
    requests: int | None = None,
    connections: int = CONNECTIONS,
    streams: int = STREAMS,
) -> Load:
    """One run on `core`: `seconds` long, or exactly `requests`."""
    length = f"--requests={requests}" if requests else f"--duration={max(1, round(seconds))}"
    argv = [
        path(),
        "--threads=1",
        f"--clients={connections}",
        f"--max-concurrent-streams={streams}",
        length,
        f"--tls13-ciphers={SUITE}",
        f"--groups={GROUP}",
        "--header=:authority: bench.example.com",
        f"https://127.0.0.1:{running.port}/",
    ]
    before = running.child.cpu_seconds()
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        timeout=600 if requests else seconds + 30,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    cpu = running.child.cpu_seconds() - before
    text = done.stdout
    total = re.search(r"^finished in ([\d.]+)(us|ms|s),", text, re.MULTILINE)
    counts = re.search(
        r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text
    )
    statuses = re.search(r"^status codes: (\d+) 2xx,", text, re.MULTILINE)
    body = re.search(r"\((\d+)\) data$", text, re.MULTILINE)
    if not (total and counts and statuses and body) or "Application protocol: h2\n" not in text:
        raise RuntimeError(f"h2load gave no counts, or spoke no h2:\n{text}{done.stderr}")
    ended, succeeded, *bad = (int(one) for one in counts.groups())
    # Streams that the end of the time cut off have a status and no end: not counted, not wrong.
    short = int(body[1]) < succeeded * SMALL_BYTES or int(statuses[1]) < succeeded
    return Load(
        requests=succeeded or 1,
        seconds=float(total[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1}[total[2]],
        bytes=int(body[1]),
        errors=sum(bad) + (ended - succeeded) + int(short) + int(succeeded == 0),
        p50_us=None,
        p99_us=None,
        cpu=cpu,
    )
