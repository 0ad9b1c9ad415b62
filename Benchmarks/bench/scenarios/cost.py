"""CPU time for one proxied request of 128 bytes: the figures that matter most.

In the clear and over TLS, as HTTP/1.1 and as HTTP/2, on kept connections and on new ones. Requests
a second are told beside it, but they measure the machine and its other guests too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ..h2load import CONNECTIONS, STREAMS
from ..load import Load
from ..peers.running import Running
from ..report import Budget, Table, number
from ..rounds import Rounds
from ..setting import Setting


@dataclass(frozen=True)
class Question:
    """One kind of load, and what an answer may cost: `limits` are pairs of peers and a factor,
    where the cheapest of the peers counts."""

    name: str
    title: str
    tls: bool
    load: Callable[..., Load]
    limits: tuple[tuple[tuple[str, ...], float], ...]
    origin: bool = False

    def run(self, setting: Setting) -> list[Table]:
        rounds = Rounds(self.name, setting)
        site = setting.site(tls=self.tls, origin=self.origin)
        with setting.all_started(self.name, [(peer, site) for peer in setting.peers]) as started:
            proxies = [proxy for _, _, proxy in started]
            for proxy in proxies:
                self.load(setting, proxy, seconds=2)
            rounds.go(
                [(proxy.name, proxy) for proxy in proxies],
                lambda _, proxy: self.load(setting, proxy),
            )
        return [self.table(setting, rounds)]

    def table(self, setting: Setting, rounds: Rounds) -> Table:
        cost = {
            peer.name: rounds.median(peer.name, lambda one: one.cpu_us) for peer in setting.peers
        }
        against = self.limits[0][0]
        best = cheapest(cost, against)
        table = Table(
            self.name,
            self.title.format(connections=setting.connections),
            ["proxy", "us CPU/request", "least", f"x {described(against)}", "requests/s",
             "p99 ms", "core busy"],
        )  # fmt: skip
        for peer in setting.peers:
            name, value = peer.name, cost[peer.name]
            table.add(
                name,
                number(value, 2),
                number(rounds.least(name, lambda one: one.cpu_us), 2),
                number(value and best and value / best, 2),
                number(rounds.median(name, lambda one: one.rate), 0),
                number(rounds.median(name, lambda one: (one.p99_us or 0) / 1000) or None, 2),
                number(rounds.median(name, lambda one: one.busy * 100), 0, " %"),
            )
            if name not in setting.ours:
                continue
            for peers, limit in self.limits:
                other = cheapest(cost, peers)
                if other:
                    table.budgets.append(
                        Budget(f"{name}: CPU at most {limit} x {described(peers, 'the ')}",
                               value and value / other, limit)
                    )  # fmt: skip
        return table


@dataclass(frozen=True)
class Questions:
    """Several under one name."""

    parts: tuple[Question, ...]

    def run(self, setting: Setting) -> list[Table]:
        return [table for part in self.parts for table in part.run(setting)]


def cheapest(cost: dict[str, float | None], names: tuple[str, ...]) -> float | None:
    return min((cost[name] for name in names if cost.get(name)), default=None)


def described(names: tuple[str, ...], article: str = "") -> str:
    shown = [{"haproxy": "HAProxy", "envoy": "Envoy"}.get(name, name) for name in names]
    if len(shown) == 1:
        return shown[0]
    return f"{article}better of {' and '.join(shown)}" if article else f"best of {', '.join(shown)}"


def keepalive(setting: Setting, proxy: Running, seconds: float | None = None) -> Load:
    return setting.run_load(proxy, seconds)


def streams(setting: Setting, proxy: Running, seconds: float | None = None) -> Load:
    return setting.run_h2(proxy, seconds)


def dialled(resume: bool) -> Callable[..., Load]:
    def load(setting: Setting, proxy: Running, seconds: float | None = None) -> Load:
        return setting.run_dialer(proxy, resume, seconds)

    return load


HTTP1 = Question(
    "http1", "HTTP/1.1 keepalive, {connections} connections, 128 B body",
    False, keepalive, ((("nginx", "haproxy"), 1.0), (("envoy",), 0.4)),
)  # fmt: skip
TLS = Question(
    "tls", "TLS 1.3, HTTP/1.1 keepalive, {connections} connections, 128 B body",
    True, keepalive, ((("nginx", "haproxy"), 1.0),),
)  # fmt: skip
H2 = Question(
    "h2", f"HTTP/2 over TLS 1.3, {CONNECTIONS} connections x {STREAMS} streams, 128 B body",
    True, streams, ((("haproxy",), 1.0),),
)  # fmt: skip
NEW = Question(
    "handshakes", "A new TLS 1.3 connection (P-256) for each request",
    True, dialled(resume=False), ((("nginx",), 1.0),),
)  # fmt: skip
RESUMED = Question(
    "resumptions", "A resumed TLS 1.3 connection for each request",
    True, dialled(resume=True), ((("nginx",), 1.0),),
)  # fmt: skip
ORIGINATION = Question(
    "origination", "TLS 1.3 made towards the upstream, {connections} connections in the clear",
    False, keepalive, ((("nginx",), 1.0),), origin=True,
)  # fmt: skip
HANDSHAKES = Questions((NEW, RESUMED))
SINGLE = (HTTP1, TLS, H2, NEW, RESUMED, ORIGINATION)
