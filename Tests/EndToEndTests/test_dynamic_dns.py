"""ServiceEntries of resolution DYNAMIC_DNS: hosts that requests name, looked up when they do.

Loopback is no address that a name may lead to, so upstreams listen on the machine's own.
"""

import http.server
import socket
import ssl
import subprocess
import threading
import time
import traceback

import pytest

from harness import accesslog
from harness import certificates as c
from harness import resources as r
from harness.binary import curl, isthmus
from harness.nameserver import NameServer
from harness.namespace import own_address
from harness.nginx import Nginx
from harness.ports import free_port
from harness.sidecar import Sidecar
from harness.waiting import wait_for
from test_forward_proxy import Turn


class Web:
    """The same port on several addresses; an answer says where it came to and by which Host."""

    def __init__(self, *addresses, tls=None):
        self.port = free_port()
        self.served = []
        self.names = []
        self.errors = []
        self.servers = [self._serve(address, tls) for address in addresses]

    def _serve(self, address, tls):
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                length = int(self.headers.get("content-length") or 0)
                body = f"{address} {self.headers['host']} ".encode() + self.rfile.read(length)
                web.served.append(address)
                self.close_connection = "x-close" in self.headers
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                if self.close_connection:
                    self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                web.errors.append(traceback.format_exc())

        server = Server((address, self.port), Handler)
        if tls:
            tls.sni_callback = lambda sock, asked, _: web.names.append(asked)
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def own():
    return own_address()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return c.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def web(own):
    web = Web(own, "127.0.0.1")
    yield web
    web.stop()


