"""What the numbers were measured on: cores, limits, and the versions to print beside them.

A figure without its machine is a rumour; and a proxy that shares its core with the load generator
is measured on somebody else's cache.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess

DESCRIPTORS = 65536


def cores() -> tuple[int, int]:
    """The core that is the proxy's alone, and the one the client and the upstream share."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise SystemExit("Benchmarks/run: needs two cores, one for the proxy and one for the load")
    return allowed[0], allowed[1]


def raise_descriptor_limit() -> int:
    """Raises RLIMIT_NOFILE, also of every child, as far as this user may. Returns the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (max(hard, DESCRIPTORS), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return wanted
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def describe() -> str:
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        found = re.search(r"^model name\s*:\s*(.+)$", info.read(), re.MULTILINE)
        if found:
            model = found.group(1).strip()
    with open("/proc/meminfo", encoding="utf-8") as info:
        gigabytes = int(info.readline().split()[1]) / 1048576
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return (
        f"{model}, {os.cpu_count()} cores, {gigabytes:.0f} GB; "
        f"{system}, Linux {platform.release()}"
    )


def load_average() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def version(argv: list[str], pattern: str) -> str:
    """The first match of `pattern` in what the command prints, on either stream."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "?"
    found = re.search(pattern, done.stdout + done.stderr)
    return found.group(1) if found else "?"
