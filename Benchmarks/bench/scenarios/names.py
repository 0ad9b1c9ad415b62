"""Thousands of ServiceEntries whose hosts are looked up by DNS, and nobody calling them.

Their names are asked for again whenever their TTL is over, so a proxy at rest is never quite idle:
what that costs must stay as it is from window to window, and so must memory.
"""

from __future__ import annotations

import dataclasses
import time

from .. import wire
from ..nameserver import NameServer
from ..report import Budget, Table, number
from ..setting import Setting
from .idle import settle

NAME = "names"
NAMES = 5_000
TTL_SECONDS = 30
WINDOWS, WINDOW_SECONDS = 6, TTL_SECONDS
# All names are first asked for in one go; their turns spread with every answer.
SPREADING_SECONDS = 2 * TTL_SECONDS
BUDGET_MEGABYTES, BUDGET_PERCENT = 40, 1.0
# Later windows may not cost more than the first one by more than what one tick of proc(5) hides.
GROWTH_PERCENT = 0.2


def run(setting: Setting) -> list[Table]:
    table = Table(
        NAME,
        f"{NAMES} ServiceEntries with resolution DNS, TTL {TTL_SECONDS} s, no request",
        ["proxy", "MB resident", "% CPU, least", "% CPU, most", "questions/s", "us CPU/question"],
    )
    for peer in (peer for peer in setting.peers if peer.name in setting.ours):
        with NameServer(TTL_SECONDS) as server:
            site = dataclasses.replace(setting.site(), names=NAMES, dns=server.port)
            try:
                proxy = peer.start(site, setting.subfolder(peer.name), setting.proxy_core)
            except RuntimeError as error:
                setting.reject(NAME, peer.name, f"{error}")
                continue
            try:
                reaches_every_name(proxy.port, site)
                settle(proxy)
                time.sleep(SPREADING_SECONDS)
                windows = [at_rest(proxy, server) for _ in range(WINDOWS)]
                megabytes = proxy.child.resident() / 1e6
                reaches_every_name(proxy.port, site)
            except (TimeoutError, OSError, wire.WireError) as error:
                setting.reject(NAME, peer.name, f"{error}")
                continue
            finally:
                proxy.child.stop()
        setting.raw.setdefault(NAME, {})[peer.name] = windows
        percent = [100 * cpu / WINDOW_SECONDS for cpu, _ in windows]
        asked = sum(questions for _, questions in windows)
        table.add(
            peer.name, number(megabytes, 1), number(min(percent), 2), number(max(percent), 2),
            number(asked / WINDOWS / WINDOW_SECONDS, 0),
            number(sum(cpu for cpu, _ in windows) / asked * 1e6, 1),
        )  # fmt: skip
        table.budgets += [
            Budget(f"{peer.name}: resident", megabytes, BUDGET_MEGABYTES, "MB"),
            Budget(f"{peer.name}: CPU at rest", max(percent), BUDGET_PERCENT, "%"),
            Budget(f"{peer.name}: CPU more than at first", max(percent) - percent[0],
                   GROWTH_PERCENT, "%"),
        ]  # fmt: skip
    return [table]


def reaches_every_name(port: int, site) -> None:
    """Some of them at least, the first and the last among them, each by its own address."""
    for index in (0, NAMES // 2, NAMES - 1):
        wire.wait_until(
            lambda: wire.get(port, "/", site.name(index)).status == 200, site.name(index), 60
        )


def at_rest(proxy, server: NameServer) -> tuple[float, int]:
    """CPU seconds of the proxy and questions asked in one window."""
    cpu, asked = proxy.child.cpu_seconds(), server.questions
    time.sleep(WINDOW_SECONDS)
    return proxy.child.cpu_seconds() - cpu, server.questions - asked
