"""Bytes relayed for each second of CPU time, with bodies of 10 MB.

What is measured is copying, buffer sizes and wake-ups; routing is lost in it.
"""

from __future__ import annotations

from .. import wire
from ..load import Load
from ..peers.running import Running
from ..report import Budget, Table, number
from ..rounds import Rounds
from ..setting import Setting
from ..site import LARGE_BYTES

NAME = "large"
CONNECTIONS = 8


def run(setting: Setting) -> list[Table]:
    rounds = Rounds(NAME, setting)
    site = setting.site()

    def load(_: str, proxy) -> Load:
        return setting.run_load(proxy, connections=CONNECTIONS, path="/large")

    with setting.all_started(NAME, [(peer, site) for peer in setting.peers]) as started:
        proxies = [proxy for _, _, proxy in started if unchanged(setting, proxy)]
        for proxy in proxies:
            setting.run_load(proxy, seconds=1, connections=CONNECTIONS, path="/large")
        rounds.go([(proxy.name, proxy) for proxy in proxies], load, complete)

    speed = {
        peer.name: rounds.median(peer.name, lambda one: one.bytes / one.cpu / 1e9)
        for peer in setting.peers
    }
    table = Table(
        NAME,
        f"10 MB bodies, {CONNECTIONS} connections",
        ["proxy", "GB per CPU second", "most", "x nginx", "GB/s", "core busy"],
    )
    for peer in setting.peers:
        name, value, nginx = peer.name, speed[peer.name], speed.get("nginx")
        table.add(
            name,
            number(value, 2),
            number(rounds.most(name, lambda one: one.bytes / one.cpu / 1e9), 2),
            number(value and nginx and value / nginx, 2),
            number(rounds.median(name, lambda one: one.bytes / one.seconds / 1e9), 2),
            number(rounds.median(name, lambda one: one.busy * 100), 0, " %"),
        )
        if name in setting.ours and nginx:
            table.budgets.append(
                Budget(f"{name}: bytes per CPU second at least nginx's",
                       value and value / nginx, 1.0, at_least=True)
            )  # fmt: skip
    return [table]


def unchanged(setting: Setting, proxy: Running) -> bool:
    """Every byte of one body, before any is counted."""
    try:
        body = wire.get(proxy.port, "/large").body
    except (OSError, wire.WireError) as error:
        setting.reject(NAME, proxy.name, f"/large: {error}")
        return False
    if body != bytes(range(256)) * (LARGE_BYTES // 256):
        setting.reject(NAME, proxy.name, f"/large came out changed, {len(body)} bytes")
        return False
    return True


def complete(one: Load) -> str | None:
    """wrk counts bytes as they come and requests when they end; short bodies would show here."""
    if one.bytes < one.requests * LARGE_BYTES:
        return f"{one.bytes} bytes for {one.requests} bodies of {LARGE_BYTES}"
    return None
