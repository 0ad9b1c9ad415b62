"""One changed host among ten thousand: how long until a request sees it, at rest and under load.

The clock runs from just before the file is replaced to the first answer with the new header.
Isthmus watches a folder with one file a host; nginx gets SIGHUP; Envoy watches its RDS file.
"""

from __future__ import annotations

import statistics
import threading

from .. import wire
from ..peers.running import Running
from ..report import Budget, Table, number
from ..setting import Setting

NAME = "reload"
SERVES_MANY = ("nginx", "envoy")
CHANGES = 5
LOAD_CONNECTIONS = 10


def run(setting: Setting) -> list[Table]:
    peers = [peer for peer in setting.peers if peer.name in SERVES_MANY + tuple(setting.ours)]
    table = Table(
        NAME,
        f"One changed host among {setting.hosts}, {CHANGES} times",
        ["proxy", "ms at rest", "most", "ms under load", "most", "errors under load"],
    )
    for peer in peers:
        site = setting.site(hosts=setting.hosts, file_each=True)
        with setting.started(NAME, peer, site) as proxy:
            if proxy is None:
                continue
            try:
                rest = [seconds_until_live(proxy, site, f"rest-{n}") for n in range(CHANGES)]
                loaded, errors = under_load(setting, proxy, site)
            except TimeoutError as error:
                setting.reject(NAME, peer.name, f"{error}")
                continue
        setting.raw.setdefault(NAME, {})[peer.name] = {"rest": rest, "loaded": loaded}
        table.add(
            peer.name,
            number(statistics.median(rest) * 1000, 0),
            number(max(rest) * 1000, 0),
            number(statistics.median(loaded) * 1000, 0),
            number(max(loaded) * 1000, 0),
            number(errors, 0),
        )
        if peer.name in setting.ours:
            table.budgets += [
                Budget(f"{peer.name}: live in 200 ms", max(rest) * 1000, 200, "ms"),
                Budget(f"{peer.name}: live in 200 ms under load", max(loaded) * 1000, 200, "ms"),
                Budget(f"{peer.name}: no request lost", float(errors), 0, "errors"),
            ]
    return [table]


def seconds_until_live(proxy: Running, site, version: str) -> float:
    index = site.hosts // 2
    request = [proxy.port, site.paths(index)[-1], site.host(index)]
    result: list[float] = []

    def watch(started: threading.Event) -> None:
        started.set()
        result.append(
            wire.wait_until(
                lambda: wire.get(*request).headers.get("x-version") == version,
                f"{proxy.name}: the change live",
                seconds=60,
                pause=0.001,
            )
        )

    # The watcher's clock starts before the file is touched, so writing it is in the figure.
    started = threading.Event()
    watcher = threading.Thread(target=_keep_error(watch, result), args=(started,))
    watcher.start()
    started.wait()
    proxy.change(index, version)
    watcher.join()
    if isinstance(result[-1], BaseException):
        raise result[-1]
    return result[0]


def under_load(setting: Setting, proxy: Running, site) -> tuple[list[float], int]:
    """The same changes while wrk keeps the proxy's core full. Returns times, and wrk's errors."""
    counted = []
    everything = (site, range(site.hosts))
    seconds = max(6.0, setting.seconds)
    load = threading.Thread(
        target=lambda: counted.append(
            setting.run_load(proxy, seconds=seconds, connections=LOAD_CONNECTIONS, ask=everything)
        )
    )
    load.start()
    times = []
    while load.is_alive() and len(times) < CHANGES:
        times.append(seconds_until_live(proxy, site, f"load-{len(times)}"))
    if not load.is_alive() and len(times) < CHANGES:
        setting.say(f"{NAME}: {proxy.name}: {len(times)} changes in {seconds:.0f} s of load")
    load.join()
    if not counted or not times:
        raise TimeoutError("no change was seen while there was load")
    return times, counted[0].errors


def _keep_error(work, result: list):
    def run(*arguments) -> None:
        try:
            work(*arguments)
        except BaseException as error:  # handed to the thread that asked
            result.append(error)

    return run
