"""One request through two proxies: gateway, mutual TLS, sidecar, application.

What each of the two spends on it, and how much memory it holds, is told apart. Istio publishes
0.2 ms of CPU and 60 MB for a sidecar at 1,000 requests a second of 1 KB.
"""

from __future__ import annotations

import dataclasses

from .. import wire
from ..load import Load
from ..peers import mesh
from ..peers.running import Running
from ..report import Budget, Table, number
from ..rounds import Rounds
from ..setting import Setting, verify

NAME = "mtls"
BUDGET_MICROSECONDS, BUDGET_MEGABYTES = 25, 20


def run(setting: Setting) -> list[Table]:
    table = Table(
        NAME,
        f"Gateway to sidecar to application over mutual TLS, {setting.connections} connections",
        ["proxy", "us CPU/request", "least", "MB resident", "of it anonymous", "requests/s",
         "p99 ms"],
    )  # fmt: skip
    for peer in (peer for peer in setting.peers if peer.name in setting.ours):
        site = setting.site()
        rounds = Rounds(NAME, setting)
        try:
            with mesh.started(
                peer, site, setting.subfolder(NAME), setting.proxy_core
            ) as (gateway, sidecar):
                verify(gateway, site)
                refuses_plain_text(sidecar)
                setting.run_load(gateway, seconds=2)
                spent: dict[str, float] = {}

                def load(_: str, proxy: Running) -> Load:
                    # One load, two figures: the sidecar's is taken along with the gateway's.
                    if proxy is sidecar:
                        return dataclasses.replace(measured[-1], cpu=spent["sidecar"])
                    before = sidecar.child.cpu_seconds()
                    measured.append(setting.run_load(gateway))
                    spent["sidecar"] = sidecar.child.cpu_seconds() - before
                    return measured[-1]

                measured: list[Load] = []
                rounds.go([(proxy.name, proxy) for proxy in (gateway, sidecar)], load)
                memory = {
                    proxy.name: (proxy.child.resident() / 1e6, proxy.child.anonymous() / 1e6)
                    for proxy in (gateway, sidecar)
                }
        except (RuntimeError, OSError, wire.WireError) as error:
            setting.reject(NAME, peer.name, f"{error}")
            continue
        for name, (megabytes, anonymous) in memory.items():
            cost = rounds.median(name, lambda one: one.cpu_us)
            table.add(
                name,
                number(cost, 2),
                number(rounds.least(name, lambda one: one.cpu_us), 2),
                number(megabytes, 1),
                number(anonymous, 1),
                number(rounds.median(name, lambda one: one.rate), 0),
                number(rounds.median(name, lambda one: (one.p99_us or 0) / 1000), 2),
            )
            table.budgets += [
                Budget(f"{name}: CPU a request", cost, BUDGET_MICROSECONDS, "us"),
                Budget(f"{name}: resident", megabytes, BUDGET_MEGABYTES, "MB"),
            ]
    return [table]


def refuses_plain_text(sidecar: Running) -> None:
    """Nothing is measured that a client without a certificate could have had as well."""
    try:
        status = wire.get(sidecar.port).status
    except (OSError, wire.WireError, ValueError, IndexError):
        return
    raise RuntimeError(f"{sidecar.name} answered {status} to plain text")
