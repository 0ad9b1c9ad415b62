"""CPU time for one proxied HTTP/1.1 keepalive request of 128 bytes: the figure that matters most.

Requests a second are told beside it, but they measure the machine and its other guests too.
"""

from __future__ import annotations

from ..report import Budget, Table, number
from ..rounds import Rounds
from ..setting import Setting

NAME = "http1"


def run(setting: Setting) -> list[Table]:
    rounds = Rounds(NAME, setting)
    site = setting.site()
    with setting.all_started(NAME, [(peer, site) for peer in setting.peers]) as started:
        proxies = [proxy for _, _, proxy in started]
        for proxy in proxies:
            setting.run_load(proxy, seconds=2)
        rounds.go(
            [(proxy.name, proxy) for proxy in proxies], lambda _, proxy: setting.run_load(proxy)
        )
    cost = {peer.name: rounds.median(peer.name, lambda one: one.cpu_us) for peer in setting.peers}
    best = min((cost[name] for name in ("nginx", "haproxy") if cost.get(name)), default=None)

    table = Table(
        NAME,
        f"HTTP/1.1 keepalive, {setting.connections} connections, 128 B body",
        ["proxy", "us CPU/request", "least", "x best of nginx, HAProxy", "requests/s", "p99 ms",
         "core busy"],
    )  # fmt: skip
    for peer in setting.peers:
        name, value = peer.name, cost[peer.name]
        table.add(
            name,
            number(value, 2),
            number(rounds.least(name, lambda one: one.cpu_us), 2),
            number(value and best and value / best, 2),
            number(rounds.median(name, lambda one: one.rate), 0),
            number(rounds.median(name, lambda one: one.p99_us / 1000), 2),
            number(rounds.median(name, lambda one: one.busy * 100), 0, " %"),
        )
        if name in setting.ours:
            if best:
                table.budgets.append(
                    Budget(f"{name}: CPU at most 1.0 x the better of nginx and HAProxy",
                           value and value / best, 1.0)
                )  # fmt: skip
            if cost.get("envoy"):
                table.budgets.append(
                    Budget(f"{name}: CPU at most 0.4 x Envoy",
                           value and value / cost["envoy"], 0.4)
                )  # fmt: skip
    return [table]
