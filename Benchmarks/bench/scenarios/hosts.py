"""Ten thousand hosts of four routes each: time to load, memory, and what a request then costs.

Cost is asked twice: for one host among them, where only the look-up can be dearer, and for all of
them in mixed order, where nothing that a host owns is ever in a cache: the worst there is. The
client sends as many different requests in each case.
"""

from __future__ import annotations

from ..report import Budget, Table, number
from ..rounds import Rounds
from ..setting import Setting
from .idle import settle

NAME = "hosts"
SERVES_MANY = ("nginx", "envoy")
WARM_SECONDS = 3
SINGLE, ONE, ALL = "1 host", "one of many", "all of many"


def run(setting: Setting) -> list[Table]:
    peers = [peer for peer in setting.peers if peer.name in SERVES_MANY + tuple(setting.ours)]
    rounds = Rounds(NAME, setting)
    single, many = setting.site(hosts=1), setting.site(hosts=setting.hosts)
    middle = setting.hosts // 2
    asked = {
        SINGLE: (single, range(1)),
        ONE: (many, range(middle, middle + 1)),
        ALL: (many, range(setting.hosts)),
    }
    # For each row: what `loaded` says, and MB after traffic to every route of every host.
    loads: dict[str, list] = {}
    with setting.all_started(NAME, [(p, s) for p in peers for s in (single, many)]) as started:
        contestants = []
        for peer, site, proxy in started:
            row = loads[f"{peer.name}, {site.hosts} host{'s' if site.hosts > 1 else ''}"] = loaded(
                proxy
            )
            # Every route of every host at least once: what is compiled at first use is then there.
            warm = setting.run_load(proxy, seconds=WARM_SECONDS, ask=(site, range(site.hosts)))
            if warm.requests < 4 * site.hosts:
                setting.say(f"{NAME}: {peer.name}: only {warm.requests} requests to warm up")
            row.append(proxy.child.resident() / 1e6)
            for what in (SINGLE,) if site is single else (ONE, ALL):
                contestants.append((f"{peer.name}, {what}", proxy))
        rounds.go(
            contestants,
            lambda label, proxy: setting.run_load(
                proxy, ask=asked[label.split(", ")[1]], turns=setting.hosts
            ),
        )
    for peer in peers:
        if peer.name in setting.ours:
            split = setting.site(hosts=setting.hosts, file_each=True)
            with setting.started(NAME, peer, split) as proxy:
                if proxy is not None:
                    label = f"{peer.name}, {setting.hosts} hosts, a file each"
                    loads[label] = [*loaded(proxy), None]
    setting.raw[f"{NAME}-load"] = loads
    return [load_table(setting, loads), cost_table(setting, peers, rounds)]


def loaded(proxy) -> list:
    """Seconds to load, the most MB it took, and MB once that is over."""
    settle(proxy)
    return [proxy.load_seconds, proxy.child.resident_most() / 1e6, proxy.child.resident() / 1e6]


def load_table(setting: Setting, loads: dict[str, list]) -> Table:
    table = Table(
        NAME,
        f"Loading {setting.hosts} hosts x 4 routes (exact, prefix, regex, /)",
        ["proxy", "s to load", "MB at most", "MB loaded", "MB after traffic to all"],
    )
    for label, (seconds, most, megabytes, after) in loads.items():
        table.add(
            label, number(seconds, 2), number(most, 1), number(megabytes, 1), number(after, 1)
        )
        if label.split(", ")[0] in setting.ours and not label.endswith("1 host"):
            table.budgets += [
                Budget(f"{label}: loaded in 2 s", seconds, 2.0, "s"),
                Budget(f"{label}: in 60 MB", most, 60, "MB"),
            ]
    return table


def cost_table(setting: Setting, peers: list, rounds: Rounds) -> Table:
    table = Table(
        NAME,
        f"us CPU/request with {setting.hosts} hosts x 4 routes, {setting.connections} connections",
        ["proxy", "with 1 host", "one of many", "x 1 host", "all in mixed order", "x 1 host"],
    )
    for peer in peers:
        cost = {
            what: rounds.median(f"{peer.name}, {what}", lambda load: load.cpu_us)
            for what in (SINGLE, ONE, ALL)
        }
        ratio = {
            what: rounds.ratio(
                f"{peer.name}, {what}", f"{peer.name}, {SINGLE}", lambda load: load.cpu_us
            )
            for what in (ONE, ALL)
        }
        table.add(
            peer.name,
            number(cost[SINGLE], 2),
            number(cost[ONE], 2),
            number(ratio[ONE], 3),
            number(cost[ALL], 2),
            number(ratio[ALL], 3),
        )
        if peer.name in setting.ours:
            table.budgets += [
                Budget(f"{peer.name}: one of many at most 3 % dearer", ratio[ONE], 1.03),
                Budget(f"{peer.name}: all in mixed order at most 3 % dearer", ratio[ALL], 1.03),
            ]
    return table
