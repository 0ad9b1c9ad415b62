"""Load from wrk, with its counts read from a script of ours instead of from its prose.

wrk stops by time, never by count; the deadline on top of it is for a proxy that stops answering.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .peers.running import Running
from .site import Site

SCRIPTS = Path(__file__).resolve().parent.parent / "lua"


@dataclass
class Load:
    """What the client counted. `cpu` is what the proxy spent meanwhile, in seconds."""

    requests: int
    seconds: float
    bytes: int
    errors: int
    p50_us: float | None
    p99_us: float | None
    cpu: float

    @property
    def cpu_us(self) -> float:
        """CPU microseconds of the proxy for each request done."""
        return self.cpu / self.requests * 1e6

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def busy(self) -> float:
        """The share of its core that the proxy used: well below 1, and it was kept waiting."""
        return self.cpu / self.seconds


def wrk_path() -> str:
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit("Benchmarks/run: no wrk in PATH; Benchmarks/install gets it")
    return found


def run(
    running: Running,
    core: int,
    seconds: float,
    connections: int,
    path: str = "/",
    ask: tuple[Site, range] | None = None,
    turns: int = 1,
) -> Load:
    """One run of wrk on `core`. `ask` names hosts of a site: all their routes, in mixed order, with
    `turns` different requests a route, or one for each host where those are more."""
    argv = [
        wrk_path(),
        "--threads=1",
        f"--connections={connections}",
        f"--duration={max(1, round(seconds))}s",
        "--timeout=10s",
        f"--script={SCRIPTS / ('hosts.lua' if ask else 'plain.lua')}",
        f"http{'s' if running.tls else ''}://127.0.0.1:{running.port}{path}",
    ]
    environment = running.tls.environment() if running.tls else dict(os.environ)
    if ask:
        site, hosts = ask
        environment["BENCH_FIRST"] = str(hosts.start)
        environment["BENCH_LAST"] = str(hosts.stop - 1)
        environment["BENCH_TURNS"] = str(max(turns, len(hosts)))
        environment["BENCH_SHARED_REGEX"] = "1" if site.shared_regex else ""
    before = running.child.cpu_seconds()
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        env=environment,
        timeout=seconds + 30,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    cpu = running.child.cpu_seconds() - before
    for line in done.stdout.splitlines():
        if line.startswith("bench "):
            values = dict(field.split("=") for field in line.split()[1:])
            errors = sum(int(values[name]) for name in ("connect", "read", "write", "timeout"))
            return Load(
                requests=int(values["requests"]) or 1,
                seconds=int(values["us"]) / 1e6,
                bytes=int(values["bytes"]),
                errors=errors + int(values["status"]) + (int(values["requests"]) == 0),
                p50_us=float(values["p50"]),
                p99_us=float(values["p99"]),
                cpu=cpu,
            )
    raise RuntimeError(f"wrk gave no counts:\n{done.stdout}{done.stderr}")
