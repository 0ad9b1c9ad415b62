"""A proxy that was started and answers: its process, its port, and how it was asked to come up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from .. import wire
from ..certificate import Certificate
from ..process import Child
from ..site import Site


@dataclass
class Running:
    name: str
    child: Child
    port: int
    folder: Path
    load_seconds: float
    tls: Optional[Certificate] = None
    # Makes `host`'s catch-all route answer the header `x-version: value`, and tells the proxy so.
    # Absent where a proxy has no route table to change.
    change: Optional[Callable[[int, str], None]] = None


def start(
    name: str,
    argv: list[str],
    folder: Path,
    core: int,
    port: int,
    site: Site,
    ready: Callable[[], bool] | None = None,
    asks: bool = True,
) -> Running:
    """Starts and waits until the last route of the last host answers, which ends the load time;
    without `asks` being ready is enough."""
    child = Child(argv, folder, core)
    host = site.host(site.hosts - 1) if site.hosts else "bench.example.com"
    path = site.paths(site.hosts - 1)[-1] if site.hosts else "/"

    def answers() -> bool:
        if not child.alive():
            raise RuntimeError(f"{name} exited with {child.popen.returncode}:\n{child.tail()}")
        if ready is not None and not ready():
            return False
        return not asks or wire.get(port, path, host, site.tls and site.tls.context).status == 200

    try:
        taken = wire.wait_until(answers, f"{name} ready", seconds=120)
    except TimeoutError as error:
        child.stop()
        raise RuntimeError(f"{error}\n{child.tail()}") from None
    except BaseException:
        child.stop()
        raise
    return Running(name, child, port, folder, taken, site.tls)
