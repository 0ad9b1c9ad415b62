"""A retry storm: nobody listens where requests go, and every one is tried three times.

Memory has to stay as it is, and clients have to hear 503 as soon as the tries and their pauses
(25 ms at most before the second try, 75 ms before the third) are over.
"""

from __future__ import annotations

import dataclasses
import statistics

from .. import load, wire
from ..process import free_port
from ..report import Budget, Table, number
from ..setting import Setting

NAME = "storm"
CONNECTIONS = 1000
RATE = 5000
GROWTH_MEGABYTES = 16
P99_MS = 500


def run(setting: Setting) -> list[Table]:
    site = dataclasses.replace(setting.site(), upstream=free_port(), down=True)
    table = Table(
        NAME,
        f"Every request retried twice: nothing listens upstream, {CONNECTIONS} connections",
        ["proxy", "answers/s", "p99 ms", "us CPU/answer", "MB before", "MB more, at most"],
    )
    for peer in setting.peers:
        if peer.name not in setting.ours:
            continue
        running = peer.start(site, setting.subfolder(peer.name), setting.proxy_core)
        try:
            refused = wire.get(running.port, "/")
            if refused.status != 503:
                setting.reject(NAME, peer.name, f"{refused.status} where nothing listens")
                continue
            storm(setting, running)
            before = running.child.resident() / 1e6
            loads, grown = [], []
            for _ in range(setting.rounds):
                one = storm(setting, running)
                if one.errors < one.requests:
                    setting.reject(NAME, peer.name, f"{one.requests - one.errors} were served")
                    continue
                loads.append(one)
                grown.append(running.child.resident() / 1e6 - before)
        finally:
            running.child.stop()
        if not loads:
            continue
        setting.raw.setdefault(NAME, {})[peer.name] = [vars(one) for one in loads]
        rate = statistics.median(one.rate for one in loads)
        p99 = statistics.median((one.p99_us or 0) / 1000 for one in loads)
        table.add(
            peer.name, number(rate, 0), number(p99, 0),
            number(statistics.median(one.cpu_us for one in loads), 1), number(before, 1),
            number(max(grown), 1),
        )  # fmt: skip
        table.budgets += [
            Budget(f"{peer.name}: 5,000 answers a second", rate, RATE, "a second", at_least=True),
            Budget(f"{peer.name}: 99 of 100 answered in {P99_MS} ms", p99, P99_MS, "ms"),
            Budget(f"{peer.name}: memory flat, within {GROWTH_MEGABYTES} MB", max(grown),
                   GROWTH_MEGABYTES, "MB"),
        ]  # fmt: skip
    return [table]


def storm(setting: Setting, running) -> load.Load:
    return setting.run_load(running, connections=CONNECTIONS)
