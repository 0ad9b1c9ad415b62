"""Services whose endpoints are host names: DNS and DNS_ROUND_ROBIN against a real name server."""

import http.server
import re
import socket
import ssl
import subprocess
import threading
import time

import pytest

from harness import exposition
from harness import resources as r
from harness.binary import binary
from harness.certificates import Authority
from harness.nameserver import NameServer
from harness.ports import free_port
from harness.waiting import wait_for


class Places:
    """The same port on several addresses of this machine; each answers with its address."""

    def __init__(self, *addresses, tls=None):
        self.port = free_port()
        self.tls = tls
        self.servers = {address: self._serve(address) for address in addresses}

    def _serve(self, address):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.close_connection = "x-close" in self.headers
                self.send_response(200)
                self.send_header("content-length", str(len(address)))
                if self.close_connection:
                    self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(address.encode())

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
            daemon_threads = True

        server = Server((address, self.port), Handler)
        if self.tls:
            server.socket = self.tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def stop(self):
        for server in self.servers.values():
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def places():
    places = Places("127.0.0.2", "127.0.0.3", "127.0.0.4", "::1")
    yield places
    places.stop()


@pytest.fixture
def names(tmp_path):
    server = NameServer(tmp_path).start()
    yield server
    server.stop()


def entry(host, port, resolution="DNS", **more):
    """Port 80 of `host` is `port` at whatever its name stands for."""
    ports = [{"number": 80, "name": "main", "protocol": "HTTP", "targetPort": port}]
    return r.service_entry(host, resolution=resolution, ports=ports, **more)


def objects(*entries):
    routes = []
    for entry in entries:
        host = entry["spec"]["hosts"][0]
        rule = r.rule(r.destination(host))
        routes.append(r.virtual_service(host.replace(".", "-"), rule, hosts=[host]))
    return [r.gateway(), *entries, *routes]


def start(started, names, *entries, **options):
    return started(*objects(*entries), arguments=["--dns", names.address], **options)


def answers(gateway, host, count=24):
    """Who answered, over connections of their own; a status where nobody did."""
    found = set()
    for _ in range(count):
        answer = gateway.get(host=host)
        found.add(answer.body.decode() if answer.status == 200 else answer.status)
    return found


def until(gateway, host, wanted, seconds=15.0):
    def look():
        found = answers(gateway, host, 8)
        return found if found <= wanted else None

    wait_for(look, f"{host} to be answered by {wanted} alone", seconds)


def cluster_stat(gateway, host, stat):
    name = f"cluster.outbound|80||{host}.{stat}: "
    for line in gateway.admin("/stats").text.splitlines():
        if line.startswith(name):
            return int(line[len(name) :])
    raise AssertionError(f"no {name}")


def test_every_address_of_both_families_is_an_endpoint(started, names, places):
    names.set("app.test", "127.0.0.2", "127.0.0.3", "::1")
    gateway = start(started, names, entry("app.test", places.port))
    # From the first request on: names are looked up before the configuration is live.
    assert answers(gateway, "app.test", 60) == {"127.0.0.2", "127.0.0.3", "::1"}


def test_an_answer_is_followed_when_its_ttl_is_over(started, names, places):
    names.set("app.test", "127.0.0.2")
    gateway = start(started, names, entry("app.test", places.port))
    assert answers(gateway, "app.test") == {"127.0.0.2"}
    names.set("app.test", "127.0.0.3", "127.0.0.4")
    until(gateway, "app.test", {"127.0.0.3", "127.0.0.4"})
    assert answers(gateway, "app.test", 60) == {"127.0.0.3", "127.0.0.4"}


def test_a_name_is_asked_for_once_for_all_workers_and_clusters(started, tmp_path, places):
    names = NameServer(tmp_path, ttl=600, app_test=["127.0.0.2"]).start()
    try:
        other = entry("other.test", places.port, endpoints=[{"address": "App.test"}])
        gateway = start(started, names, entry("app.test", places.port), other, workers=4)
        assert answers(gateway, "app.test") == answers(gateway, "other.test") == {"127.0.0.2"}
        assert names.asked("app.test") == 1
        assert names.asked("other.test") == 0
    finally:
        names.stop()


def test_the_last_good_answer_serves_while_the_resolver_hangs(started, names, places):
    names.set("app.test", "127.0.0.2")
    gateway = start(started, names, entry("app.test", places.port))
    names.hang()
    stale = "isthmus.dns_stale_names: 1"
    wait_for(lambda: stale in gateway.admin("/stats").text, stale, 30)
    assert answers(gateway, "app.test") == {"127.0.0.2"}
    assert cluster_stat(gateway, "app.test", "update_failure") >= 1
    names.go_on()
    names.set("app.test", "127.0.0.3")
    until(gateway, "app.test", {"127.0.0.3"}, 90)
    assert "isthmus.dns_stale_names: 0" in gateway.admin("/stats").text


