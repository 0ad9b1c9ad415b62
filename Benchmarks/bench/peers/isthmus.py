"""Isthmus itself, run as its users run it: Istio resources in a folder, one worker.

`label=path` on the command line gives a build a name, so that two builds stand side by side.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from .. import machine, wire
from ..certificate import Certificate
from ..process import free_port
from ..site import Site
from .running import Running, start

HEAD = "apiVersion: networking.istio.io/v1\nkind: "

GATEWAY = f"""{HEAD}Gateway
metadata: {{name: bench, namespace: default}}
spec:
  selector: {{istio: ingressgateway}}
  servers:
  - port: {{number: 80, name: http, protocol: HTTP}}
    hosts: ["*"]
"""


HTTPS = f"""{HEAD}Gateway
metadata: {{name: bench, namespace: default}}
spec:
  selector: {{istio: ingressgateway}}
  servers:
  - port: {{number: 443, name: https, protocol: HTTPS}}
    tls: {{mode: SIMPLE, credentialName: bench, minProtocolVersion: TLSV1_3}}
    hosts: ["*"]
"""


TCP = f"""{HEAD}Gateway
metadata: {{name: bench, namespace: default}}
spec:
  selector: {{istio: ingressgateway}}
  servers:
  - port: {{number: 80, name: tcp, protocol: TCP}}
    hosts: ["*"]
---
{HEAD}VirtualService
metadata: {{name: all, namespace: default}}
spec:
  hosts: ["*"]
  gateways: [bench]
  tcp:
  - route: [{{destination: {{host: all.bench.internal, port: {{number: 80}}}}}}]
"""


def secret(tls: Certificate) -> str:
    chain, key = (base64.b64encode(path.read_bytes()).decode() for path in (tls.chain, tls.key))
    return f"""apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: {{name: bench, namespace: default}}
data: {{tls.crt: {chain}, tls.key: {key}}}
"""


def service(name: str, upstream: int, protocol: str = "http") -> str:
    return f"""{HEAD}ServiceEntry
metadata: {{name: {name}, namespace: default}}
spec:
  hosts: [{name}.bench.internal]
  location: MESH_INTERNAL
  resolution: STATIC
  ports:
  - {{number: 80, name: main, protocol: {protocol.upper()}}}
  endpoints:
  - address: 127.0.0.1
    ports: {{main: {upstream}}}
"""


def virtual_service(name: str, host: str, rules: str) -> str:
    return f"""{HEAD}VirtualService
metadata: {{name: {name}, namespace: default}}
spec:
  hosts: ["{host}"]
  gateways: [bench]
  http:
{rules}"""


POLICIES = """  - route:
    - {destination: {host: one.bench.internal, port: {number: 80}}, weight: 50}
    - {destination: {host: two.bench.internal, port: {number: 80}}, weight: 50}
    timeout: 5s
    retries: {attempts: 3, perTryTimeout: 2s, retryOn: "5xx,reset,connect-failure"}
    headers: {response: {set: {x-version: "1"}}}
"""


def outlier_detection(service: str) -> str:
    return f"""{HEAD}DestinationRule
metadata: {{name: {service}, namespace: default}}
spec:
  host: {service}.bench.internal
  trafficPolicy:
    outlierDetection: {{consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s}}
"""


def origin(site: Site) -> str:
    """The outside host that `all` is, and TLS towards it."""
    return f"""{HEAD}ServiceEntry
metadata: {{name: all, namespace: default}}
spec:
  hosts: [all.bench.internal]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports:
  - {{number: 80, name: main, protocol: HTTP}}
  endpoints:
  - address: 127.0.0.1
    ports: {{main: {site.upstream}}}
---
{HEAD}DestinationRule
metadata: {{name: all, namespace: default}}
spec:
  host: all.bench.internal
  trafficPolicy:
    tls:
      mode: SIMPLE
      caCertificates: {site.origin.chain}
      sni: {site.origin.host}
      subjectAltNames: [{site.origin.host}]
"""


def outside(site: Site, index: int) -> str:
    """A host by DNS, and the way to it."""
    name = site.name(index)
    entry = f"""{HEAD}ServiceEntry
metadata: {{name: name-{index}, namespace: default}}
spec:
  hosts: [{name}]
  location: MESH_EXTERNAL
  resolution: DNS
  ports:
  - {{number: 80, name: main, protocol: HTTP, targetPort: {site.upstream}}}
