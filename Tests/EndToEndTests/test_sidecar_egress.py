"""Calls that leave a workload through its real sidecar: by Host, by port, by server name."""

import socket
import ssl
import threading
import time

import pytest

from harness import certificates as c
from harness import resources as r
from harness.binary import curl, isthmus
from harness.sidecar import Sidecar
from harness.upstream import Upstream, answers, ok
from harness.waiting import wait_for

CALLER = r.workload_entry("caller", 1, {"app": "caller"}, address="127.0.0.1")


def egress(*listeners, name="caller", **more):
    spec = {"workloadSelector": {"labels": {"app": "caller"}}, "egress": list(listeners), **more}
    return r.resource("Sidecar", name, spec)


def listener(number, protocol="HTTP", hosts=("*/*",), **more):
    port = {"number": number, "protocol": protocol, "name": "out"}
    return {"port": port, "captureMode": "NONE", "hosts": list(hosts), **more}


@pytest.fixture
def start(tmp_path):
    running = []

    def started(*objects, ports=(80,), **options):
        made = Sidecar(tmp_path, [CALLER, *objects], workload="caller", ports=ports, **options)
        running.append(made)
        return made.start()

    yield started
    for one in running:
        one.stop()


@pytest.fixture
def two():
    """Two applications that say who they are, any number of times."""
    with (
        Upstream("a", answers(*[ok(b"a")] * 50)) as a,
        Upstream("b", answers(*[ok(b"b")] * 50)) as b,
    ):
        yield a, b


def called(proxy, host, path="/", number=80, fields=()):
    answer = proxy.get(path, host, fields, number)
    return answer.status, answer.body.decode()


def test_without_a_sidecar_resource_calls_go_by_host_and_its_port(start, two):
    a, b = two
    proxy = start(
        r.service("a", 80),
        r.workload_entry("a-1", a.port, {"app": "a"}),
        r.service("b", 9080),
        r.workload_entry("b-1", b.port, {"app": "b"}),
        ports=(15001,),
        arguments=["--dns", "127.0.0.1:1"],
    )
    for host, said in [
        ("a", "a"),
        ("a:80", "a"),
        ("a.default.svc.cluster.local", "a"),
        ("b:9080", "b"),
        ("b", "b"),
        ("B.default:9080", "b"),
    ]:
        assert called(proxy, host, number=15001) == (200, said), host
    for host in ("b:80", "a:9080", "c", "a.other"):
        status, text = called(proxy, host, number=15001)
        # Nobody describes them, so that DNS would have to know them.
        assert status == 503, host
        assert text.startswith(f"DNS resolution failure: {host.split(':')[0]}: "), text
        assert "no Service or ServiceEntry describes it with this port" in text
        assert text.count("\n") == 1 and text.endswith("\n")


def test_an_unknown_host_is_counted_as_istio_counts_it(start):
    proxy = start(egress(listener(80), outboundTrafficPolicy={"mode": "REGISTRY_ONLY"}))
    status, text = called(proxy, "nobody.example.com")
    assert status == 502 and "Sidecar default/caller" in text

    def counted():
        metrics = proxy.metrics().text
        return 'destination_service_name="BlackHoleCluster"' in metrics

    wait_for(counted, "the series of BlackHoleCluster")
    entry = proxy.log_entry(authority="nobody.example.com")
    assert entry["response_code"] == "502", entry


def test_rules_of_the_mesh_choose_by_header_and_by_the_callers_labels(start, two):
    a, b = two
    objects = [
        r.service("reviews", 80),
        r.workload_entry("reviews-v1", a.port, {"app": "reviews", "version": "v1"}),
        r.workload_entry("reviews-v2", b.port, {"app": "reviews", "version": "v2"}),
        r.destination_rule("reviews", {"v1": {"version": "v1"}, "v2": {"version": "v2"}}),
        egress(listener(80)),
    ]
    rules = r.resource(
        "VirtualService",
        "reviews",
        {
            "hosts": ["reviews"],
            "http": [
                r.rule(
                    r.destination("reviews", subset="v2"),
                    match={"headers": {"end-user": {"exact": "jason"}}},
                ),
                r.rule(
                    r.destination("reviews", subset="v2"),
                    match={"uri": {"prefix": "/mine"}, "sourceLabels": {"app": "caller"}},
                ),
                r.rule(
                    r.destination("reviews", subset="v2"),
                    match={"uri": {"prefix": "/other"}, "sourceLabels": {"app": "other"}},
                ),
                r.rule(r.destination("reviews", subset="v1")),
            ],
        },
    )
    proxy = start(*objects, rules)
    assert called(proxy, "reviews", fields=["end-user: jason"]) == (200, "b")
    assert called(proxy, "reviews", fields=["end-user: catface996"]) == (200, "a")
    assert called(proxy, "reviews", "/mine") == (200, "b")
    assert called(proxy, "reviews", "/other") == (200, "a")


