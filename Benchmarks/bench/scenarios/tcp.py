"""Bytes passed on for each second of CPU time, by proxies that know nothing of what they carry.

The load is that of `large`, 10 MB bodies, and so is the check of every byte; only the proxies
differ.
"""

from __future__ import annotations

from ..load import Load
from ..report import Budget, Table, number
from ..rounds import Rounds
from ..setting import Setting
from . import large

NAME = "tcp"
#: nginx's module for TCP is a package of its own, and Envoy has no splice to be compared with.
TAKES_PART = ("haproxy",)


def run(setting: Setting) -> list[Table]:
    rounds = Rounds(NAME, setting)
    site = setting.site(tcp=True)
    peers = [p for p in setting.peers if p.name in TAKES_PART or p.name in setting.ours]

    def load(_: str, proxy) -> Load:
        return setting.run_load(proxy, connections=large.CONNECTIONS, path="/large")

    with setting.all_started(NAME, [(peer, site) for peer in peers]) as started:
        proxies = [proxy for _, _, proxy in started if large.unchanged(setting, proxy)]
        for proxy in proxies:
            setting.run_load(proxy, seconds=1, connections=large.CONNECTIONS, path="/large")
        rounds.go([(proxy.name, proxy) for proxy in proxies], load, large.complete)

    speed = {
        peer.name: rounds.median(peer.name, lambda one: one.bytes / one.cpu / 1e9)
        for peer in peers
    }
    table = Table(
        NAME,
        f"TCP, 10 MB at a time, {large.CONNECTIONS} connections",
        ["proxy", "GB per CPU second", "most", "x haproxy", "GB/s", "core busy"],
    )
    for peer in peers:
        name, value, haproxy = peer.name, speed[peer.name], speed.get("haproxy")
        table.add(
            name,
            number(value, 2),
            number(rounds.most(name, lambda one: one.bytes / one.cpu / 1e9), 2),
            number(value and haproxy and value / haproxy, 2),
            number(rounds.median(name, lambda one: one.bytes / one.seconds / 1e9), 2),
            number(rounds.median(name, lambda one: one.busy * 100), 0, " %"),
        )
        if name in setting.ours and haproxy:
            table.budgets.append(
                Budget(f"{name}: bytes per CPU second at least HAProxy's",
                       value and value / haproxy, 1.0, at_least=True)
            )  # fmt: skip
    return [table]
