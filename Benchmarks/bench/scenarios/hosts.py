"""Ten thousand hosts of four routes each: time to load, memory, and what a request then costs.

The same requests go to a proxy with one host; the difference is the price of the other 9,999.
"""

from __future__ import annotations

from ..report import Budget, Table, number
from ..rounds import Rounds
from ..setting import Setting

NAME = "hosts"
SERVES_MANY = ("nginx", "envoy")
WARM_SECONDS = 3


def run(setting: Setting) -> Table:
    many = f"{setting.hosts} hosts"
    peers = [peer for peer in setting.peers if peer.name in SERVES_MANY + tuple(setting.ours)]
    rounds = Rounds(NAME, setting)
    one, all_hosts = setting.site(hosts=1), setting.site(hosts=setting.hosts)
    pairs = [(peer, site) for peer in peers for site in (one, all_hosts)]
    loaded: dict[str, tuple[float, float]] = {}
    warmed: dict[str, float] = {}
    with setting.all_started(pairs) as proxies:
        contestants, sites = [], {}
        for (peer, site), proxy in zip(pairs, proxies):
            label = f"{peer.name}, {many if site is all_hosts else '1 host'}"
            loaded[label] = proxy.load_seconds, proxy.child.resident() / 1e6
            contestants.append((label, proxy))
            sites[label] = site
            # Every route of every host at least once: what is compiled at first use is then there.
            warm = setting.run_load(proxy, seconds=WARM_SECONDS, site=site)
            if warm.requests < 4 * site.hosts:
                setting.say(f"{NAME}: {label}: only {warm.requests} requests to warm up")
            warmed[label] = proxy.child.resident() / 1e6
        rounds.go(
            contestants, lambda label, proxy: setting.run_load(proxy, site=sites[label])
        )
    for peer in peers:
        if peer.name in setting.ours:
            split = setting.site(hosts=setting.hosts, file_each=True)
            with setting.started(peer, split) as proxy:
                label = f"{peer.name}, {many}, a file each"
                loaded[label] = proxy.load_seconds, proxy.child.resident() / 1e6
    setting.raw[f"{NAME}-load"] = loaded

    table = Table(
        NAME,
        f"{setting.hosts} hosts x 4 routes (exact, prefix, regex, /), {setting.connections} "
        "connections",
        ["proxy", "s to load", "MB loaded", "MB after traffic", "us CPU/request", "least",
         "x 1 host"],
    )  # fmt: skip
    for label, (seconds, megabytes) in loaded.items():
        name = label.split(",")[0]
        cost = rounds.median(label, lambda load: load.cpu_us)
        single = rounds.median(f"{name}, 1 host", lambda load: load.cpu_us)
        ratio = cost and single and cost / single
        table.add(
            label,
            number(seconds, 2),
            number(megabytes, 1),
            number(warmed.get(label), 1),
            number(cost, 2),
            number(rounds.least(label, lambda load: load.cpu_us), 2),
            number(ratio, 3),
        )
        if name in setting.ours and not label.endswith("1 host"):
            table.budgets += [
                Budget(f"{label}: loaded in 2 s", seconds / 2, 1.0),
                Budget(f"{label}: 60 MB loaded", megabytes / 60, 1.0),
            ]
            if label in rounds.loads:
                table.budgets.append(Budget(f"{label}: at most 3 % more CPU", ratio, 1.03))
    return table
