"""The questions asked, each a module with `run(bench) -> Table`; the names are the command line's."""

from __future__ import annotations

from . import hosts, http1, idle, large, reload

ALL = {
    "http1": http1,
    "large": large,
    "idle": idle,
    "hosts": hosts,
    "reload": reload,
}