def test_what_a_sidecar_may_see_changes_without_a_restart(start, two):
    a, b = two
    objects = [
        r.service("a", 80),
        r.workload_entry("a-1", a.port, {"app": "a"}),
        r.service("b", 80, namespace="other"),
        r.workload_entry("b-1", b.port, {"app": "b"}, namespace="other"),
    ]
    proxy = start(*objects)
    # A listener that comes is bound at the port the map says, on loopback.
    proxy.apply("sidecar.yaml", egress(listener(80)))
    assert called(proxy, "b.other") == (200, "b")
    proxy.apply("sidecar.yaml", egress(listener(80, hosts=("./*",))))
    assert called(proxy, "b.other")[0] == 502
    assert called(proxy, "a") == (200, "a")


def test_an_egress_proxy_takes_what_nobody_describes(start, two):
    a, _ = two
    proxy = start(
        r.service_entry("proxy.example.com", a.port),
        egress(
            listener(80),
            outboundTrafficPolicy={
                "mode": "ALLOW_ANY",
                "egressProxy": {"host": "proxy.example.com", "port": {"number": 80}},
            },
        ),
    )
    assert called(proxy, "anything.example.org") == (200, "a")


def test_a_unix_socket_serves_all_ports(start, two, tmp_path):
    a, _ = two
    path = tmp_path / "out.sock"
    start(
        r.service("a", 9080),
        r.workload_entry("a-1", a.port, {"app": "a"}),
        egress(
            {
                "port": {"protocol": "HTTP", "name": "out"},
                "bind": f"unix://{path}",
                "hosts": ["./*"],
            }
        ),
    )
    run = curl("--unix-socket", path, "http://a:9080/")
    assert (run.code, run.out) == (0, "a")


def test_bytes_go_to_the_service_of_the_port(start):
    def repeat(connection):
        while connection.more(time.monotonic() + 20):
            data = bytes(connection.buffer)
            connection.buffer.clear()
            connection.send(data.upper())

    with Upstream("db", repeat) as db:
        proxy = start(
            r.service("db", 5432, port_name="tcp"),
            r.workload_entry("db-1", db.port, {"app": "db"}, port_name="tcp"),
            egress(listener(5432, "TCP")),
            ports=(5432,),
        )
        with socket.create_connection(("127.0.0.1", proxy.port(5432)), timeout=10) as sock:
            sock.sendall(b"select")
            assert sock.recv(100) == b"SELECT"


@pytest.mark.parametrize(
    "subnets, expected",
    [(["127.0.0.0/8"], b"near"), (["0.0.0.0/0"], b"near"), (["10.0.0.0/8"], b"db"),
     (["::/0"], b"db"), (["2001:db8::/32", "127.0.0.1"], b"near")],
)  # fmt: skip
def test_destination_subnets_are_of_the_address_a_connection_arrived_at(start, subnets, expected):
    def named(word):
        def script(connection):
            connection.send(word)
            connection.until_closed(5)

        return script

    with Upstream("db", named(b"db")) as db, Upstream("near", named(b"near")) as near:
        rule = {
            "match": [{"destinationSubnets": subnets}],
            "route": [r.destination("near.test", port=5432)],
        }
        proxy = start(
            r.service("db", 5432, port_name="tcp"),
            r.workload_entry("db-1", db.port, {"app": "db"}, port_name="tcp"),
            r.service_entry("near.test", near.port, port=5432, protocol="TCP"),
            r.resource("VirtualService", "split", {"hosts": ["db"], "tcp": [rule]}),
            egress(listener(5432, "TCP", hosts=("*/db.default.svc.cluster.local",))),
            ports=(5432,),
        )
        with socket.create_connection(("127.0.0.1", proxy.port(5432)), timeout=10) as sock:
            assert sock.recv(100) == expected


