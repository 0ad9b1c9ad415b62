"""PeerAuthentication at a real sidecar: who is let in by which mode (scenarios S1 and S2)."""

import json
import shutil
import socket
import ssl
import time

import pytest

from harness import certificates as c
from harness import exposition
from harness import resources as r
from harness.sidecar import Mesh, Sidecar
from harness.upstream import Upstream, echo
from harness.waiting import wait_for


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    return Mesh(tmp_path_factory.mktemp("mesh"))


@pytest.fixture(scope="module")
def identities(mesh):
    return {account: mesh.issue(account) for account in ("reviews", "productpage", "ratings")}


def repeat(connection):
    """Says what it hears, as it is."""
    while connection.more(time.monotonic() + 20):
        data = bytes(connection.buffer)
        connection.buffer.clear()
        connection.send(data)


@pytest.fixture(scope="module")
def application():
    """The workload itself: an HTTP port and one for bytes."""
    with Upstream("http", echo) as http, Upstream("tcp", repeat) as tcp:
        yield http, tcp


def workload(http, tcp):
    ports = [{"name": "http", "port": 9080}, {"name": "tcp-db", "port": 9090}]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "reviews"},
            "spec": {"selector": {"app": "reviews"}, "ports": ports},
        },
        r.resource(
            "WorkloadEntry",
            "reviews-v1",
            {"address": "127.0.0.1", "labels": {"app": "reviews"}, "serviceAccount": "reviews"},
        ),
        r.resource(
            "Sidecar",
            "reviews",
            {
                "workloadSelector": {"labels": {"app": "reviews"}},
                "ingress": [
                    {
                        "port": {"number": number, "protocol": protocol, "name": name},
                        "bind": "127.0.0.1",
                        "captureMode": "NONE",
                        "defaultEndpoint": f"127.0.0.1:{port}",
                    }
                    for number, protocol, name, port in (
                        (9080, "HTTP", "http", http.port),
                        (9090, "TCP", "tcp-db", tcp.port),
                    )
                ],
            },
        ),
    ]


def policy(mode, ports=None, name="reviews"):
    spec = {"selector": {"matchLabels": {"app": "reviews"}}, "mtls": {"mode": mode}}
    if ports:
        spec["portLevelMtls"] = {str(port): {"mode": mode} for port, mode in ports.items()}
    return r.resource("PeerAuthentication", name, spec, group="security.istio.io/v1")


@pytest.fixture
def sidecar(tmp_path, application, identities):
    """Starts reviews' sidecar with the policies given."""
    running = []

    def start(*policies, **options):
        options.setdefault("identity", identities["reviews"])
        made = Sidecar(
            tmp_path,
            [*workload(*application), *policies],
            workload="reviews-v1",
            ports=(9080, 9090, 15001),
            **options,
        )
        running.append(made)
        return made.start()

    yield start
    for one in running:
        one.stop()


REQUEST = b"GET / HTTP/1.1\r\nHost: reviews\r\nConnection: close\r\n\r\n"


def reach(proxy, number, client=None):
    """What a client gets back: an HTTP status, the bytes it sent, or None where it is closed.

    `client` is a TLS context, None for plain text.
    """
    sock = socket.create_connection(("127.0.0.1", proxy.port(number)), timeout=10)
    try:
        if client:
            sock = client.wrap_socket(sock, server_hostname="outbound_.9080_._.reviews")
        sock.sendall(REQUEST if number == 9080 else b"ping")
        data = sock.recv(1000)
    except (ssl.SSLError, ConnectionError):
        return None
    finally:
        sock.close()
    if number == 9080:
        return int(data.split(b" ")[1]) if data.startswith(b"HTTP/1.1 ") else None
    return data or None


def own_tls():
    """TLS of the application's own: no certificate, nothing of the mesh in ALPN."""
    return c.context(alpn=["http/1.1"])


HELLO = b"\x16\x03\x01"
MATRIX = {
    # mode, port: plain text, mutual TLS of the mesh, other TLS. `raw`: passed on as it is.
    ("PERMISSIVE", 9080): (200, 200, None),
    ("STRICT", 9080): (None, 200, None),
    ("DISABLE", 9080): (200, None, None),
    ("PERMISSIVE", 9090): (b"ping", b"ping", "raw"),
    ("STRICT", 9090): (None, b"ping", None),
    ("DISABLE", 9090): (b"ping", "raw", "raw"),
}


