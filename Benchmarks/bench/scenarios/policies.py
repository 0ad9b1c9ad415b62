"""What a rule's policies cost: retries, timeout, outlier detection, a 50/50 split and a header.

Each site is asked by itself and by the same load; the bare one has the same route without them.
"""

from __future__ import annotations

import dataclasses

from ..report import Budget, Table, number
from ..rounds import Rounds
from ..setting import Setting

NAME = "policies"
LIMIT = 1.08


def run(setting: Setting) -> list[Table]:
    bare = setting.site()
    sites = {"bare route": bare, "with policies": dataclasses.replace(bare, policies=True)}
    ours = [peer for peer in setting.peers if peer.name in setting.ours]
    rounds = Rounds(NAME, setting)
    pairs = [(peer, site) for peer in ours for site in sites.values()]
    with setting.all_started(NAME, pairs) as started:
        contestants = []
        for peer, site, proxy in started:
            setting.run_load(proxy, seconds=2)
            what = next(what for what, one in sites.items() if one is site)
            contestants.append((f"{peer.name}, {what}", proxy))
        rounds.go(contestants, lambda _, proxy: setting.run_load(proxy))
    table = Table(
        NAME,
        "Retries, timeout, outlier detection, 50/50 weights and a header on one route, "
        f"{setting.connections} connections",
        ["proxy", "us CPU/request", "least", "x bare route"],
    )
    for peer in ours:
        for what in sites:
            label = f"{peer.name}, {what}"
            ratio = rounds.ratio(label, f"{peer.name}, bare route", lambda load: load.cpu_us)
            table.add(
                label,
                number(rounds.median(label, lambda load: load.cpu_us), 2),
                number(rounds.least(label, lambda load: load.cpu_us), 2),
                number(ratio, 3),
            )
        table.budgets.append(
            Budget(f"{peer.name}: policies cost at most 8 % more CPU a request", ratio, LIMIT)
        )
    return [table]