"""
    way = f"  - route: [{{destination: {{host: {name}, port: {{number: 80}}}}}}]\n"
    return entry + "---\n" + virtual_service(f"name-{index}", name, way)


def rule(match: str | None, service: str, version: str | None = None) -> str:
    destination = f"{{destination: {{host: {service}.bench.internal, port: {{number: 80}}}}}}"
    lines = [f"route: [{destination}]"]
    if match:
        lines.insert(0, f"match: [{{uri: {{{match}}}}}]")
    if version:
        lines.append(f'headers: {{response: {{set: {{x-version: "{version}"}}}}}}')
    return "  - " + "\n    ".join(lines) + "\n"


class Isthmus:
    def __init__(self, label: str, program: str) -> None:
        self.name = label
        self.program = os.path.abspath(program)

    def missing(self) -> str | None:
        if os.access(self.program, os.X_OK):
            return None
        return f"no executable at {self.program}; 'make build' makes it, --isthmus PATH names one"

    def version(self) -> str:
        return machine.version([self.program, "version"], r"(\d+\.\d+\S*)")

    def start(
        self, site: Site, folder: Path, core: int, wrap: list[str] | None = None
    ) -> Running:
        """`wrap` goes before the command: a profiler."""
        port, admin, status = free_port(), free_port(), free_port()
        resources = folder / "resources"
        resources.mkdir()
        self.write(site, resources)
        argv = [
            *(wrap or []),
            self.program, "gateway",
            "-f", str(resources),
            "--bind", "127.0.0.1",
            "--port-map", f"{443 if site.tls else 80}={port}",
            "--workers", "1",
            "--admin", f"127.0.0.1:{admin}",
            "--status", f"127.0.0.1:{status}",
            "--access-log", "off",
            *(["--dns", f"127.0.0.1:{site.dns}"] if site.dns else []),
        ]  # fmt: skip

        def ready() -> bool:
            return wire.get(status, "/healthz/ready", "localhost").status == 200

        asks = not site.down and not site.names
        running = start(self.name, argv, folder, core, port, site, ready, asks)

        def change(index: int, value: str) -> None:
            fresh = folder / "changed.yaml"
            fresh.write_text(self.host(site, index, value))
            os.replace(fresh, resources / f"{site.host(index)}.yaml")

        running.change = change if site.hosts and site.file_each else None
        return running

    def write(self, site: Site, folder: Path) -> None:
        """One big file, or one a host; the Gateway and the services in a file of their own."""
        if site.names:
            each = (outside(site, index) for index in range(site.names))
            (folder / "names.yaml").write_text("---\n".join([GATEWAY, *each]))
            return
        if site.tcp:
            both = [TCP, service("all", site.upstream, "tcp")]
            (folder / "gateway.yaml").write_text("---\n".join(both))
            return
        services = ["all"] if site.hosts == 0 else ["login", "api", "items", "web"]
        if site.policies:
            services = ["one", "two"]
        shared = [HTTPS, secret(site.tls)] if site.tls else [GATEWAY]
        if site.origin:
            shared.append(origin(site))
        else:
            shared += [service(name, site.upstream) for name in services]
        if site.policies:
            shared += [outlier_detection(name) for name in services]
        (folder / "gateway.yaml").write_text("---\n".join(shared))
        if site.policies:
            (folder / "routes.yaml").write_text(virtual_service("all", "*", POLICIES))
        elif site.hosts == 0:
            (folder / "routes.yaml").write_text(virtual_service("all", "*", rule(None, "all")))
        elif site.file_each:
            for index in range(site.hosts):
                (folder / f"{site.host(index)}.yaml").write_text(self.host(site, index))
        else:
            hosts = (self.host(site, index) for index in range(site.hosts))
            (folder / "routes.yaml").write_text("---\n".join(hosts))

    def host(self, site: Site, index: int, version: str | None = None) -> str:
        rules = [
            rule(f'exact: "{site.exact(index)}"', "login"),
            rule(f'prefix: "{site.prefix(index)}"', "api"),
            rule(f'regex: "{site.regex(index)}"', "items"),
            rule(None, "web", version),
        ]
        return virtual_service(f"host-{index:05d}", site.host(index), "".join(rules))
