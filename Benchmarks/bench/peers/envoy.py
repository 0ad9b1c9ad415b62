"""Envoy as somebody who knows it would set it up: one worker thread, statistics on, no access log.

Routes come by RDS from a file where they are to change, which is how Envoy itself reloads a file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from .. import machine
from ..process import free_port
from ..site import Site
from .running import Running, start

V3 = "type.googleapis.com/envoy.extensions"


class Envoy:
    name = "envoy"

    def __init__(self) -> None:
        ours = Path(__file__).resolve().parents[2] / ".venv" / "bin" / "envoy"
        found = str(ours) if ours.exists() else shutil.which("envoy")
        self.program = found and native(found)

    def missing(self) -> str | None:
        return None if self.program else "no envoy in PATH; Benchmarks/install gets it"

    def version(self) -> str:
        return machine.version([self.program, "--version"], r"[0-9a-f]{40}/(\d+\.\d+\.\d+)/")

    def start(self, site: Site, folder: Path, core: int) -> Running:
        port, admin = free_port(), free_port()
        routes = folder / "routes"
        routes.mkdir()
        manager = {
            "@type": f"{V3}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "bench",
            "use_remote_address": True,
            "http_filters": [
                {
                    "name": "router",
                    "typed_config": {"@type": f"{V3}.filters.http.router.v3.Router"},
                }
            ],
        }
        if site.hosts:
            self._write_routes(routes, site, {})
            manager["rds"] = {
                "route_config_name": "bench",
                "config_source": {
                    "path_config_source": {
                        "path": str(routes / "rds.json"),
                        "watched_directory": {"path": str(routes)},
                    },
                    "resource_api_version": "V3",
                },
            }
        else:
            manager["route_config"] = {
                "name": "bench",
                "virtual_hosts": [
                    {
                        "name": "all",
                        "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}],
                    }
                ],
            }
        config = {
            "node": {"id": "bench", "cluster": "bench"},
            "admin": {"address": _address(admin)},
            "static_resources": {
                "listeners": [
                    {
                        "name": "bench",
                        "address": _address(port),
                        "filter_chains": [
                            {
                                "filters": [{"name": "http", "typed_config": manager}],
                                **_secured(site),
                            }
                        ],
                    }
                ],
                "clusters": [
                    {
                        "name": "upstream",
                        "type": "STATIC",
                        "connect_timeout": "5s",
                        **_originated(site),
                        "load_assignment": {
                            "cluster_name": "upstream",
                            "endpoints": [
                                {
                                    "lb_endpoints": [
                                        {"endpoint": {"address": _address(site.upstream)}}
                                    ]
                                }
                            ],
                        },
                    }
                ],
            },
            # Without a limit of its own Envoy warns at every start; it reaches this one never.
            "overload_manager": {
                "resource_monitors": [
                    {
                        "name": "envoy.resource_monitors.global_downstream_max_connections",
                        "typed_config": {
                            "@type": f"{V3}.resource_monitors.downstream_connections.v3"
                            ".DownstreamConnectionsConfig",
                            "max_active_downstream_connections": 50000,
                        },
                    }
                ]
            },
        }
        path = folder / "envoy.json"
        path.write_text(json.dumps(config))
        argv = [
            self.program,
            "--config-path", str(path),
            "--concurrency", "1",
            "--disable-hot-restart",
            "--log-level", "error",
        ]  # fmt: skip
        running = start(self.name, argv, folder, core, port, site)
        versions: dict[int, str] = {}

        def change(index: int, value: str) -> None:
            versions[index] = value
            self._write_routes(routes, site, versions)

        running.change = change if site.hosts else None
        return running

    def _write_routes(self, folder: Path, site: Site, versions: dict[int, str]) -> None:
        to = {"cluster": "upstream"}
        hosts = []
        for index in range(site.hosts):
            last: dict = {"match": {"prefix": "/"}, "route": to}
            if index in versions:
                last["response_headers_to_add"] = [
                    {"header": {"key": "x-version", "value": versions[index]}}
                ]
            hosts.append(
                {
                    "name": site.host(index),
                    "domains": [site.host(index)],
                    "routes": [
                        {"match": {"path": site.exact(index)}, "route": to},
                        {"match": {"prefix": site.prefix(index)}, "route": to},
                        {"match": {"safe_regex": {"regex": site.regex(index)}}, "route": to},
                        last,
                    ],
                }
            )
        resource = {
            "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
            "name": "bench",
            "virtual_hosts": hosts,
        }
        document = {"version_info": "/".join(versions.values()), "resources": [resource]}
        fresh = folder / ".rds.json.new"
        fresh.write_text(json.dumps(document))
        os.replace(fresh, folder / "rds.json")


def native(program: str) -> str:
    """The program itself where `program` is the Python package's launcher, or pyenv's before it:
    starting Python would otherwise be part of Envoy's load time, and of its processes."""
    try:
        first = Path(program).open("rb").readline().decode("utf-8", "replace")
        if first.startswith("#!") and "bash" in first and shutil.which("pyenv"):
            program = _said(["pyenv", "which", "envoy"]) or program
            first = Path(program).open("rb").readline().decode("utf-8", "replace")
        if first.startswith("#!") and "python" in first:
            where = "import envoy, os; print(os.path.dirname(envoy.__file__))"
            inside = Path(_said([*first[2:].split(), "-c", where])) / "_bin" / "envoy"
            return str(inside) if os.access(inside, os.X_OK) else program
    except OSError:
        pass
    return program


def _said(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    return done.stdout.strip()


def _secured(site: Site) -> dict:
    """Tickets need no word: BoringSSL makes them with a key of its own."""
    if site.tls is None:
        return {}
    pair = {
        "certificate_chain": {"filename": str(site.tls.chain)},
        "private_key": {"filename": str(site.tls.key)},
    }
    common = {
        "tls_certificates": [pair],
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_3"},
    }
    config = {
        "@type": f"{V3}.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": common,
    }
    return {"transport_socket": {"name": "tls", "typed_config": config}}


def _originated(site: Site) -> dict:
    if site.origin is None:
        return {}
    name = {"san_type": "DNS", "matcher": {"exact": site.origin.host}}
    trust = {
        "trusted_ca": {"filename": str(site.origin.chain)},
        "match_typed_subject_alt_names": [name],
    }
    config = {
        "@type": f"{V3}.transport_sockets.tls.v3.UpstreamTlsContext",
        "sni": site.origin.host,
        "common_tls_context": {
            "validation_context": trust,
            "tls_params": {
                "tls_minimum_protocol_version": "TLSv1_3",
                "tls_maximum_protocol_version": "TLSv1_3",
            },
        },
    }
    return {"transport_socket": {"name": "tls", "typed_config": config}}


def _address(port: int) -> dict:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