def test_a_name_that_disappears_leaves_nobody_and_says_why(started, names, places):
    names.set("app.test", "127.0.0.2")
    gateway = start(started, names, entry("app.test", places.port))
    assert answers(gateway, "app.test") == {"127.0.0.2"}
    names.set("app.test")
    until(gateway, "app.test", {503})
    line = gateway.log_entry(authority="app.test", response_code="503")
    assert line["response_flags"] == "UH"
    assert "NXDOMAIN" in line["upstream_transport_failure_reason"]
    names.set("app.test", "127.0.0.4")
    until(gateway, "app.test", {"127.0.0.4"}, 30)


def test_a_name_that_nobody_knows_holds_up_nobody_else(started, names, places):
    names.set("app.test", "127.0.0.2")
    missing = entry("missing.test", places.port)
    gateway = start(started, names, entry("app.test", places.port), missing)
    assert answers(gateway, "app.test") == {"127.0.0.2"}
    assert answers(gateway, "missing.test", 4) == {503}


def test_a_resolver_that_hangs_from_the_start_does_not_keep_the_rest_from_serving(
    started, names, places
):
    names.hang()
    fixed = r.service_entry("fixed.test", places.port)
    fixed["spec"]["endpoints"][0]["address"] = "127.0.0.2"
    gateway = start(started, names, entry("app.test", places.port), fixed)
    assert answers(gateway, "fixed.test") == {"127.0.0.2"}
    assert answers(gateway, "app.test", 4) == {503}
    names.go_on()
    names.set("app.test", "127.0.0.3")
    until(gateway, "app.test", {"127.0.0.3"}, 30)


def test_round_robin_goes_to_one_address_a_connection(started, names, places):
    names.set("app.test", "127.0.0.2", "127.0.0.3")
    logical = entry("app.test", places.port, resolution="DNS_ROUND_ROBIN")
    gateway = start(started, names, logical, workers=1)
    # One request after the other shares one connection upstream.
    assert len(answers(gateway, "app.test", 20)) == 1
    assert cluster_stat(gateway, "app.test", "upstream_cx_total") == 1
    assert cluster_stat(gateway, "app.test", "membership_total") == 1


def test_round_robin_keeps_open_connections_when_the_addresses_change(started, names, places):
    names.set("app.test", "127.0.0.2")
    logical = entry("app.test", places.port, resolution="DNS_ROUND_ROBIN")
    gateway = start(started, names, logical, workers=1)
    assert answers(gateway, "app.test", 3) == {"127.0.0.2"}
    before = names.asked("app.test")
    names.set("app.test", "127.0.0.3")
    wait_for(lambda: names.asked("app.test") >= before + 3, "the name to be asked for again", 15)
    assert answers(gateway, "app.test", 3) == {"127.0.0.2"}
    assert cluster_stat(gateway, "app.test", "upstream_cx_total") == 1


def test_round_robin_passes_over_addresses_where_nobody_answers(started, names, places):
    names.set("app.test", "127.0.0.2", "127.0.0.9")
    logical = entry("app.test", places.port, resolution="DNS_ROUND_ROBIN")
    gateway = start(started, names, logical, workers=1)
    # Every request needs a connection of its own: one of them may meet the dead address.
    got = [gateway.get(host="app.test", fields=["x-close: 1"]).status for _ in range(12)]
    assert got.count(200) >= 11
    assert cluster_stat(gateway, "app.test", "upstream_cx_connect_fail") <= 1
    line = gateway.log_entry(authority="app.test", response_code="200")
    assert "127.0.0.2:" in line["upstream_host"]


@pytest.fixture
def silent(places):
    """127.0.0.9 at the port of `places`: connections to it are neither taken nor refused."""
    listening = socket.create_server(("127.0.0.9", places.port), backlog=0)
    crowd = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.9", places.port))
        crowd.append(one)
    yield "127.0.0.9"
    for one in [listening, *crowd]:
        one.close()


