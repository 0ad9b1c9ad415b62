"""The recipes of gateways/egress with processes of their own: a sidecar, an egress gateway, and
nginx as the outside, with certificates of another authority and behind a real name server.

The pages of docs/tasks show the same on the demo; here the outside is nobody of ours.
"""

import re
import subprocess

import pytest

from harness import certificates
from harness import resources as r
from harness.binary import PROJECT, environment
from harness.gateway import Gateway
from harness.outside import Outside
from harness.sidecar import Mesh, Sidecar

NAMES = ("books", "news", "secure", "www.wiki", "en.wiki", "de.wiki")
OUT = 15001
CALLER = r.resource(
    "WorkloadEntry",
    "caller",
    {"address": "127.0.0.1", "labels": {"app": "caller"}, "serviceAccount": "caller"},
)
SIDECAR = r.resource(
    "Sidecar",
    "caller",
    {"egress": [{"hosts": ["*/*"]}], "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
)
LABELS = ["--label", "istio=egressgateway", "--label", "app=istio-egressgateway"]

# Folder: what is asked, how the outside is asked, and whether the egress gateway asks.
RECIPES = {
    "book-service": ("http://books", "https", False),
    "http": ("http://news", "http", True),
    "tls-origination": ("http://news", "https", True),
    "sidecar-tls-origination": ("http://news", "https", False),
    "mutual-tls": ("http://secure", "https", True),
    "sni-passthrough": ("https://news", "https", True),
    "mesh-mtls": ("http://news", "https", True),
    "wildcard-hosts": ("https://en.wiki", "https", True),
    "wildcard-passthrough": ("https://de.wiki", "https", True),
    "wildcard-tls-origination": ("http://de.wiki", "https", True),
}


def test_every_recipe_is_here():
    folders = {p.name for p in (PROJECT / "gateways/egress").iterdir() if p.is_dir()}
    assert folders == RECIPES.keys()


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """nginx on two ports; `secure` asks for a certificate. Says how it was asked and by whom."""
    said = (
        'location / { return 200 "$scheme $host $ssl_client_s_dn '
        '[$http_x_forwarded_proto$http_x_forwarded_client_cert$http_x_envoy_attempt_count]"; }'
    )
    hosts = [f"{name}.example.com" for name in NAMES]
    anybody = f"server_name _; {said}"
    made = Outside(tmp_path_factory.mktemp("outside"), hosts, anybody, anybody, tls=[1])
    made.client = made.authority.issue("client", "client.example.net")
    knows = f"ssl_verify_client on; ssl_client_certificate {made.roots};"
    made.nginx.add(1, f"server_name secure.example.com; {knows} {said}", made.pair)
    with made:
        yield made


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    return Mesh(tmp_path_factory.mktemp("mesh"))


def write_rules(folder, recipe, outside, gateway):
    """The files as they are, with the ports that servers have here."""
    folder.mkdir()
    for file in (PROJECT / "gateways/egress" / recipe).glob("*.yaml"):
        # What makes an exception for the demo's outside, which is on loopback.
        if file.name == "outside.yaml" or file.name == "details-v2.yaml":
            continue
        text = file.read_text()
        for declared, port in zip((9080, 9443), outside.ports):
            text = text.replace(f"targetPort: {declared},", f"targetPort: {port},")
        (folder / file.name).write_text(text)
    text = (PROJECT / "gateways/samples/egress-gateway.yaml").read_text()
    for declared, number in ((8080, 80), (8443, 443)):
        text = text.replace(f"targetPort: {declared},", f"targetPort: {gateway.port(number)},")
    text = re.sub(r"address: \S+", "address: 127.0.0.1", text)
    (folder / "egress-gateway.yaml").write_text(text)
    secret = certificates.secret(
        "client-credential", outside.client, ca=outside.roots
    )
    (folder / "caller.yaml").write_text(r.text(CALLER, SIDECAR, secret))


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_outside_is_asked_as_the_recipe_says(recipe, outside, mesh, tmp_path):
    asked, scheme, goes_by_gateway = RECIPES[recipe]
    rules = tmp_path / "rules"
    options = {
        "paths": [rules],
        "arguments": ["--dns", outside.names.address],
        "env": environment(SSL_CERT_FILE=str(outside.roots)),
    }
    account = "istio-egressgateway-service-account"
    identity = mesh.issue(account, namespace="istio-system", name=f"egress-{recipe}")
    egress = Gateway(tmp_path, ports=(80, 443), name="egress", **options)
    egress.arguments += [*LABELS, "--identity", identity.folder]
    sidecar = Sidecar(
        tmp_path, workload="caller", ports=(OUT,), identity=mesh.issue("caller", name=recipe),
        **options,
    )  # fmt: skip
    write_rules(rules, recipe, outside, egress)
    with egress, sidecar:
        url = f"{asked}.example.com/"
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "10", "--cacert", outside.roots,
             "--noproxy", "", "-x", f"127.0.0.1:{sidecar.port(OUT)}", url],
            capture_output=True, text=True, timeout=20, env=environment(),
        )  # fmt: skip
        client = "CN=client" if recipe == "mutual-tls" else ""
        host = url.split("/")[2]
        # No field of the mesh's reaches the outside.
        assert done.stdout == f"{scheme} {host} {client} []", (done.stderr, sidecar.child.tail())
    lines = egress.log_lines()
    assert len(lines) == (1 if goes_by_gateway else 0), lines
