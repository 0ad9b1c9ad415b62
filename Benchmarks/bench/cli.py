"""The command line of Benchmarks/run: what to measure, with whom, how long, and where it is told.

Exit codes: 0, also when a budget is missed; 1 when a run was void or, with --check, a budget was
missed; 64 for a command line that makes no sense.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import h2load, load, machine, profile, report
from .peers import Envoy, HAProxy, Isthmus, Nginx
from .scenarios import ALL, QUESTIONS
from .setting import Setting

PROJECT = Path(__file__).resolve().parents[2]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="Benchmarks/run",
        description="Measures Isthmus beside nginx, HAProxy and Envoy in one run.",
    )
    made.add_argument(
        "scenarios", nargs="*", metavar="scenario",
        help=f"any of {', '.join(ALL)} (default: all)",
    )  # fmt: skip
    made.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: 5)")
    made.add_argument("--seconds", type=float, default=5, help="length of a run (default: 5)")
    made.add_argument("--hosts", type=int, default=10_000, help="for hosts and reload")
    made.add_argument("--connections", type=int, default=50, help="for http1, tls and hosts")
    made.add_argument(
        "--shared-regex", action="store_true",
        help="let all hosts share one regular expression instead of having each its own",
    )  # fmt: skip
    made.add_argument(
        "--isthmus", action="append", metavar="[LABEL=]PATH",
        help="the binary to measure; again, to compare builds (default: .build/release/isthmus)",
    )  # fmt: skip
    made.add_argument(
        "--peers", default="nginx,haproxy,envoy", metavar="NAME,...",
        help="who else takes part; 'none' for Isthmus alone (default: nginx,haproxy,envoy)",
    )  # fmt: skip
    made.add_argument(
        "--profile", choices=["perf", "callgrind"], metavar="perf|callgrind",
        help="instead of measuring, say where Isthmus spends its time with one kind of load",
    )  # fmt: skip
    made.add_argument("--requests", type=int, default=5000, help="for --profile callgrind")
    made.add_argument("--update-readme", action="store_true", help="put the tables in README.md")
    made.add_argument("--check", action="store_true", help="exit 1 when a budget is missed")
    return made


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    known = QUESTIONS if options.profile else ALL
    unknown = [name for name in options.scenarios if name not in known]
    if unknown or options.rounds < 1 or options.seconds < 1 or options.hosts < 1:
        wrong = f"no scenario {unknown[0]!r}" if unknown else "rounds, seconds, hosts: at least 1"
        print(f"Benchmarks/run: {wrong}; scenarios: {', '.join(known)}", file=sys.stderr)
        return 64
    load.wrk_path()
    h2load.path()
    machine.raise_descriptor_limit()
    proxy_core, load_core = machine.cores()

    ours = [label_and_path(text) for text in options.isthmus or [str(default_binary())]]
    ours = [peer for peer in (Isthmus(*pair) for pair in ours) if present(peer, loud=True)]
    wanted = options.peers.split(",")
    others = [peer for peer in (Nginx(), HAProxy(), Envoy()) if peer.name in wanted]
    others = [peer for peer in others if present(peer)]
    if Nginx().missing():
        print("Benchmarks/run: nginx is also the upstream of every proxy", file=sys.stderr)
        return 1
    if not ours and (options.profile or not others):
        return 1

    with Setting(
        peers=ours + others,
        rounds=options.rounds,
        seconds=options.seconds,
        proxy_core=proxy_core,
        load_core=load_core,
        hosts=options.hosts,
        connections=options.connections,
        shared_regex=options.shared_regex,
        ours=[peer.name for peer in ours],
    ) as setting:
        setting.say(f"proxy on core {proxy_core}, client and upstream on core {load_core}; "
                    f"load average {machine.load_average()}")  # fmt: skip
        if options.profile:
            question = QUESTIONS[(options.scenarios or ["http1"])[0]]
            return profile.run(setting, options.profile, question, options.requests, results())
        tables = [
            table for name in options.scenarios or ALL for table in ALL[name].run(setting)
        ]
        command = ["Benchmarks/run", *arguments]
        text = report.document(tables, setting.peers, command, setting.void)

    print(text)
    print(f"written to {report.save(results(), text, setting.raw)}", file=sys.stderr)
    if options.update_readme:
        report.update_readme(PROJECT / "README.md", text)
    missed = [budget for table in tables for budget in table.budgets if not budget.kept]
    return 1 if setting.void or (options.check and missed) else 0


def results() -> Path:
    return PROJECT / "Benchmarks" / "results"


def default_binary() -> Path:
    return PROJECT / ".build" / "release" / "isthmus"


def label_and_path(text: str) -> tuple[str, str]:
    label, separator, path = text.partition("=")
    return (label, path) if separator else ("isthmus", text)


def present(peer, loud: bool = False) -> bool:
    why = peer.missing()
    if why and loud:
        rule = "*" * 78
        print(f"{rule}\n* {peer.name} IS NOT MEASURED: {why}\n{rule}", file=sys.stderr)
    elif why:
        print(f"Benchmarks/run: {peer.name} is not measured: {why}", file=sys.stderr)
    return why is None
