"""HAProxy as somebody who knows it would set it up: one thread, connections reused, no log.

It has no route table for each of many hosts (but maps, and lists of rules): it serves one only.
"""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

from .. import machine
from ..process import free_port
from ..site import Site
from .running import Running, start


class HAProxy:
    name = "haproxy"

    def __init__(self) -> None:
        self.program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")

    def missing(self) -> str | None:
        return None if self.program else "no haproxy in PATH; Benchmarks/install gets it"

    def version(self) -> str:
        return machine.version([self.program, "-v"], r"version (\d\S*?)(?:[-\s])")

    def start(self, site: Site, folder: Path, core: int) -> Running:
        port, status = free_port(), free_port()
        # It wants two descriptors for every connection it may ever have, and would not start where
        # the limit is lower; idle connections here have one each.
        connections = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1000
        secured, scheme = "", "http"
        if site.tls:
            secured = f" ssl crt {site.tls.both} alpn h2,http/1.1 ssl-min-ver TLSv1.3"
            scheme = "https"
        origin = ""
        if site.origin:
            host = site.origin.host
            origin = (
                f" ssl verify required ca-file {site.origin.chain} sni str({host})"
                f" verifyhost {host} ssl-min-ver TLSv1.3"
            )
        path = folder / "haproxy.cfg"
        if site.tcp:
            path.write_text(self._tcp(site, port, connections))
            return start(
                self.name, [self.program, "-db", "-f", str(path)], folder, core, port, site
            )
        path.write_text(
            f"""
global
    nbthread 1
    no strict-limits
    maxpipes 256
    maxconn {connections}

defaults
    mode http
    maxconn {connections}
    backlog 4096
    timeout connect 5s
    timeout client 600s
    timeout server 600s
    timeout http-keep-alive 600s
    timeout http-request 10s
    option http-keep-alive
    option forwardfor
    option splice-response
    http-reuse always

frontend traffic
    bind 127.0.0.1:{port}{secured}
    http-request set-header X-Forwarded-Proto {scheme}
    default_backend upstream

backend upstream
    server one 127.0.0.1:{site.upstream} pool-max-conn -1 pool-purge-delay 600s{origin}

frontend metrics
    bind 127.0.0.1:{status}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    stats enable
    stats uri /stats
"""
        )
        argv = [self.program, "-db", "-f", str(path)]
        return start(self.name, argv, folder, core, port, site)

    def _tcp(self, site: Site, port: int, connections: int) -> str:
        """Bytes alone, past the process where the kernel can (splice-auto)."""
        return f"""
global
    nbthread 1
    no strict-limits
    maxpipes 256
    maxconn {connections}

defaults
    mode tcp
    maxconn {connections}
    backlog 4096
    timeout connect 5s
    timeout client 600s
    timeout server 600s
    option splice-auto

frontend traffic
    bind 127.0.0.1:{port}
    default_backend upstream

backend upstream
    server one 127.0.0.1:{site.upstream}
"""
