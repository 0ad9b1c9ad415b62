"""Tables: on the terminal, in Benchmarks/results as Markdown and JSON, and in the README.

The date and the command stand above every table, because a figure must say how to get it again.
"""

from __future__ import annotations

import datetime
import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from . import machine

BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"


@dataclass
class Budget:
    """A promise: `value`, in `unit`, at most `limit`, or at least. None: not measured, not kept."""

    text: str
    value: float | None
    limit: float
    unit: str = "x"
    at_least: bool = False

    @property
    def kept(self) -> bool:
        if self.value is None:
            return False
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        digits = 0 if self.unit in ("ms", "errors") else 3 if self.limit == 1.03 else 2
        measured = "not measured" if self.value is None else f"{self.value:.{digits}f} {self.unit}"
        return f"{'kept' if self.kept else 'MISSED'}: {self.text} ({measured})"


@dataclass
class Table:
    name: str
    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(list(cells))

    def markdown(self) -> str:
        widths = [
            max(len(row[column]) for row in [self.columns, *self.rows])
            for column in range(len(self.columns))
        ]

        def line(cells: list[str]) -> str:
            padded = [
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(cells, widths))
            ]
            return "| " + " | ".join(padded) + " |"

        rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
        lines = [f"**{self.title}**", "", line(self.columns), line(rule)]
        lines += [line(row) for row in self.rows]
        if self.budgets:
            lines += [""] + [f"- {budget}" for budget in self.budgets]
        return "\n".join(lines)


def number(value: float | None | bool, digits: int, unit: str = "") -> str:
    """`-` for what was not measured; zero is a measurement."""
    if value is None or value is False:
        return "-"
    return f"{value:,.{digits}f}{unit}"


def document(tables: list[Table], peers: list, command: list[str], void: list[str]) -> str:
    today = datetime.date.today().isoformat()
    versions = ", ".join(f"{peer.name} {peer.version()}" for peer in peers)
    parts = [
        f"Measured {today} by `{shlex.join(command)}`  \n"
        f"on {machine.describe()}  \n"
        f"with {versions}. Each proxy has one worker on a core of its own, metrics on, access log "
        "off, keepalive to the upstream; client and upstream share the other core. CPU is the "
        "proxy's utime + stime; the figure is the median of interleaved rounds."
    ]
    parts += [table.markdown() for table in tables]
    if void:
        parts.append("Runs left out:\n\n" + "\n".join(f"- {line}" for line in void))
    return "\n\n".join(parts) + "\n"


def save(folder: Path, text: str, raw: dict) -> Path:
    folder.mkdir(exist_ok=True)
    stamp = datetime.datetime.now().strftime("%Y-%m-%dT%H%M%S")
    path = folder / f"{stamp}.md"
    path.write_text(text)
    (folder / f"{stamp}.json").write_text(json.dumps(raw, indent=1))
    return path


def update_readme(path: Path, text: str) -> None:
    old = path.read_text()
    begin, end = old.find(BEGIN), old.find(END)
    if begin < 0 or end < begin:
        raise SystemExit(f"Benchmarks/run: {path} has no lines '{BEGIN}' and '{END}' in this order")
    path.write_text(old[: begin + len(BEGIN)] + "\n" + text + old[end:])