@pytest.mark.parametrize("mode, number", MATRIX)
def test_what_a_port_accepts(sidecar, application, identities, mode, number):
    proxy = sidecar(policy(mode))
    plain, mutual, other = MATRIX[mode, number]
    _, tcp = application
    assert reach(proxy, number) == plain
    for wanted, client in (
        (mutual, identities["productpage"].context()),
        (other, own_tls()),
    ):
        tcp.forget()
        got = reach(proxy, number, client)
        if wanted == "raw":
            # The application says the hello back, which no client takes for an answer.
            assert got is None
            # Its first record; the alert of a client before may come in front of it.
            assert HELLO in bytes(tcp.received)
        else:
            assert got == wanted
            assert HELLO not in bytes(tcp.received)


def test_a_port_of_its_own_mode(sidecar, identities):
    proxy = sidecar(policy("STRICT", ports={9090: "PERMISSIVE"}))
    assert reach(proxy, 9080) is None
    assert reach(proxy, 9090) == b"ping"
    assert reach(proxy, 9080, identities["productpage"].context()) == 200


def test_without_a_policy_both_are_taken(sidecar, identities):
    """S1, and then S2 by a file that is put in place."""
    proxy = sidecar()
    client = identities["productpage"].context()
    assert (reach(proxy, 9080), reach(proxy, 9080, client)) == (200, 200)
    proxy.apply("strict.yaml", policy("STRICT"))
    assert (reach(proxy, 9080), reach(proxy, 9080, client)) == (None, 200)
    stats = proxy.admin("/stats?filter=no_filter_chain_match").text
    count = stats.split(f"{proxy.port(9080)}.no_filter_chain_match: ")[1].split()[0]
    assert int(count) > 0, stats


def test_plain_connections_end_when_only_mutual_tls_is_taken(sidecar, identities):
    """What was let in under PERMISSIVE is not let go on under STRICT; who has a certificate is."""
    proxy = sidecar(policy("PERMISSIVE"))
    address = ("127.0.0.1", proxy.port(9090))
    context = identities["productpage"].context()
    secured = context.wrap_socket(
        socket.create_connection(address, timeout=10), server_hostname="outbound_.9090_._.reviews"
    )
    with secured, socket.create_connection(address, timeout=10) as plain:
        for sock in (plain, secured):
            sock.sendall(b"ping")
            assert sock.recv(100) == b"ping"
        proxy.write("resources.yaml", *proxy.objects[:-1], policy("STRICT"))
        try:
            assert plain.recv(100) == b""
        except ConnectionResetError:
            pass
        secured.sendall(b"more")
        assert secured.recv(100) == b"more"


def test_only_clients_of_the_mesh_are_let_in(sidecar, tmp_path):
    proxy = sidecar(policy("STRICT"))
    stranger = Mesh(tmp_path / "other").issue("productpage")
    assert reach(proxy, 9080, stranger.context()) is None
    assert reach(proxy, 9080, own_tls()) is None
    stats = proxy.admin("/stats?filter=ssl").text
    assert "ssl.fail_verify_error: 1" in stats, stats
    assert "ssl.fail_verify_no_cert: 1" in stats, stats


def test_the_application_sees_the_callers_identity(sidecar, identities):
    proxy = sidecar(policy("STRICT"))
    client = identities["productpage"]
    with c.TLSWire(proxy.port(9080), "x", context=client.context()) as wire:
        answer = wire.get("reviews", "/", "x-forwarded-client-cert: By=spiffe://earlier/hop")
    headers = {n.lower(): v for n, v in json.loads(answer.body)["headers"]}
    digest = client.fingerprint().replace(":", "").lower()
    assert headers["x-forwarded-client-cert"] == (
        "By=spiffe://earlier/hop,By=spiffe://cluster.local/ns/default/sa/reviews;"
        f'Hash={digest};Subject="";URI=spiffe://cluster.local/ns/default/sa/productpage'
    )


def test_in_the_clear_nobody_is_believed_to_be_anybody(sidecar):
    proxy = sidecar(policy("PERMISSIVE"))
    answer = proxy.get("/", "reviews", ["x-forwarded-client-cert: By=evil"], number=9080)
    assert answer.status == 200
    names = {name.lower() for name, _ in json.loads(answer.body)["headers"]}
    assert "x-forwarded-client-cert" not in names


