"""Child processes: started on their core, measured from /proc, stopped by their own id.

Every child dies with the harness (PR_SET_PDEATHSIG), so an interrupted run leaves nothing behind;
nothing here ever looks for a process by its name.
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_given_out: set[int] = set()


def free_port() -> int:
    """A free loopback port below the ephemeral range, where no client's own port can take it."""
    for _ in range(1000):
        port = random.randrange(12000, 32000)
        if port in _given_out:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given_out.add(port)
        return port
    raise RuntimeError("no free port between 12000 and 32000")


class Child:
    """One process that the harness started, with the processes it started in turn."""

    def __init__(self, argv: list[str], folder: Path, core: int | None, log: str = "log") -> None:
        self.argv = argv
        self.log = folder / log

        def prepare() -> None:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if core is not None:
                os.sched_setaffinity(0, {core})

        with open(self.log, "ab") as output:
            self.popen = subprocess.Popen(
                argv,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=prepare,
                start_new_session=True,
            )
        self.pid = self.popen.pid

    def family(self) -> list[int]:
        """The process and its descendants, the oldest first."""
        found, todo = [], [self.pid]
        while todo:
            pid = todo.pop(0)
            try:
                children = ""
                for task in os.listdir(f"/proc/{pid}/task"):
                    children += Path(f"/proc/{pid}/task/{task}/children").read_text() + " "
            except OSError:
                continue
            found.append(pid)
            todo += [int(child) for child in children.split()]
        return found

    def cpu_seconds(self) -> float:
        """CPU time of all threads of the family: utime + stime, proc(5) fields 14 and 15."""
        return sum(_cpu_seconds(pid) for pid in self.family())

    def resident(self) -> int:
        """VmRSS in bytes of the largest process of the family: the one that serves."""
        return max((_resident(pid) for pid in self.family()), default=0)

    def resident_most(self) -> int:
        """VmHWM: what it was when it was most."""
        return max((_resident(pid, "VmHWM:") for pid in self.family()), default=0)

    def anonymous(self) -> int:
        """RssAnon in bytes of the same process: what no other process shares with it."""
        return max((_resident(pid, "RssAnon:") for pid in self.family()), default=0)

    def serving(self) -> int:
        """The id of the process of the family that has worked most: the one to profile."""
        return max(self.family(), key=_cpu_seconds, default=self.pid)

    def alive(self) -> bool:
        return self.popen.poll() is None

    def tail(self, lines: int = 12) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def stop(self) -> None:
        """Asks, waits, and only then insists; the descendants go with their parent."""
        family = self.family()
        if self.alive():
            self.popen.terminate()
            try:
                self.popen.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and any(_is_running(pid) for pid in family[1:]):
            time.sleep(0.01)
        for pid in family[1:]:
            if _is_running(pid) and os.getpgid(pid) == self.pid:
                os.kill(pid, signal.SIGKILL)


def _fields(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2 :].split()


def _cpu_seconds(pid: int) -> float:
    try:
        fields = _fields(pid)
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def _is_running(pid: int) -> bool:
    try:
        return _fields(pid)[0] not in "ZX"
    except OSError:
        return False


def _resident(pid: int, what: str = "VmRSS:") -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    return 0