@pytest.mark.parametrize("subnet, expected", [("127.0.0.0/8", "near"), ("10.0.0.0/8", "far")])
def test_one_server_name_goes_by_subnet(start, subnet, expected):
    def script(word):
        def take(connection):
            connection.send(word.encode())
            connection.until_closed(5)

        return take

    with Upstream("near", script("near")) as near, Upstream("far", script("far")) as far:
        names = {"sniHosts": ["vault.test"]}
        tls = [
            {
                "match": [{**names, "destinationSubnets": [subnet]}],
                "route": [r.destination("near.test", port=443)],
            },
            {"match": [names], "route": [r.destination("far.test", port=443)]},
        ]
        proxy = start(
            r.service_entry("near.test", near.port, port=443, protocol="TLS"),
            r.service_entry("far.test", far.port, port=443, protocol="TLS"),
            r.resource("VirtualService", "vault", {"hosts": ["vault.test"], "tls": tls}),
            egress(listener(443, "TLS")),
            ports=(443,),
        )
        outgoing = ssl.MemoryBIO()
        hello = ssl.create_default_context().wrap_bio(
            ssl.MemoryBIO(), outgoing, server_hostname="vault.test"
        )
        with pytest.raises(ssl.SSLWantReadError):
            hello.do_handshake()
        raw = socket.create_connection(("127.0.0.1", proxy.port(443)), timeout=10)
        with raw:
            raw.sendall(outgoing.read())
            assert raw.recv(100).decode() == expected


def test_tls_goes_on_as_it_is_by_its_server_name(start, tmp_path):
    authority = c.Authority(tmp_path)
    pair = authority.issue("vault", "vault.example.com")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pair.certificate, pair.key)

    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    proxy = start(
        r.service_entry("vault.example.com", port, port=443, protocol="TLS"),
        egress(listener(443, "TLS")),
        ports=(443,),
    )
    client = ssl.create_default_context(cafile=str(authority.certificate))

    def connect(name):
        raw = socket.create_connection(("127.0.0.1", proxy.port(443)), timeout=10)
        return client.wrap_socket(raw, server_hostname=name, do_handshake_on_connect=False)

    with connect("vault.example.com") as wrapped:
        def serve():
            conn, _ = listening.accept()
            with server.wrap_socket(conn, server_side=True) as inner:
                inner.sendall(inner.recv(100)[::-1])

        thread = threading.Thread(target=serve)
        thread.start()
        wrapped.do_handshake()
        wrapped.sendall(b"abc")
        assert wrapped.recv(100) == b"cba"
        thread.join(10)
    with connect("other.example.com") as stranger:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            stranger.do_handshake()
    listening.close()


def test_explain_says_what_the_sidecar_does(start, two):
    a, _ = two
    proxy = start(
        r.service("a", 80),
        r.workload_entry("a-1", a.port, {"app": "a"}),
        egress(listener(80)),
    )

    def explain(url):
        return isthmus("explain", "-f", proxy.config, "--workload", "caller", "GET", url)

    known, unknown = explain("http://a/"), explain("http://b/")
    assert known.code == 0 and f"-> 127.0.0.1:{a.port}" in known.out
    assert called(proxy, "a")[0] == 200
    assert unknown.code == 1 and "502: this workload knows no such host" in unknown.out
    assert called(proxy, "b")[0] == 502


def test_a_sidecar_of_nobody_does_not_start(tmp_path):
    run = isthmus("sidecar", "--workload", "nobody", "-f", write(tmp_path, CALLER))
    assert run.code == 78, run.err
    assert "nobody" in run.err


def test_validate_finds_a_listener_that_would_call_itself(tmp_path):
    objects = [
        r.service("a", 9080),
        r.resource("WorkloadEntry", "a-1", {"address": "127.0.0.1", "labels": {"app": "a"}}),
        r.resource(
            "Sidecar",
            "a",
            {
                "workloadSelector": {"labels": {"app": "a"}},
                "ingress": [{"port": {"number": 9080, "protocol": "HTTP", "name": "http"}}],
            },
        ),
    ]
    run = isthmus("validate", "-f", write(tmp_path, *objects))
    assert run.code == 65, run.out + run.err
    assert "which is the listener itself" in run.out and "defaultEndpoint" in run.out


def write(folder, *objects):
    file = folder / "resources.yaml"
    file.write_text(r.text(*objects))
    return file
