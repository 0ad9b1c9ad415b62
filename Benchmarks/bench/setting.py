"""One run of the harness: who takes part, on which cores, how often, and where files go.

Scenarios get everything from here, so that they hold nothing but their own question.
"""

from __future__ import annotations

import contextlib
import functools
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import certificate, dialer, h2load, load, wire
from .certificate import Certificate
from .load import Load
from .peers.nginx import upstream
from .peers.running import Running
from .site import SMALL_BYTES, Site


@dataclass
class Setting:
    peers: list
    rounds: int
    seconds: float
    proxy_core: int
    load_core: int
    hosts: int
    connections: int
    shared_regex: bool
    ours: list[str] = field(default_factory=list)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="isthmus-bench-")))
    raw: dict = field(default_factory=dict)
    void: list[str] = field(default_factory=list)
    _closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _made: int = 0

    def __enter__(self) -> Setting:
        self.folder.chmod(0o755)  # nginx drops to another user, who must get in
        self._closing.callback(shutil.rmtree, self.folder, ignore_errors=True)
        child, self.upstream = upstream(self.subfolder("upstream"), self.load_core)
        self._closing.callback(child.stop)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def subfolder(self, name: str) -> Path:
        self._made += 1
        made = self.folder / f"{self._made:02d}-{name.replace('/', '_')}"
        made.mkdir()
        return made

    def site(
        self, hosts: int = 0, file_each: bool = False, tls: bool = False, tcp: bool = False,
        origin: bool = False,
    ) -> Site:  # fmt: skip
        with_tls = self.certificate if tls else None
        if origin:
            return Site(self.secured_upstream, origin=self.certificate)
        return Site(self.upstream, hosts, self.shared_regex, file_each, with_tls, tcp=tcp)

    @functools.cached_property
    def secured_upstream(self) -> int:
        """The port of an upstream that speaks TLS alone; started when it is first asked for."""
        child, port = upstream(self.subfolder("origin"), self.load_core, self.certificate)
        self._closing.callback(child.stop)
        return port

    @functools.cached_property
    def certificate(self) -> Certificate:
        return certificate.make(self.subfolder("certificate"))

    @contextlib.contextmanager
    def started(self, scenario: str, peer, site: Site):
        """One proxy, started, verified, and stopped at the end of the block.

        Gives None, and leaves the proxy out of the report, where it does not start or answers
        wrong: the others' figures are worth having all the same.
        """
        running = None
        try:
            running = peer.start(site, self.subfolder(peer.name), self.proxy_core)
            verify(running, site)
        except (RuntimeError, OSError, wire.WireError) as error:
            self.reject(scenario, peer.name, f"{error}")
            if running is not None:
                running.child.stop()
            running = None
        try:
            yield running
        finally:
            if running is not None:
                running.child.stop()

    @contextlib.contextmanager
    def all_started(self, scenario: str, pairs: list[tuple]):
        """Several (peer, site) side by side, as (peer, site, proxy), without those that failed.

        Those that are not being asked sleep, and cost nothing.
        """
        with contextlib.ExitStack() as stack:
            all_of_them = [
                (peer, site, stack.enter_context(self.started(scenario, peer, site)))
                for peer, site in pairs
            ]
            yield [one for one in all_of_them if one[2] is not None]

    def run_load(self, running: Running, seconds: float | None = None, **more) -> Load:
        return load.run(
            running,
            self.load_core,
            self.seconds if seconds is None else seconds,
            more.pop("connections", self.connections),
            **more,
        )

    def run_h2(self, running: Running, seconds: float | None = None, **more) -> Load:
        return h2load.run(running, self.load_core, seconds or self.seconds, **more)

    def run_dialer(
        self, running: Running, resume: bool, seconds: float | None = None, **more
    ) -> Load:
        return dialer.run(running, self.load_core, seconds or self.seconds, resume, **more)

    def reject(self, scenario: str, name: str, why: str) -> None:
        message = f"{scenario}: {name}: void: {why}"
        self.void.append(message)
        self.say(message)

    @staticmethod
    def say(text: str) -> None:
        print(f"bench: {text}", file=sys.stderr, flush=True)


def verify(running: Running, site: Site) -> None:
    """Every kind of route answers 200 and the upstream's whole body, also on a used connection."""
    indices = sorted({0, site.hosts // 2, site.hosts - 1}) if site.hosts else [None]
    for index in indices:
        host = "bench.example.com" if index is None else site.host(index)
        paths = ["/"] if index is None else site.paths(index)
        with wire.connect(running.port, tls=site.tls and site.tls.context) as sock:
            for path in paths + paths:
                response = wire.exchange(sock, wire.request_bytes(path, host))
                if response.status != 200 or len(response.body) != SMALL_BYTES:
                    raise wire.WireError(
                        f"{running.name}: {host}{path} gave {response.status} "
                        f"and {len(response.body)} bytes, not 200 and {SMALL_BYTES}"
                    )
