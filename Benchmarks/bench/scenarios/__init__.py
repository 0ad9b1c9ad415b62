"""The questions asked, each a module with `run(setting) -> list[Table]`.

The names are those of the command line. QUESTIONS are those a profile can be made of.
"""

from __future__ import annotations

from types import SimpleNamespace

from . import cost, hosts, idle, large, mtls, names, policies, reload, storm, tcp

ALL = {
    "http1": cost.HTTP1,
    "tls": cost.TLS,
    "h2": cost.H2,
    "handshakes": cost.HANDSHAKES,
    "origination": cost.ORIGINATION,
    "mtls": mtls,
    "policies": policies,
    "storm": storm,
    "large": large,
    "tcp": tcp,
    "idle": idle,
    "idletls": SimpleNamespace(run=idle.run_tls),
    "hosts": hosts,
    "names": names,
    "reload": reload,
}

QUESTIONS = {one.name: one for one in cost.SINGLE}
