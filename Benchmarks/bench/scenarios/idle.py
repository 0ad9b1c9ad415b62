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

NAME = "idle"
CONNECTIONS = 10_000
BUDGET_KILOBYTES = 0.6
SOURCES = 8
BATCH = 32


def run(setting: Setting) -> list[Table]:
    count = min(CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 500)
    if count < CONNECTIONS:
        setting.say(f"{NAME}: RLIMIT_NOFILE allows {count} connections, not {CONNECTIONS}")
    each: dict[str, list[float]] = {}
    before: dict[str, float] = {}
    for turn in range(min(setting.rounds, 3)):
        for peer in setting.peers:
            with setting.started(NAME, peer, setting.site()) as proxy:
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
                        setting.reject(NAME, peer.name, f"{lost} of {count} were closed")
                        continue
                    answer_again(held[:: max(1, count // 100)])
                except (OSError, wire.WireError) as error:
                    setting.reject(NAME, peer.name, f"{error}")
                    continue
                finally:
                    for sock in held:
                        sock.close()
            before[peer.name] = start / 1e6
            each.setdefault(peer.name, []).append(kept / count)
            setting.say(f"{NAME}: turn {turn + 1}: {peer.name}: {kept / count:.0f} B a connection")
    setting.raw[NAME] = each

    table = Table(
        NAME,
        f"{count} idle keepalive connections, each after one request",
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
                Budget(f"{peer.name}: at most 0.6 KB each",
                       None if middle is None else middle / 1024, BUDGET_KILOBYTES, "KB")
            )  # fmt: skip
    return [table]


def hold(proxy: Running, count: int, held: list[socket.socket]) -> None:
    """Opens `count` connections, at most BATCH at a time in a request, and keeps them all."""
    request = wire.request_bytes()
    while len(held) < count:
        batch = []
        for _ in range(min(BATCH, count - len(held))):
            sock = wire.connect(proxy.port, source=f"127.0.0.{2 + len(held) % SOURCES}")
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
                    if complete(waiting[key.fileobj]):
                        del waiting[key.fileobj]
                        selector.unregister(key.fileobj)


def complete(data: bytes) -> bool:
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    if not head.startswith(b"HTTP/1.1 200 "):
        raise wire.WireError(f"answered {head[:60]!r}")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return body.endswith(b"0\r\n\r\n")


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
