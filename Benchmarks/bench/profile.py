"""Where Isthmus spends its time: perf for the whole picture, callgrind for counts that repeat.

Instruction counts are the same from run to run on any machine, so a change of 1 % can be seen.
What is asked is one of the scenarios of CPU time: http1, tls, h2, handshakes or resumptions.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import shutil
import subprocess
import threading
from pathlib import Path

from . import wire
from .peers.running import Running
from .scenarios.cost import Question
from .setting import Setting

CONNECTIONS = 10
TOP = 60


def run(
    setting: Setting, tool: str, question: Question, requests: int, results: Path
) -> int:
    program = "valgrind" if tool == "callgrind" else tool
    if shutil.which(program) is None:
        setting.say(f"no {program} in PATH")
        return 1
    results.mkdir(exist_ok=True)
    stamp = datetime.datetime.now().strftime("%Y-%m-%dT%H%M%S")
    for peer in setting.peers:
        if peer.name in setting.ours:
            out = results / f"{stamp}-{peer.name}-{question.name}-{tool}"
            if tool == "perf":
                with_perf(setting, peer, question, out)
            else:
                with_callgrind(setting, peer, question, out, requests)
    return 0


def with_perf(setting: Setting, peer, question: Question, out: Path) -> None:
    site = setting.site(tls=question.tls, origin=question.origin)
    with setting.started("profile", peer, site) as proxy:
        if proxy is None:
            return
        question.load(setting, proxy, seconds=2)
        data = Path(f"{out}.data")
        record = subprocess.Popen(
            ["perf", "record", "-q", "-g", "-F", "997", "-p", str(proxy.child.serving()), "-o",
             str(data), "--", "sleep", str(setting.seconds)],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        load = question.load(setting, proxy)
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
        question.load(setting, proxy, seconds=3)
        counter.join()
        calls = system_calls(setting, proxy, question)
    text = (
        f"{load.cpu_us:.2f} us CPU/request, {load.rate:.0f} requests/s\n\n"
        f"{calls}\n{counted[0]}\n{report}"
    )
    Path(f"{out}.txt").write_text(text)
    print("\n".join(text.splitlines()[: TOP + 40]))
    print(f"\nwritten to {out}.txt; more with: perf report -i {data}")


def system_calls(setting: Setting, proxy: Running, question: Question) -> str:
    """System calls a request, which is half of what a proxy costs."""
    if shutil.which("strace") is None:
        return "(no strace: system calls not counted)\n"
    count = subprocess.Popen(
        ["timeout", "-s", "INT", "3", "strace", "-f", "-c", "-p", str(proxy.child.serving())],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    load = question.load(setting, proxy, seconds=2)
    text, _ = count.communicate(timeout=20)
    return f"system calls in {load.requests} requests (slowed by strace)\n{text}"


def with_callgrind(
    setting: Setting, peer, question: Question, out: Path, requests: int
) -> None:
    data = f"{out}.out"
    wrap = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-jumps=no",
            f"--callgrind-out-file={data}"]  # fmt: skip
    site = setting.site(tls=question.tls, origin=question.origin)
    folder = setting.subfolder("callgrind")
    lean = type(peer)(peer.name, without_debug_info(peer.program, folder))
    running = lean.start(site, folder, setting.proxy_core, wrap)
    pid = str(running.child.pid)
    try:
        with served(setting, running, question) as serve:
            serve(requests // 5)
            output(["callgrind_control", "--instr=on", pid])
            serve(requests)
            output(["callgrind_control", "--dump", pid])
            output(["callgrind_control", "--instr=off", pid])
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


def without_debug_info(program: str, folder: Path) -> str:
    """A copy with its symbols and without DWARF: valgrind 3.19 gives up on what Swift writes."""
    lean = folder / "isthmus"
    subprocess.run(["objcopy", "--strip-debug", program, str(lean)], check=True)
    return str(lean)


@contextlib.contextmanager
def served(setting: Setting, running: Running, question: Question):
    """Gives a function that sends exactly so many requests, one in flight, in turn over all
    connections. More in flight would meet at the proxy's wake-ups by chance, and the count would
    not repeat; HTTP/2 alone has ten streams of one connection, which arrive together."""
    if question.name == "h2":
        yield lambda count: setting.run_h2(running, requests=count, connections=1)
        return
    if question.name in ("handshakes", "resumptions"):
        resume = question.name == "resumptions"
        yield lambda count: setting.run_dialer(running, resume, requests=count, at_once=1)
        return
    request = wire.request_bytes()
    with contextlib.ExitStack() as stack:
        tls = running.tls and running.tls.context
        sockets = [
            stack.enter_context(wire.connect(running.port, timeout=60, tls=tls))
            for _ in range(CONNECTIONS)
        ]

        def serve(requests: int) -> None:
            for number in range(requests):
                if wire.exchange(sockets[number % len(sockets)], request).status != 200:
                    raise wire.WireError("not 200 under callgrind")

        yield serve


def total_instructions(path: Path) -> int:
    found = re.search(r"^(?:totals|summary): (\d+)", path.read_text(errors="replace"), re.MULTILINE)
    return int(found.group(1)) if found else 0


def output(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    return done.stdout + done.stderr