@pytest.fixture
def secure(own, authority):
    pair = authority.issue("a.app.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    web = Web(own, tls=context)
    yield web
    web.stop()


@pytest.fixture
def names(tmp_path, own):
    server = NameServer(tmp_path, a_app_test=[own], b_app_test=[own], other_test=[own]).start()
    yield server
    server.stop()


def wildcard(target, port=80, protocol="HTTP", **more):
    """Any name under app.test, at the port `target`."""
    ports = [{"number": port, "name": "main", "protocol": protocol, "targetPort": target}]
    return r.service_entry(
        "*.app.test", name="apps", ports=ports, resolution="DYNAMIC_DNS", **more
    )


def objects(target, *more, port=80, protocol="HTTP"):
    rule = r.rule(r.destination("*.app.test", port=port))
    return [r.gateway(), r.virtual_service("apps", rule), wildcard(target, port, protocol), *more]


def start(started, names, *objects, **options):
    return started(*objects, arguments=["--dns", names.address], **options)


CLOSE = "x-close: 1"


def get(gateway, host, *fields):
    return gateway.get(host=host, fields=fields)


def test_any_name_under_the_wildcard_is_looked_up_when_it_is_asked_for(started, names, web, own):
    gateway = start(started, names, *objects(web.port))
    assert names.asked("a.app.test") == 0
    for host in ("a.app.test", "b.app.test", "A.App.Test", "a.app.test:8080", "a.app.test."):
        answer = get(gateway, host)
        assert (answer.status, answer.body) == (200, f"{own} {host} ".encode()), host
    entry = gateway.log_entry(authority="b.app.test")
    assert entry["upstream_host"] == f"{own}:{web.port}", entry
    assert entry["upstream_cluster"] == "outbound|80||*.app.test", entry


def test_a_name_that_is_not_there_is_said_and_not_asked_for_at_each_request(started, names, web):
    gateway = start(started, names, *objects(web.port), workers=1)
    for _ in range(5):
        answer = get(gateway, "gone.app.test")
        assert answer.status == 503
        assert answer.body == (
            b"DNS resolution failure: gone.app.test: there is no such name (NXDOMAIN)\n"
        )
    assert names.asked("gone.app.test") == 1
    entry = gateway.log_entry(authority="gone.app.test")
    assert entry["response_flags"] == "DF", entry
    assert entry["response_code_details"] == "dns_resolution_failure", entry
    # It is asked for again when it has had time to come about.
    names.set("gone.app.test", own_address())
    wait_for(lambda: get(gateway, "gone.app.test").status == 200, "the name to be there", 20)


def test_no_name_beyond_the_wildcard_is_ever_asked_for(started, names, web):
    gateway = start(started, names, *objects(web.port))
    for host in ("other.test", "app.test", "evil-app.test", "a.app.test.other.test"):
        answer = get(gateway, host)
        assert answer.status == 502, host
        assert answer.body.startswith(f"{host} is blocked: ServiceEntry default/apps".encode())
        assert b"names under *.app.test alone" in answer.body
        assert names.asked(host) == 0
    for host in ("127.0.0.1", "[::1]", "127.1", "0x7f000001"):
        assert get(gateway, host).status in (502, 503), host
    assert web.served == []


def test_a_rule_that_rewrites_the_host_decides_which_name_is_asked_for(started, names, web, own):
    rule = r.rule(r.destination("*.app.test", port=80), rewrite={"authority": "b.app.test"})
    gateway = start(
        started, names, r.gateway(), wildcard(web.port), r.virtual_service("apps", rule)
    )
    assert get(gateway, "anything.example").body == f"{own} b.app.test ".encode()
    assert names.asked("anything.example") == 0


BLOCKED = {
    "127.0.0.1": "a loopback address",
    "127.8.9.10": "a loopback address",
    "0.0.0.0": "an unspecified address",
    "169.254.169.254": "a link-local address",
    "100.100.100.200": "a metadata address",
    "224.0.0.1": "a multicast address",
    "::1": "a loopback address",
    "::ffff:127.0.0.1": "a loopback address",
    "fd00:ec2::254": "a metadata address",
}


@pytest.mark.parametrize("address", BLOCKED)
def test_a_name_that_leads_inside_leads_nowhere(started, names, web, address):
    names.set("in.app.test", address)
    gateway = start(started, names, *objects(web.port))
    answer = get(gateway, "in.app.test")
    if answer.status == 503:
        # Of IPv6 addresses, those without a route are none.
        assert ":" in address and b"no route" in answer.body, answer.body
        return
    assert answer.status == 502, answer.body
    text = answer.body.decode()
    assert "in.app.test leads, is blocked" in text and BLOCKED[address] in text, text
    assert f"with port {web.port}" in text and text.count("\n") == 1
    assert web.served == []
    line = gateway.wait_for_talk("in.app.test leads")
    assert f"destination=in.app.test:{web.port}" in line and "caller=127.0.0.1:" in line, line
    assert "isthmus.egress_blocked_addresses_total: 1" in gateway.admin("/stats").text
    entry = gateway.log_entry(authority="in.app.test")
    assert entry["response_code_details"] == "destination_ip_prohibited", entry


def test_a_name_that_led_outside_first_does_not_lead_inside_later(started, names, web, own):
    """DNS rebinding: what counts is the address of each connection, not of the first."""
    names.set("rebind.app.test", own)
    gateway = start(started, names, *objects(web.port))
    assert get(gateway, "rebind.app.test", CLOSE).status == 200
    names.set("rebind.app.test", "127.0.0.1")
    seen = set()

    def blocked():
        seen.add(get(gateway, "rebind.app.test", CLOSE).status)
        return 502 in seen

    wait_for(blocked, "the new answer", 20)
    assert seen <= {200, 502}
    assert set(web.served) == {own}, "somebody inside was called"


def test_of_several_addresses_those_inside_are_left_out(started, names, web, own):
    names.set("both.app.test", "127.0.0.1", own, "169.254.169.254")
    gateway = start(started, names, *objects(web.port))
    for _ in range(12):
        assert get(gateway, "both.app.test", CLOSE).status == 200
    assert set(web.served) == {own}


def test_an_address_of_one_family_that_nobody_answers_at_costs_nothing(started, names, web, own):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("2001:db8::1", 9))
        except OSError:
            pytest.skip("this machine has no IPv6 beyond loopback: two families were not tested")
        other = probe.getsockname()[0]
    names.set("dual.app.test", own, other)
    gateway = start(started, names, *objects(web.port))
    for _ in range(12):
        assert get(gateway, "dual.app.test", CLOSE).status == 200
    assert set(web.served) == {own}