def test_metrics_and_logs_name_the_caller(sidecar, identities):
    form = (
        "%DOWNSTREAM_PEER_URI_SAN% %DOWNSTREAM_LOCAL_URI_SAN% %DOWNSTREAM_TLS_VERSION% "
        "%REQ(X-FORWARDED-CLIENT-CERT)%"
    )
    proxy = sidecar(arguments=["--access-log-format", form])
    assert reach(proxy, 9080, identities["productpage"].context()) == 200
    assert reach(proxy, 9080) == 200
    name = "spiffe://cluster.local/ns/default/sa/"
    lines = wait_for(lambda: len(proxy.log_lines()) > 1 and proxy.log_lines(), "two log lines")
    [unknown, told] = sorted(lines)  # Two workers wrote them.
    assert told.startswith(f"{name}productpage {name}reviews TLSv1.3 By={name}reviews;Hash=")
    assert unknown == "- - - -"
    families = exposition.parse(proxy.metrics().text)
    found = {
        labels["connection_security_policy"]: labels
        for labels in (dict(key[1]) for key in families["istio_requests_total"].series)
    }
    assert found["mutual_tls"]["reporter"] == "destination"
    assert found["mutual_tls"]["source_principal"] == name + "productpage"
    assert found["mutual_tls"]["source_workload_namespace"] == "default"
    assert found["mutual_tls"]["destination_principal"] == name + "reviews"
    assert found["mutual_tls"]["destination_workload"] == "reviews-v1"
    assert found["none"]["source_principal"] == "unknown"
    assert found["none"]["reporter"] == "destination"


def test_a_revoked_caller_is_sent_away(sidecar, mesh, identities, tmp_path):
    own = mesh.issue("reviews", name="reviews-2")
    caller = mesh.issue("ratings", name="ratings-2")
    proxy = sidecar(policy("STRICT"), identity=own)
    with (
        c.TLSWire(proxy.port(9080), "x", context=caller.context()) as wire,
        c.TLSWire(
            proxy.port(9080), "x", context=identities["productpage"].context()
        ) as other,
    ):
        assert wire.get("reviews").status == 200
        assert other.get("reviews").status == 200
        new = own.folder / ".ca-crl.pem"
        shutil.copy(mesh.revoke(caller), new)
        new.rename(own.folder / "ca-crl.pem")
        assert wire.sock.recv(1) == b""
        assert other.get("reviews").status == 200
    assert reach(proxy, 9080, caller.context()) is None


def test_a_connection_ends_with_its_callers_certificate(sidecar, mesh):
    caller = mesh.issue("ratings", ttl="3s", name="brief")
    proxy = sidecar(policy("STRICT"))
    with c.TLSWire(proxy.port(9080), "x", context=caller.context()) as wire:
        assert wire.get("reviews").status == 200
        assert wire.sock.recv(1) == b""
    assert reach(proxy, 9080, caller.context()) is None


@pytest.mark.parametrize("mode", ["SIMPLE", "MUTUAL"])
def test_a_listener_may_have_tls_of_its_own(tmp_path, application, mode):
    """`ingress[].tls`, for clients outside of the mesh, where PeerAuthentication says DISABLE."""
    http, tcp = application
    authority = c.Authority(tmp_path)
    pair = authority.issue("reviews.test")
    tls = {
        "mode": mode,
        "serverCertificate": str(pair.certificate),
        "privateKey": str(pair.key),
    }
    if mode == "MUTUAL":
        tls["caCertificates"] = str(authority.certificate)
    objects = workload(http, tcp)
    for listener, protocol in zip(objects[2]["spec"]["ingress"], ("HTTPS", "TLS")):
        listener["port"]["protocol"] = protocol
        listener["tls"] = tls
    proxy = Sidecar(
        tmp_path, [*objects, policy("DISABLE")], workload="reviews-v1", ports=(9080, 9090, 15001)
    )
    with proxy:
        stranger = c.context(ca=authority.certificate)
        known = c.context(ca=authority.certificate, client=authority.issue("client"))
        for number, answer in ((9080, 200), (9090, b"ping")):
            assert reach(proxy, number) is None, "nothing in the clear"
            assert reach(proxy, number, known) == answer
            assert reach(proxy, number, stranger) == (None if mode == "MUTUAL" else answer)
        assert http.requests[-1].get("host") == "reviews"
