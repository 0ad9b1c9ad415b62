"""A child process with its output in files: bounded start, bounded stop, crash check."""

import os
import re
import signal
import subprocess
from pathlib import Path

from .waiting import TooLate

# What the Swift runtime, the C library and the kernel write when a program goes down by itself.
_CRASH = re.compile(
    r"Fatal error|Crash|Illegal instruction|Segmentation fault|AddressSanitizer"
    r"|Simultaneous accesses|Program crashed|\*\*\* Signal|malloc\(\)|double free|assertion failed",
    re.IGNORECASE,
)


class Child:
    """A running program. `out` and `err` are what it wrote so far."""

    def __init__(self, command, folder, name, env=None, cwd=None):
        self.command = [str(part) for part in command]
        self.name = name
        self.out_path = Path(folder) / f"{name}.out"
        self.err_path = Path(folder) / f"{name}.err"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=cwd
            )

    @property
    def pid(self):
        return self.process.pid

    @property
    def out(self):
        return self.out_path.read_text("utf-8", "replace")

    @property
    def err(self):
        return self.err_path.read_text("utf-8", "replace")

    @property
    def code(self):
        """The exit code, or None while it runs."""
        return self.process.poll()

    def send_signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=10.0):
        """The exit code, within the deadline."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TooLate(f"{self.name} did not end within {seconds} s\n{self.tail()}") from None

    def kill(self):
        """For the end of a test that failed: this process and no other."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def stop(self, number=signal.SIGTERM, seconds=10.0):
        """Asks it to end, insists if it must, and returns the exit code."""
        if self.process.poll() is None:
            self.send_signal(number)
        try:
            return self.wait(seconds)
        finally:
            self.kill()

    def tail(self):
        return f"--- {self.name}: stdout\n{self.out[-2000:]}\n--- stderr\n{self.err[-4000:]}"

    def assert_no_crash(self):
        found = _CRASH.search(self.err)
        assert not found, f"{self.name} wrote {found.group(0)!r}\n{self.tail()}"
        assert self.code is None or self.code >= 0, (
            f"{self.name} was ended by signal {-self.code}\n{self.tail()}"
        )

    # What /proc says.

    def memory(self, key="RssAnon"):
        """Bytes of its own: pages of its program come and go as the system likes. `VmRSS` counts
        those too, and `VmHWM` is the most that ever was."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
        raise KeyError(key)

    def forget_peak(self):
        """Lets `VmHWM` start again from what is resident now."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self):
        parts = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
