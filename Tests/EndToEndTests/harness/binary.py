"""Where the binary under test is, and short runs of it.

A missing binary is an error and not a skip: a run that tested nothing must not look green.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]


class NoBinary(Exception):
    """There is nothing to test."""


def binary():
    """ISTHMUS, else the release build, else the debug build."""
    named = os.environ.get("ISTHMUS")
    candidates = (
        [Path(named)]
        if named
        else [PROJECT / ".build/release/isthmus", PROJECT / ".build/debug/isthmus"]
    )
    for candidate in candidates:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate.resolve()
    raise NoBinary(
        "no isthmus binary: build one with `swift build -c release` or name one in ISTHMUS; "
        f"looked at {', '.join(map(str, candidates))}"
    )


@dataclass
class Run:
    """What a finished command left behind."""

    code: int
    out: str
    err: str


def environment(**changes):
    """The environment of this process without what would change the binary's defaults."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")}
    clean["NO_COLOR"] = "1"
    clean.update(changes)
    return clean


def isthmus(*arguments, seconds=20, stdin=None, cwd=None, prefix=(), env=None):
    """Runs the binary to its end. `prefix` is put before it, as in `setpriv ... isthmus`."""
    done = subprocess.run(
        [*prefix, str(binary()), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=cwd,
        env=env or environment(),
    )
    return Run(done.returncode, done.stdout, done.stderr)


def curl(*arguments, seconds=20):
    """curl, silent, bounded. Exit codes and output are the caller's to judge."""
    done = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--max-time", str(seconds), *map(str, arguments)],
        capture_output=True,
        timeout=seconds + 5,
    )
    return Run(
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )
