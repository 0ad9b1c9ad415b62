"""A gateway and a sidecar of Isthmus with mutual TLS between them, as a mesh has them.

Their identities come from `isthmus ca`; the application is the harness's upstream.
"""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

from .. import wire
from ..process import free_port
from ..site import Site
from .isthmus import GATEWAY, HEAD, Isthmus, virtual_service
from .running import Running, start

NAMESPACE = "metadata: {name: app, namespace: default}\n"


def resources(inbound: int, outbound: int, application: int) -> str:
    """`inbound` and `outbound` are the sidecar's ports, `application` what stands behind it."""
    service = f"""apiVersion: v1
kind: Service
{NAMESPACE}spec:
  selector: {{app: app}}
  ports: [{{name: http, port: 80, targetPort: {inbound}}}]
"""
    workload = f"""{HEAD}WorkloadEntry
{NAMESPACE}spec: {{address: 127.0.0.1, labels: {{app: app}}, serviceAccount: app}}
"""
    sidecar = f"""{HEAD}Sidecar
{NAMESPACE}spec:
  workloadSelector: {{labels: {{app: app}}}}
  ingress:
  - port: {{number: {inbound}, name: http, protocol: HTTP}}
    bind: 127.0.0.1
    captureMode: NONE
    defaultEndpoint: 127.0.0.1:{application}
  egress:
  - port: {{number: {outbound}, name: http, protocol: HTTP}}
    bind: 127.0.0.1
    captureMode: NONE
    hosts: ["./*"]
"""
    strict = f"""apiVersion: security.istio.io/v1
kind: PeerAuthentication
{NAMESPACE}spec: {{mtls: {{mode: STRICT}}}}
"""
    mutual = f"""{HEAD}DestinationRule
{NAMESPACE}spec:
  host: app.default.svc.cluster.local
  trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL}}}}
"""
    destination = "{destination: {host: app.default.svc.cluster.local, port: {number: 80}}}"
    routes = virtual_service("app", "*", f"  - route: [{destination}]\n")
    return "---\n".join([GATEWAY, service, workload, sidecar, strict, mutual, routes])


def identity(peer: Isthmus, authority: Path, namespace: str, account: str) -> Path:
    out = authority.parent / f"identity-{account}"
    names = ["--namespace", namespace, "--service-account", account, "--out", str(out)]
    ca(peer, "issue", authority, *names)
    return out


def ca(peer: Isthmus, verb: str, folder: Path, *arguments: str) -> None:
    argv = [peer.program, "ca", verb, "--dir", str(folder), *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr}")


@contextlib.contextmanager
def started(peer: Isthmus, site: Site, folder: Path, core: int):
    """The two proxies, (gateway, sidecar), stopped at the end of the block."""
    port, inbound = free_port(), free_port()
    ca(peer, "init", folder / "ca")
    config = folder / "resources"
    config.mkdir()
    (config / "mesh.yaml").write_text(resources(inbound, free_port(), site.upstream))

    def proxy(name: str, port: int, *arguments: str) -> Running:
        status = free_port()
        home = folder / name
        home.mkdir()
        argv = [
            *[peer.program, name, "-f", str(config), "--workers", "1"],
            *["--admin", f"127.0.0.1:{free_port()}", "--metrics", f"127.0.0.1:{free_port()}"],
            *["--status", f"127.0.0.1:{status}", "--access-log", "off", *arguments],
        ]

        def ready() -> bool:
            return wire.get(status, "/healthz/ready", "localhost").status == 200

        # The sidecar's port speaks mutual TLS alone: an answer of the gateway says that it serves.
        asks = name == "gateway"
        return start(f"{peer.name} {name}", argv, home, core, port, site, ready, asks)

    with contextlib.ExitStack() as stack:
        who = identity(peer, folder / "ca", "default", "app")
        sidecar = proxy("sidecar", inbound, "--workload", "app.default", "--identity", str(who))
        stack.callback(sidecar.child.stop)
        who = identity(peer, folder / "ca", "istio-system", "gateway")
        more = ["--identity", str(who), "--bind", "127.0.0.1", "--port-map", f"80={port}"]
        gateway = proxy("gateway", port, *more)
        stack.callback(gateway.child.stop)
        yield gateway, sidecar