def test_a_silent_address_costs_a_moment_and_no_request(started, names, places, silent):
    names.set("app.test", "127.0.0.2", silent)
    logical = entry("app.test", places.port, resolution="DNS_ROUND_ROBIN")
    gateway = start(started, names, logical, workers=1)
    # A connection each. The first that meets it goes to the other address a quarter of a second
    # later, and the others do not try it for a while.
    began = time.monotonic()
    for _ in range(12):
        answer = gateway.get(host="app.test", fields=["x-close: 1"])
        assert (answer.status, answer.body) == (200, b"127.0.0.2")
    # Envoy's limit for a connection is 10 s.
    assert time.monotonic() - began < 8
    assert cluster_stat(gateway, "app.test", "upstream_cx_total") == 12
    assert cluster_stat(gateway, "app.test", "upstream_cx_connect_fail") == 0
    assert cluster_stat(gateway, "app.test", "upstream_rq_retry") == 0
    for line in gateway.log_lines():
        assert f"127.0.0.2:{places.port}" in line and silent not in line, line


@pytest.mark.parametrize("resolution", ["DNS", "DNS_ROUND_ROBIN"])
def test_ipv6_that_leads_nowhere_is_no_requests_concern(started, names, resolution):
    # IPv4 alone listens there.
    places = Places("127.0.0.2")
    try:
        names.set("app.test", "127.0.0.2", "::1")
        both = entry("app.test", places.port, resolution=resolution)
        gateway = start(started, names, both, workers=1)
        got = {gateway.get(host="app.test", fields=["x-close: 1"]).body for _ in range(12)}
        assert got == {b"127.0.0.2"}
        assert cluster_stat(gateway, "app.test", "upstream_cx_connect_fail") == 0
        assert cluster_stat(gateway, "app.test", "upstream_rq_retry") == 0
        members = 2 if resolution == "DNS" else 1
        assert cluster_stat(gateway, "app.test", "membership_total") == members
    finally:
        places.stop()


def test_the_hosts_file_comes_before_the_resolver(started, names, places):
    # `localhost` is in every hosts file; this resolver would say something else.
    names.set("localhost", "127.0.0.9")
    elsewhere = entry("app.test", free_port(), endpoints=[{"address": "localhost"}])
    gateway = start(started, names, elsewhere)
    assert answers(gateway, "app.test", 2) == {503}
    assert names.asked("localhost") == 0
    line = gateway.log_entry(authority="app.test")
    assert line["upstream_host"].startswith('"127.0.0.1:') or line["upstream_host"].startswith(
        "127.0.0.1:"
    )


def test_entries_of_one_host_add_up(started, names, places):
    names.set("one.test", "127.0.0.2")
    first = entry("app.test", places.port, endpoints=[{"address": "one.test"}])
    second = entry("app.test", places.port, name="second", endpoints=[{"address": "127.0.0.4"}])
    gateway = started(*objects(first), second, arguments=["--dns", names.address])
    assert answers(gateway, "app.test", 40) == {"127.0.0.2", "127.0.0.4"}


def test_workload_entries_may_have_names(started, names, places):
    names.set("vm.test", "127.0.0.3")
    workload = r.workload_entry("vm", places.port, {"app": "vm"}, "main", address="vm.test")
    selected = entry("app.test", 80, workloadSelector={"labels": {"app": "vm"}})
    gateway = started(*objects(selected), workload, arguments=["--dns", names.address])
    assert answers(gateway, "app.test") == {"127.0.0.3"}


def test_a_reload_brings_new_names_without_a_single_503(started, names, places):
    names.set("app.test", "127.0.0.2")
    names.set("new.test", "127.0.0.3")
    gateway = start(started, names, entry("app.test", places.port))
    assert answers(gateway, "new.test", 1) == {404}
    both = [entry(host, places.port) for host in ("app.test", "new.test")]
    gateway.write("resources.yaml", *objects(*both))
    seen = set()

    def look():
        seen.update(answers(gateway, "new.test", 1))
        return "127.0.0.3" in seen

    wait_for(look, "new.test to be served", 10)
    assert seen <= {404, "127.0.0.3"}


def test_tls_asks_for_the_host_and_checks_it_whatever_the_address(started, names, tmp_path):
    authority = Authority(tmp_path / "authority")
    leaf = authority.issue("app.test")
    asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.certificate, leaf.key)
    context.sni_callback = lambda _, name, __: asked.append(name)
    places = Places("127.0.0.2", tls=context)
    try:
        # Both names lead to the server, whose certificate is for one of them.
        names.set("app.test", "127.0.0.2")
        names.set("other.test", "127.0.0.2")
        tls = {"mode": "SIMPLE", "caCertificates": str(authority.certificate)}
        hosts = ("app.test", "other.test")
        rules = [r.destination_rule(host, {}, tls=tls) for host in hosts]
        entries = [entry(host, places.port) for host in hosts]
        gateway = started(*objects(*entries), *rules, arguments=["--dns", names.address])
        assert answers(gateway, "app.test", 4) == {"127.0.0.2"}
        assert set(asked) == {"app.test"}
        assert answers(gateway, "other.test", 1) == {503}
        assert set(asked) == {"app.test", "other.test"}
        line = gateway.log_entry(authority="other.test")
        assert "CERTIFICATE_VERIFY_FAILED" in line["upstream_transport_failure_reason"]
    finally:
        places.stop()


