"""Where Isthmus spends its time: perf for the whole picture, callgrind for counts that repeat.

Instruction counts are the same from run to run on any machine, so a change of 1 % can be seen.
"""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
import threading
from pathlib import Path

from . import wire
from .peers.running import Running
from .setting import Setting

CONNECTIONS = 10
TOP = 60


def run(setting: Setting, tool: str, requests: int, results: Path) -> int:
    program = "valgrind" if tool == "callgrind" else tool
    if shutil.which(program) is None:
        setting.say(f"no {program} in PATH")
        return 1
    results.mkdir(exist_ok=True)
    stamp = datetime.datetime.now().strftime("%Y-%m-%dT%H%M%S")
    for peer in setting.peers:
        if peer.name in setting.ours:
            out = results / f"{stamp}-{peer.name}-{tool}"
            if tool == "perf":
                with_perf(setting, peer, out)
            else:
                with_callgrind(setting, peer, out, requests)
    return 0


def with_perf(setting: Setting, peer, out: Path) -> None:
    with setting.started("profile", peer, setting.site()) as proxy:
        if proxy is None:
            return
        setting.run_load(proxy, seconds=2)
        data = Path(f"{out}.data")
        record = subprocess.Popen(
            ["perf", "record", "-q", "-g", "-F", "997", "-p", str(proxy.child.serving()), "-o",
             str(data), "--", "sleep", str(setting.seconds)],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        load = setting.run_load(proxy, seconds=setting.seconds)
        record.wait(timeout=60)
        report = output(
            ["perf", "report", "-i", str(data), "--stdio", "--no-children", "-g", "none",
             "--percent-limit", "0.3"]
        )  # fmt: skip
        stat = ["perf", "stat", "-p", str(proxy.child.serving()), "-e",
                "task-clock,context-switches,page-faults,instructions:u,cycles:u",
                "--", "sleep", "2"]  # fmt: skip
        counted: list[str] = []
        counter = threading.Thread(target=lambda: counted.append(output(stat)))
        counter.start()
        setting.run_load(proxy, seconds=3)
        counter.join()
        calls = system_calls(setting, proxy)
    text = (
        f"{load.cpu_us:.2f} us CPU/request, {load.rate:.0f} requests/s\n\n"
        f"{calls}\n{counted[0]}\n{report}"
    )
    Path(f"{out}.txt").write_text(text)
    print("\n".join(text.splitlines()[: TOP + 40]))
    print(f"\nwritten to {out}.txt; more with: perf report -i {data}")


def system_calls(setting: Setting, proxy: Running) -> str:
    """System calls a request, which is half of what a proxy costs."""
    if shutil.which("strace") is None:
        return "(no strace: system calls not counted)\n"
    count = subprocess.Popen(
        ["timeout", "-s", "INT", "3", "strace", "-f", "-c", "-p", str(proxy.child.serving())],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    load = setting.run_load(proxy, seconds=2)
    text, _ = count.communicate(timeout=20)
    return f"system calls in {load.requests} requests (slowed by strace)\n{text}"


def with_callgrind(setting: Setting, peer, out: Path, requests: int) -> None:
    data = f"{out}.out"
    wrap = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-jumps=no",
            f"--callgrind-out-file={data}"]  # fmt: skip
    running = peer.start(setting.site(), setting.subfolder("callgrind"), setting.proxy_core, wrap)
    pid = str(running.child.pid)
    try:
        sockets = [wire.connect(running.port, timeout=60) for _ in range(CONNECTIONS)]
        serve(sockets, requests // 5)
        output(["callgrind_control", "--instr=on", pid])
        serve(sockets, requests)
        output(["callgrind_control", "--dump", pid])
        output(["callgrind_control", "--instr=off", pid])
        for sock in sockets:
            sock.close()
    finally:
        running.child.stop()
    # The dump asked for; the one written at the end, with counting off, holds nothing of use.
    best = Path(f"{data}.1")
    if not best.exists() or total_instructions(best) == 0:
        raise SystemExit(f"Benchmarks/run: callgrind counted nothing:\n{running.child.tail()}")
    report = output(["callgrind_annotate", "--auto=no", "--threshold=97", str(best)])
    each = total_instructions(best) / requests
    text = f"{each:,.0f} user instructions/request, {requests} requests\n\n{report}"
    Path(f"{out}.txt").write_text(text)
    print("\n".join(line[:160] for line in text.splitlines()[: TOP + 30]))
    print(f"\nwritten to {out}.txt; calls with: callgrind_annotate --tree=both {best}")


def serve(sockets: list, requests: int) -> None:
    """Exactly `requests` requests, one in flight, over all connections in turn.

    More in flight would meet at the proxy's wake-ups by chance, and the count would not repeat.
    """
    request = wire.request_bytes()
    for number in range(requests):
        if wire.exchange(sockets[number % len(sockets)], request).status != 200:
            raise wire.WireError("not 200 under callgrind")


def total_instructions(path: Path) -> int:
    found = re.search(r"^(?:totals|summary): (\d+)", path.read_text(errors="replace"), re.MULTILINE)
    return int(found.group(1)) if found else 0


def output(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    return done.stdout + done.stderr
