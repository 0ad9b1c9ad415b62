"""Resident memory of an idle keepalive connection that has done one request.

Opened a few at a time, so that what is measured is what a connection keeps, not what a burst needs.
"""

from __future__ import annotations

import resource
import selectors
import socket
import statistics
import time

from .. import wire
from ..peers.running import Running
from ..report import Budget, Table, number
from ..setting import Setting
from ..site import Site

NAME, NAME_TLS = "idle", "idletls"
CONNECTIONS = 10_000
BUDGET_KILOBYTES, BUDGET_KILOBYTES_TLS = 0.6, 10
SOURCES = 8
BATCH = 32


def run(setting: Setting) -> list[Table]:
    return measure(setting, NAME, setting.site(), "idle keepalive connections", BUDGET_KILOBYTES)


def run_tls(setting: Setting) -> list[Table]:
    site = setting.site(tls=True)
    return measure(setting, NAME_TLS, site, "idle TLS 1.3 connections", BUDGET_KILOBYTES_TLS)


def measure(
    setting: Setting, scenario: str, site: Site, title: str, budget: float
) -> list[Table]:
    count = min(CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 500)
    if count < CONNECTIONS:
        setting.say(f"{scenario}: RLIMIT_NOFILE allows {count} connections, not {CONNECTIONS}")
    each: dict[str, list[float]] = {}
    before: dict[str, float] = {}
    for turn in range(min(setting.rounds, 3)):
        for peer in setting.peers:
            with setting.started(scenario, peer, site) as proxy:
                if proxy is None:
                    continue
                settle(proxy)
                start = proxy.child.resident()
                held: list[socket.socket] = []
                try:
                    hold(proxy, count, held)
                    settle(proxy)
                    kept = proxy.child.resident() - start
                    lost = count - sum(wire.is_open(sock) for sock in held)
                    if lost:
                        setting.reject(scenario, peer.name, f"{lost} of {count} were closed")
                        continue
                    answer_again(held[:: max(1, count // 100)])
                except (OSError, wire.WireError) as error:
                    setting.reject(scenario, peer.name, f"{error}")
                    continue
                finally:
                    for sock in held:
                        sock.close()
            before[peer.name] = start / 1e6
            each.setdefault(peer.name, []).append(kept / count)
            each_bytes = f"{kept / count:.0f} B a connection"
            setting.say(f"{scenario}: turn {turn + 1}: {peer.name}: {each_bytes}")
    setting.raw[scenario] = each

    table = Table(
        scenario,
        f"{count} {title}, each after one request",
        ["proxy", "KB resident/connection", "least", "MB before"],
    )
    for peer in setting.peers:
        values = each.get(peer.name)
        middle = statistics.median(values) if values else None
        table.add(
            peer.name,
            number(middle is not None and middle / 1024, 2),
            number(values and min(values) / 1024, 2),
            number(before.get(peer.name), 1),
        )
        if peer.name in setting.ours:
            table.budgets.append(
                Budget(f"{peer.name}: at most {budget} KB each",
                       None if middle is None else middle / 1024, budget, "KB")
            )  # fmt: skip
    return [table]


def hold(proxy: Running, count: int, held: list[socket.socket]) -> None:
    """Opens `count` connections, at most BATCH at a time in a request, and keeps them all."""
    request = wire.request_bytes()
    while len(held) < count:
        batch = []
        for _ in range(min(BATCH, count - len(held))):
            source = f"127.0.0.{2 + len(held) % SOURCES}"
            sock = wire.connect(proxy.port, source, tls=proxy.tls and proxy.tls.context)
            held.append(sock)
            batch.append(sock)
        for sock in batch:
            sock.sendall(request)
        with selectors.DefaultSelector() as selector:
            waiting = {sock: b"" for sock in batch}
            for sock in batch:
                selector.register(sock, selectors.EVENT_READ)
            while waiting:
                events = selector.select(timeout=10)
                if not events:
                    raise wire.WireError(f"{len(waiting)} requests without an answer in 10 s")
                for key, _ in events:
                    data = key.fileobj.recv(65536)
                    if not data:
                        raise wire.WireError("closed before it answered")
                    waiting[key.fileobj] += data
                    if wire.is_complete(waiting[key.fileobj]):
                        del waiting[key.fileobj]
                        selector.unregister(key.fileobj)


def answer_again(some: list[socket.socket]) -> None:
    """A connection that was kept must also still work."""
    for sock in some:
        if wire.exchange(sock, wire.request_bytes()).status != 200:
            raise wire.WireError("an idle connection did not answer 200 the second time")


def settle(proxy: Running) -> None:
    """Waits until the resident size stands still for half a second, at most three seconds."""
    still, last = 0, -1
    for _ in range(30):
        time.sleep(0.1)
        now = proxy.child.resident()
        still = still + 1 if now == last else 0
        last = now
        if still == 5:
            return
