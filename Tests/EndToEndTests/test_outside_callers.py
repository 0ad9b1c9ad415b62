"""Who calls an outside host, which way, and whether it may: curl, Python and openssl, each by a
port of their sidecar, through it as a forward proxy, and inside `isthmus run`.

The outside is nginx with certificates of an authority of its own, found by a name server, at an
address of this machine that is not loopback.
"""

import subprocess
import sys

import pytest

from harness import namespace
from harness import resources as r
from harness.binary import binary, environment
from harness.outside import Outside
from harness.sidecar import Sidecar

KNOWN, UNKNOWN = "books.test", "other.test"
ENTRY_PORT, PROXY_PORT = 443, 15001
CALLER = r.workload_entry("caller", 1, {"app": "caller"}, address="127.0.0.1")
SECONDS = 20

# `requests` is told an address for a name as curl and openssl are told one by their options.
PYTHON = """
import socket, sys
url, roots, to = sys.argv[1], sys.argv[2], sys.argv[3:]
if to:
    ask = socket.getaddrinfo
    def told(host, port, *more, **named): return ask(to[0], int(to[1]), *more, **named)
    socket.getaddrinfo = told
import requests
print(requests.get(url, verify=roots, timeout=10).text, end="")
"""


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """Both names on one server; which was asked for is in the answer."""
    said = 'location / { return 200 "$ssl_server_name\\n"; }'
    with Outside(tmp_path_factory.mktemp("outside"), (KNOWN, UNKNOWN), said, tls=[0]) as outside:
        yield outside


def objects(outside, policy, way):
    """The host that is known has one port, and nginx another: a call that went past the sidecar
    would find nobody."""
    entry = r.resource(
        "ServiceEntry",
        "books",
        {
            "hosts": [KNOWN],
            "ports": [
                {
                    "number": ENTRY_PORT,
                    "targetPort": outside.ports[0],
                    "name": "tls",
                    "protocol": "TLS",
                }
            ],
            "resolution": "DNS",
        },
    )
    listener = {"hosts": ["*/*"]}
    if way == "port":
        port = {"number": ENTRY_PORT, "protocol": "TLS", "name": "tls"}
        listener |= {"port": port, "captureMode": "NONE", "bind": "127.0.0.1"}
    sidecar = r.resource(
        "Sidecar", "caller", {"egress": [listener], "outboundTrafficPolicy": {"mode": policy}}
    )
    return [CALLER, entry, sidecar]


def command(caller, host, port, outside, to=None, proxy=None):
    """What somebody would type. `to`: an address to connect to instead of the name's."""
    url = f"https://{host}:{port}/"
    if caller == "curl":
        told = ["--connect-to", f"::{to[0]}:{to[1]}"] if to else []
        return ["curl", "-sS", "--max-time", "10", "--cacert", outside.roots, *told, url]
    if caller == "python":
        return [sys.executable, "-c", PYTHON, url, outside.roots, *(to or ())]
    at = f"{to[0]}:{to[1]}" if to else f"{host}:{port}"
    by = ["-proxy", proxy] if proxy else []
    return [
        "openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", outside.roots,
        "-servername", host, *by, "-connect", at,
    ]  # fmt: skip


def call(arguments, host, env):
    done = subprocess.run(
        list(map(str, arguments)), env=env, capture_output=True, text=True, timeout=SECONDS,
        input=f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
    )  # fmt: skip
    reached = done.stdout.endswith(f"{host}\n")
    assert reached or not done.stdout.endswith(".test\n"), "somebody else answered"
    return "reached" if reached else "refused"


def without_proxies(**more):
    return {k: v for k, v in environment(**more).items() if not k.lower().endswith("_proxy")}


def by_port(caller, host, outside, proxy):
    to = ("127.0.0.1", str(proxy.port(ENTRY_PORT)))
    return call(command(caller, host, ENTRY_PORT, outside, to=to), host, without_proxies())


def by_proxy(caller, host, outside, proxy):
    at = f"127.0.0.1:{proxy.port(PROXY_PORT)}"
    port = ENTRY_PORT if host == KNOWN else outside.ports[0]
    env = without_proxies() | {"https_proxy": f"http://{at}"}
    return call(command(caller, host, port, outside, proxy=at), host, env)


def by_run(caller, host, outside, folder, resources):
    (folder / "mesh.yaml").write_text(r.text(*resources))
    port = ENTRY_PORT if host == KNOWN else outside.ports[0]
    run = [binary(), "run", "-w", "caller", "-f", folder / "mesh.yaml", "--workers", "1"]
    run += ["--admin", "off", "--status", "off", "--metrics", "off"]
    run += ["--dns", outside.names.address, "--"]
    return call(run + command(caller, host, port, outside), host, without_proxies())


def expected(way, policy, host):
    if host == KNOWN:
        return "reached"
    # A port of TLS has only the names that are known. A forward proxy is told a name that can be
    # looked up, and behind captured packets there is the address that was called.
    return "reached" if policy == "ALLOW_ANY" and way != "port" else "refused"


@pytest.mark.parametrize("policy", ["ALLOW_ANY", "REGISTRY_ONLY"])
@pytest.mark.parametrize("way", ["port", "proxy", "run"])
def test_callers_reach_what_they_may_and_nothing_else(way, policy, outside, tmp_path):
    if way == "run" and namespace.MISSING:
        pytest.skip(f"{namespace.MISSING}: calls out of a namespace were not tested")
    resources = objects(outside, policy, way)
    callers = ("curl", "python", "openssl")
    asked = [(caller, host) for caller in callers for host in (KNOWN, UNKNOWN)]
    if way == "run":
        found = {pair: by_run(*pair, outside, tmp_path, resources) for pair in asked}
    else:
        port = {"port": ENTRY_PORT, "proxy": PROXY_PORT}[way]
        proxy = Sidecar(
            tmp_path, resources, workload="caller", ports=(port,),
            arguments=["--dns", outside.names.address],
        )  # fmt: skip
        calls = by_port if way == "port" else by_proxy
        with proxy:
            found = {pair: calls(*pair, outside, proxy) for pair in asked}
    assert found == {pair: expected(way, policy, pair[1]) for pair in asked}
