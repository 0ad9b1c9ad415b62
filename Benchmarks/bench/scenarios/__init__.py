"""The questions asked, each a module with `run(setting) -> list[Table]`.

The names are those of the command line.
"""

from __future__ import annotations

from . import hosts, http1, idle, large, reload

ALL = {
    "http1": http1,
    "large": large,
    "idle": idle,
    "hosts": hosts,
    "reload": reload,
}