def test_an_entry_that_lists_an_address_means_it(started, names, web):
    names.set("in.app.test", "127.0.0.1")
    listed = r.service_entry(
        "inside.example", web.port, port=web.port, addresses=["127.0.0.1"], name="inside"
    )
    gateway = start(started, names, *objects(web.port, listed))
    assert get(gateway, "in.app.test").body == b"127.0.0.1 in.app.test "
    # An endpoint is not: it says who serves one host, and nothing of others.
    endpoint = r.service_entry("inside.example", web.port, port=web.port, name="inside")
    gateway = start(started, names, *objects(web.port, endpoint))
    assert get(gateway, "in.app.test").status == 502


def simple_tls(authority, port=443):
    tls = {"mode": "SIMPLE", "caCertificates": str(authority.certificate)}
    ports = [{"port": {"number": port}, "tls": tls}]
    policy = {"portLevelSettings": ports}
    return r.resource(
        "DestinationRule", "apps", {"host": "*.app.test", "trafficPolicy": policy}
    )


def test_tls_is_originated_to_the_host_that_was_asked_for(started, names, secure, authority, own):
    rule = simple_tls(authority)
    gateway = start(started, names, *objects(secure.port, rule, port=443, protocol="TLS"))
    answer = get(gateway, "a.app.test")
    assert answer.body == f"{own} a.app.test ".encode(), answer.body
    # The same server: its certificate is another's.
    wrong = get(gateway, "b.app.test")
    assert wrong.status == 503 and b"TLS_error" in wrong.body, wrong.body
    # Each try asks for the name that the request has.
    assert secure.names[0] == "a.app.test" and set(secure.names[1:]) == {"b.app.test"}
    assert len(secure.served) == 1


def passthrough(target):
    server = r.gateway(port=443, protocol="TLS", tls={"mode": "PASSTHROUGH"})
    rules = r.resource(
        "VirtualService",
        "apps",
        {
            "hosts": ["*"],
            "gateways": ["edge"],
            "tls": [
                {
                    "match": [{"port": 443, "sniHosts": ["*.test"]}],
                    "route": [{"destination": {"host": "*.app.test", "port": {"number": 443}}}],
                }
            ],
        },
    )
    return [server, rules, wildcard(target, 443, "TLS")]


def s_client(gateway, name, authority):
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port(443)}", "-servername", name,
         "-verify_hostname", name, "-CAfile", str(authority.certificate), "-quiet"],
        input=f"GET / HTTP/1.1\r\nHost: {name}\r\nx-close: 1\r\n\r\n".encode(),
        capture_output=True, timeout=20,
    )  # fmt: skip


def test_tls_passes_to_the_server_it_asks_for(started, names, secure, authority, own):
    gateway = start(started, names, *passthrough(secure.port), ports=(443,))
    done = s_client(gateway, "a.app.test", authority)
    assert f"{own} a.app.test".encode() in done.stdout, done.stdout + done.stderr
    entry = gateway.log_entry(requested_server_name="a.app.test")
    assert entry["upstream_host"] == f"{own}:{secure.port}", entry
    names.set("in.app.test", "127.0.0.1")
    for name, flags in (("other.test", "UH"), ("gone.app.test", "DF"), ("in.app.test", "UH")):
        assert s_client(gateway, name, authority).stdout == b""
        assert gateway.log_entry(requested_server_name=name)["response_flags"] == flags, name
    assert secure.names == ["a.app.test"] and names.asked("other.test") == 0
    # Somebody who says no name at all.
    with socket.create_connection(("127.0.0.1", gateway.port(443)), 10) as client:
        client.sendall(b"\x16\x03\x01")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