def test_explain_and_validate_know_names(tmp_path):
    file = tmp_path / "resources.yaml"
    logical = entry("one.test", 8080, resolution="DNS_ROUND_ROBIN")
    file.write_text(r.text(*objects(entry("app.test", 8443), logical)))

    def run(*words):
        command = [binary(), *words, "-f", str(file)]
        return subprocess.run(command, capture_output=True, text=True, timeout=20)

    told = run("explain", "GET", "http://app.test/")
    assert told.returncode == 0, told.stderr
    assert "app.test:8443" in told.stdout
    assert "DNS says the addresses of its names; each of them is an endpoint" in told.stdout
    told = run("explain", "GET", "http://one.test/")
    assert "each new connection goes to one of them" in told.stdout
    done = run("validate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search("does not act|no effect", done.stdout + done.stderr)


def test_bytes_go_to_names_too(started, names, places):
    names.set("app.test", "127.0.0.3")
    service = entry("app.test", places.port)
    service["spec"]["ports"][0]["protocol"] = "TCP"
    route = r.virtual_service(
        "bytes", gateways=["bytes"], tcp=[{"route": [r.destination("app.test", port=80)]}]
    )
    door = r.gateway("bytes", port=9000, protocol="TCP")
    gateway = started(door, service, route, ports=(9000,), arguments=["--dns", names.address])
    assert gateway.get(number=9000).body == b"127.0.0.3"
    names.set("app.test")

    def is_closed():
        with socket.create_connection(("127.0.0.1", gateway.port(9000)), timeout=5) as client:
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            try:
                return client.recv(1000) == b""
            except ConnectionResetError:
                return True

    wait_for(is_closed, "the name to be gone", 15)


def test_clusters_page_tells_addresses_and_what_is_left_of_their_ttl(started, tmp_path, places):
    names = NameServer(tmp_path, ttl=300, app_test=["127.0.0.2", "::1"]).start()
    try:
        gateway = start(started, names, entry("app.test", places.port))
        answers(gateway, "app.test", 4)
        text = gateway.admin("/clusters").text
        cluster = "outbound|80||app.test"
        for address in (f"127.0.0.2:{places.port}", f"[::1]:{places.port}"):
            assert f"{cluster}::{address}::hostname::app.test\n" in text
        served = [line for line in text.splitlines() if "::rq_total::" in line]
        assert sum(int(line.rsplit("::", 1)[1]) for line in served) == 4
        left = [line for line in text.splitlines() if "::dns.app.test.ttl_seconds::" in line]
        assert len(left) == 1 and 200 < int(left[0].rsplit("::", 1)[1]) <= 330
        assert f"{cluster}::dns.app.test.stale::false\n" in text
        page = gateway.admin("/clusters?format=json").json
        [status] = [c for c in page["cluster_statuses"] if c["name"] == cluster]
        hosts = {h["address"]["socket_address"]["address"] for h in status["host_statuses"]}
        assert hosts == {"127.0.0.2", "::1"}
        assert {h["hostname"] for h in status["host_statuses"]} == {"app.test"}
    finally:
        names.stop()


def test_metrics_count_look_ups(started, names, places):
    names.set("app.test", "127.0.0.2")
    gateway = start(started, names, entry("app.test", places.port), entry("gone.test", 1))
    assert answers(gateway, "app.test", 2) == {"127.0.0.2"}
    page = exposition.parse(gateway.metrics().text)

    def value(name, **labels):
        [found] = exposition.values(page, name, **labels)
        return found

    one = {"cluster_name": "outbound|80||app.test"}
    assert value("envoy_cluster_update_attempt", **one) >= 1
    assert value("envoy_cluster_update_success", **one) >= 1
    assert value("envoy_cluster_update_failure", **one) == 0
    gone = {"cluster_name": "outbound|80||gone.test"}
    assert value("envoy_cluster_update_empty", **gone) >= 1
    assert value("envoy_dns_cares_resolve_total") >= 2
    assert value("envoy_dns_cares_not_found") >= 1
    assert value("isthmus_dns_names") == 2


@pytest.mark.parametrize("flag", ["name.test", "127.0.0.1:0", "127.0.0.1:x", ":53"])
def test_a_resolver_must_be_an_address(tmp_path, flag):
    done = subprocess.run(
        [binary(), "gateway", "-f", str(tmp_path), f"--dns={flag}"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 64
    assert "write an IP address" in done.stderr