@pytest.mark.parametrize("workers", [1, 2])
def test_tls_that_a_load_balancer_leads_back_is_known_by_its_hello(
    started, names, secure, authority, own, workers
):
    """Each worker lets it pass once. Another client's is another."""
    with Turn() as turn:
        port = int(turn.authority.rpartition(":")[2])
        gateway = start(started, names, *passthrough(port), ports=(443,), workers=workers)
        turn.target = ("127.0.0.1", gateway.port(443))
        for _ in range(2):
            before = turn.passed
            assert s_client(gateway, "a.app.test", authority).stdout == b""
            assert 1 <= turn.passed - before <= workers
        line = gateway.log_entry(response_flags="UH", requested_server_name="a.app.test")
        reason = line["upstream_transport_failure_reason"].replace("_", " ")
        assert "leads back to this proxy" in reason, line
        # Two clients of one server are no loop.
        turn.target = (own, secure.port)
        for _ in range(2):
            assert b"a.app.test" in s_client(gateway, "a.app.test", authority).stdout


def test_requests_wait_for_a_slow_resolver_with_their_bodies(started, names, web, own):
    gateway = start(started, names, *objects(web.port))
    names.hang()
    done = []
    body = b"x" * 300_000

    head = f"POST / HTTP/1.1\r\nHost: a.app.test\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    def post():
        with gateway.wire(seconds=20) as wire:
            done.append(wire.request(head + body, "POST"))

    waiting = [threading.Thread(target=post) for _ in range(3)]
    for thread in waiting:
        thread.start()
    active = "cluster.outbound|80||*.app.test.upstream_rq_active: 3"
    wait_for(lambda: active in gateway.admin("/stats").text, "three requests to wait")
    names.go_on()
    for thread in waiting:
        thread.join(20)
    said = [answer.body[-99:] for answer in done]
    assert [answer.status for answer in done] == [200] * 3, said + web.errors
    assert all(answer.body == f"{own} a.app.test ".encode() + body for answer in done)


def test_a_resolver_that_hangs_costs_the_connect_timeout_and_nobody_else(started, names, web, own):
    policy = r.resource(
        "DestinationRule",
        "apps",
        {
            "host": "*.app.test",
            "trafficPolicy": {"connectionPool": {"tcp": {"connectTimeout": "300ms"}}},
        },
    )
    gateway = start(started, names, *objects(web.port, policy), workers=1)
    assert get(gateway, "a.app.test").status == 200
    names.hang()
    began = time.monotonic()
    answer = get(gateway, "b.app.test")
    assert answer.status == 503 and b"did not answer in time" in answer.body, answer.body
    assert time.monotonic() - began < 5
    assert gateway.log_entry(authority="b.app.test")["response_flags"] == "DF"
    # Whom DNS has known is served by its last good answer.
    for _ in range(20):
        assert get(gateway, "a.app.test", CLOSE).status == 200
    names.go_on()
    wait_for(lambda: get(gateway, "b.app.test").status == 200, "the resolver's answer", 20)


def test_the_routes_timeout_holds_while_dns_is_asked(started, names, web):
    rule = r.rule(r.destination("*.app.test", port=80), timeout="300ms")
    gateway = start(
        started, names, r.gateway(), wildcard(web.port), r.virtual_service("apps", rule)
    )
    names.hang()
    assert get(gateway, "a.app.test").status == 504
    assert gateway.log_entry(authority="a.app.test")["response_flags"] == "UT"
    names.go_on()
    wait_for(lambda: get(gateway, "a.app.test").status == 200, "the resolver's answer", 20)


def test_whoever_leaves_while_dns_is_asked_leaves_nothing_behind(started, names, web):
    gateway = start(started, names, *objects(web.port), workers=1)
    names.hang()
    for number in range(20):
        with gateway.wire() as wire:
            wire.send(f"GET / HTTP/1.1\r\nHost: n{number}.app.test\r\n\r\n".encode())
    names.go_on()
    idle = "cluster.outbound|80||*.app.test.upstream_rq_active: 0"
    wait_for(lambda: idle in gateway.admin("/stats").text, "no request to be left", 20)
    assert get(gateway, "a.app.test").status == 200


def test_http2_to_hosts_that_requests_name(started, names, tmp_path, own):
    port = free_port()
    said = 'return 200 "$server_protocol $host";'
    with Nginx(tmp_path, f"listen {own}:{port} http2; {said}"):
        gateway = start(started, names, *objects(port, protocol="HTTP2"))
        answer = get(gateway, "a.app.test")
        assert answer.body == b"HTTP/2.0 a.app.test", answer.body
        done = subprocess.run(
            ["curl", "-sS", "--http2-prior-knowledge", "-H", "Host: b.app.test",
             f"http://127.0.0.1:{gateway.port()}/"],
            capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        assert done.stdout == "HTTP/2.0 b.app.test", done.stderr


def test_hosts_and_endpoints_of_one_wildcard_do_not_share_connections(started, names, web, own):
    gateway = start(started, names, *objects(web.port), workers=1)
    for host in ("a.app.test", "b.app.test") * 4:
        assert get(gateway, host).status == 200
    stats = gateway.admin("/stats").text
    assert "isthmus.dns_cached_names: 2" in stats
    assert "cluster.outbound|80||*.app.test.upstream_cx_total: 2" in stats
    page = gateway.admin("/clusters").text
    for host in ("a.app.test", "b.app.test"):
        assert f"outbound|80||*.app.test::{host}:{web.port}::rq_total::4\n" in page, page


def test_a_name_that_leads_back_to_the_proxy_goes_round_no_second_time(started, names, web, own):
    gateway = started(
        *objects(web.port), arguments=["--dns", names.address, "--bind", "0.0.0.0"], workers=1
    )
    assert get(gateway, "a.app.test").status == 200
    gateway.write("resources.yaml", *objects(gateway.port()))

    def goes_round():
        answer = get(gateway, "b.app.test")
        return answer if answer.status == 502 else None

    answer = wait_for(goes_round, "the new port to be live")
    assert b"leads back to this proxy" in answer.body, answer.body

    # By its loopback address first, and once by the one that it is to itself.
    def failed():
        entries = map(accesslog.parse, gateway.log_lines())
        return [e["response_code_details"] for e in entries if e["response_code"] == "502"]

    wait_for(lambda: len(failed()) == 2, "both lines")
    assert sorted(failed()) == ["proxy_loop_detected", "via_upstream"]

    # In absolute-form it goes out unmarked; then its address tells.
    target = ["-H", "Host: b.app.test", "--request-target", "http://b.app.test/"]
    run = curl(*target, "-w", " %{http_code}", gateway.url())
    assert run.out.endswith(" 503"), run.out
    assert "leads back to this proxy" in run.out


def way_out(target, authority, plain=1, secure=1):
    """By the egress gateway, whose ports are `plain` and `secure`: TLS as it is, by server name;
    plain text by Host, over TLS that the gateway originates."""
    entry = r.service_entry(
        "egress.test",
        name="egress",
        ports=[
            {"number": 80, "name": "http", "protocol": "HTTP"},
            {"number": 443, "name": "tls", "protocol": "TLS"},
        ],
        endpoints=[{"address": "127.0.0.1", "ports": {"http": plain, "tls": secure}}],
    )
    passing = {"mode": "PASSTHROUGH"}
    servers = [
        {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*.app.test"]},
        {
            "port": {"number": 443, "name": "tls", "protocol": "TLS"},
            "hosts": ["*.app.test"],
            "tls": passing,
        },
    ]
    spec = {"selector": {"istio": "ingressgateway"}, "servers": servers}
    gateway = r.resource("Gateway", "out", spec)

    def by_host(where, host):
        return {
            "match": [{"gateways": [where], "port": 80}],
            "route": [{"destination": {"host": host, "port": {"number": 80}}}],
        }

    def by_name(where, host):
        return {
            "match": [{"gateways": [where], "port": 443, "sniHosts": ["*.app.test"]}],
            "route": [{"destination": {"host": host, "port": {"number": 443}}}],
        }

    rules = r.resource(
        "VirtualService",
        "apps",
        {
            "hosts": ["*.app.test"],
            "gateways": ["mesh", "out"],
            "http": [by_host("mesh", "egress.test"), by_host("out", "*.app.test")],
            "tls": [by_name("mesh", "egress.test"), by_name("out", "*.app.test")],
        },
    )
    ports = [
        {"number": 80, "name": "http", "protocol": "HTTP", "targetPort": target},
        {"number": 443, "name": "tls", "protocol": "TLS", "targetPort": target},
    ]
    apps = r.service_entry("*.app.test", name="apps", ports=ports, resolution="DYNAMIC_DNS")
    return [entry, gateway, rules, apps, simple_tls(authority, 80)]


def test_a_wildcard_leaves_by_the_egress_gateway(
    started, names, secure, authority, own, tmp_path
):
    ways = way_out(secure.port, authority)
    gateway = start(started, names, *ways, ports=(80, 443))
    caller = r.workload_entry("caller", 1, {"app": "caller"}, address="127.0.0.1")
    ways = way_out(secure.port, authority, gateway.port(80), gateway.port(443))
    proxy = Sidecar(tmp_path, [caller, *ways], workload="caller", ports=(15001,))
    with proxy:
        address = f"http://127.0.0.1:{proxy.port(15001)}"
        for url in ("http://a.app.test/", "https://a.app.test/"):
            done = subprocess.run(
                ["curl", "-sS", "--max-time", "10", "-x", address, "--cacert",
                 str(authority.certificate), url],
                capture_output=True, text=True, timeout=20,
            )  # fmt: skip
            assert done.stdout == f"{own} a.app.test ", done.stderr
        through = "outbound|443||egress.test"
        assert proxy.log_entry(method="CONNECT")["upstream_cluster"] == through
    assert secure.names == ["a.app.test", "a.app.test"]
    assert gateway.log_entry(authority="a.app.test")["upstream_host"] == f"{own}:{secure.port}"
    assert gateway.log_entry(requested_server_name="a.app.test")["response_flags"] == "-"


def test_validate_knows_what_dynamic_dns_takes(tmp_path):
    spec = {
        "hosts": ["app.test"],
        "addresses": ["192.0.2.1"],
        "ports": [{"number": 5432, "name": "db", "protocol": "TCP"}],
        "resolution": "DYNAMIC_DNS",
    }
    (tmp_path / "bad.yaml").write_text(r.text(r.resource("ServiceEntry", "bad", spec)))
    done = isthmus("validate", "-f", tmp_path / "bad.yaml")
    assert done.code == 65
    for part in ("takes wildcards", "finds its addresses by itself", "needs a host name"):
        assert part in done.out + done.err, done
    (tmp_path / "bad.yaml").write_text(r.text(*objects(80)))
    assert isthmus("validate", "-f", tmp_path / "bad.yaml").code == 0


def test_explain_says_how_such_a_host_is_found(tmp_path):
    (tmp_path / "all.yaml").write_text(r.text(*objects(80)))
    done = isthmus("explain", "-f", tmp_path / "all.yaml", "GET", "http://a.app.test/")
    assert done.code == 0, done
    assert "DNS is asked for the host when it is called (names under *.app.test alone)" in done.out
    assert "gets 502, unless a ServiceEntry lists it" in done.out
