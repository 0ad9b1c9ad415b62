"""`isthmus capture`: the kernel's rules, a sidecar behind them, and calls of another user's curl.

Every test has a network namespace of its own, so that the machine's rules stay as they are.
"""

import os
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from harness import namespace
from harness import resources as r
from harness.binary import environment, isthmus
from harness.certificates import Authority
from harness.nameserver import NameServer
from harness.sidecar import Sidecar
from harness.tutorials import tutorial
from harness.upstream import Upstream, answers, ok
from harness.waiting import wait_for

pytestmark = pytest.mark.skipif(
    namespace.MISSING is not None, reason=f"{namespace.MISSING}: capture was not tested"
)

NOBODY = "65534"
AS_NOBODY = ["setpriv", "--reuid", NOBODY, "--clear-groups"]
CALLER = r.workload_entry("caller", 1, {"app": "caller"}, address="127.0.0.1")
VIRTUAL = "10.96.0.7"


@pytest.fixture
def apart():
    return lambda body: namespace.apart(body, addresses=(VIRTUAL, "10.9.0.1"))


def curl(url, *more, user=AS_NOBODY):
    done = subprocess.run(
        [*user, "curl", "-sS", "--noproxy", "*", "--max-time", "5", *more, url],
        capture_output=True, text=True, timeout=20, env=environment(),
    )  # fmt: skip
    return done.returncode, done.stdout


def capture(*arguments, prefix=()):
    return isthmus("capture", *arguments, prefix=prefix)


def sidecar(folder, *objects, **options):
    return Sidecar(
        folder, [CALLER, *objects], workload="caller", ports=(), arguments=["--capture"], **options
    )


def test_a_users_calls_go_to_the_sidecar_until_the_rules_are_removed(apart, tmp_path):
    def body():
        with Upstream("web", answers(*[ok(b"mesh\n")] * 5)) as web:
            service = r.resource(
                "Service", "web",
                {"clusterIP": VIRTUAL, "selector": {"app": "web"},
                 "ports": [{"name": "http", "port": 80}]}, group="v1",
            )  # fmt: skip
            entry = r.workload_entry("web-1", web.port, {"app": "web"})
            with sidecar(tmp_path, service, entry):
                assert capture("install", "--uid", NOBODY).code == 0
                assert curl(f"http://{VIRTUAL}/") == (0, "mesh\n")
                assert curl("http://10.9.0.1/", "-H", "Host: web") == (0, "mesh\n")
                # Another user's calls are its own.
                assert curl(f"http://{VIRTUAL}/", user=[])[0] == 7
                shown = capture("show")
                assert shown.code == 0 and "redirect to :15001" in shown.out
                assert "counter packets 2 " in shown.out, shown.out
                assert capture("remove").code == 0
                assert curl(f"http://{VIRTUAL}/")[0] == 7
                assert capture("show").code == 1
                assert capture("remove").code == 0, "removing twice is fine"

    apart(body)


def test_passthrough_calls_the_address_that_was_dialled(apart, tmp_path):
    """And one of the endpoints where a call has none: through the forward proxy."""

    def body():
        meant = Upstream("meant", answers(*[ok(b"meant\n")] * 5), address=VIRTUAL)
        with meant, Upstream("written", answers(*[ok(b"written\n")] * 5)) as written:
            entry = r.service_entry("web.test", written.port, port=meant.port)
            rule = r.destination_rule("web.test", {}, loadBalancer={"simple": "PASSTHROUGH"})
            url = f"http://web.test:{meant.port}/"
            there = ["--resolve", f"web.test:{meant.port}:{VIRTUAL}"]
            with sidecar(tmp_path, entry, rule):
                assert capture("install", "--uid", NOBODY).code == 0
                assert curl(url, *there) == (0, "meant\n")
                proxied = ["--noproxy", "", "--proxy", "http://127.0.0.1:15001"]
                assert curl(url, *proxied) == (0, "written\n")

    apart(body)


def test_a_dynamic_host_is_called_where_the_application_meant_to(apart, tmp_path):
    """Its address and the one that was dialled are the same, and that is no way back."""

    def body():
        names = NameServer(tmp_path, a_app_test=[VIRTUAL]).start()
        try:
            with Upstream("web", answers(*[ok(b"web\n")] * 5), address=VIRTUAL) as web:
                ports = [{"number": web.port, "name": "http", "protocol": "HTTP"}]
                apps = r.service_entry(
                    "*.app.test", name="apps", ports=ports, resolution="DYNAMIC_DNS"
                )
                options = {"arguments": ["--capture", "--dns", names.address]}
                with Sidecar(tmp_path, [CALLER, apps], workload="caller", ports=(), **options):
                    assert capture("install", "--uid", NOBODY).code == 0
                    there = ["--resolve", f"a.app.test:{web.port}:{VIRTUAL}"]
                    assert curl(f"http://a.app.test:{web.port}/", *there) == (0, "web\n")
        finally:
            names.stop()

    apart(body)


def test_destination_subnets_decide_where_bytes_go(apart, tmp_path):
    def body():
        script = lambda word: answers(*[ok(word)] * 5)  # noqa: E731
        with Upstream("near", script(b"near\n")) as near, Upstream("far", script(b"far\n")) as far:
            db = r.service_entry(
                "db.test", far.port, port=4000, protocol="TCP", addresses=["10.0.0.0/8"]
            )
            other = r.service_entry(
                "near.test", near.port, port=4000, protocol="TCP", addresses=["192.0.2.1"]
            )
            match = [{"destinationSubnets": ["10.96.0.0/16", "2001:db8::/32"]}]
            rule = {"match": match, "route": [r.destination("near.test")]}
            split = r.resource("VirtualService", "split", {"hosts": ["db.test"], "tcp": [rule]})
            with sidecar(tmp_path, db, other, split):
                assert capture("install", "--uid", NOBODY).code == 0
                assert curl(f"http://{VIRTUAL}:4000/") == (0, "near\n")
                assert curl("http://10.9.0.1:4000/") == (0, "far\n")

    apart(body)


def test_installing_again_replaces_and_exclusions_are_left_alone(apart, tmp_path):
    def body():
        with sidecar(tmp_path), Upstream("direct", answers(*[ok(b"direct\n")] * 5)) as direct:
            for _ in range(2):
                done = capture(
                    "install", "--uid", NOBODY, "--exclude-cidr", "10.9.0.0/16",
                    "--exclude-port", "81,82",
                )  # fmt: skip
                assert done.code == 0, done.err
            rules = capture("show").out
            assert rules.count("redirect to :15001") == 1
            # Nobody listens there, and no sidecar stands between.
            assert curl("http://10.9.0.1:5/")[0] == 7
            assert curl(f"http://{VIRTUAL}:81/")[0] == 7
            # Captured: accepted by the sidecar, and then there is nobody; by an end or, where the
            # request was on its way already, by a reset.
            assert curl(f"http://{VIRTUAL}:83/")[0] in (52, 56)
            assert curl(f"http://127.0.0.1:{direct.port}/") == (0, "direct\n")

    apart(body)


def test_the_tutorials_ways_out_of_the_mesh(apart, tmp_path):
    """E1: unknown hosts are let through. E2: a ServiceEntry, and the rest is refused. E3: ranges of
    addresses go past the proxy."""

    def body():
        def at(address, word):
            script = answers(*[ok(f"{word}\n".encode())] * 5)
            return Upstream(word, script, port=80, address=address)

        outside, external = at("10.9.0.1", "outside"), at("127.0.0.26", "entry")
        known = "external.example.com"
        with outside, external, sidecar(tmp_path) as proxy:
            assert capture("install", "--uid", NOBODY).code == 0
            assert curl("http://10.9.0.1/", "-H", "Host: unknown.example.com") == (0, "outside\n")
            proxy.apply("external.yaml", tutorial("external"))
            registry_only = r.resource(
                "Sidecar", "default",
                {"egress": [{"hosts": ["./*"]}],
                 "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
            )  # fmt: skip
            proxy.apply("sidecar.yaml", registry_only)
            status = ["-o", os.devnull, "-w", "%{http_code}"]
            refused = curl("http://10.9.0.1/", "-H", "Host: unknown.example.com", *status)
            assert refused == (0, "502")
            assert curl("http://10.9.0.1/", "-H", f"Host: {known}") == (0, "entry\n")
            done = capture("install", "--uid", NOBODY, "--exclude-cidr", "10.9.0.0/16")
            assert done.code == 0, done.err
            assert curl("http://10.9.0.1/", "-H", "Host: unknown.example.com") == (0, "outside\n")

    apart(body)


def test_connections_to_the_workloads_port_come_in_through_the_sidecar(apart, tmp_path):
    def body():
        port = 18080
        with Upstream("app", answers(*[ok(b"app\n")] * 5), port=port):
            service = r.service("app", port)
            entry = r.workload_entry("app-1", port, {"app": "app"}, address=VIRTUAL)
            made = Sidecar(
                tmp_path, [service, entry], workload="app-1", ports=(),
                arguments=["--capture-inbound"],
            )  # fmt: skip
            with made:
                assert capture("install", "--uid", NOBODY, "--inbound-port", port).code == 0
                rules = capture("show").out
                assert f"tcp dport {port}" in rules and "redirect to :15006" in rules
                # Beside the gate nothing of the workload's is listened on.
                talk = made.child.err
                assert ":15006" in talk and f"{VIRTUAL}:{port}" not in talk, talk

    apart(body)


def test_an_allowed_address_does_not_let_another_server_name_out(apart, tmp_path):
    """REGISTRY_ONLY is by name: who knows the address of an allowed host gets no further by it."""

    def body():
        pair = Authority(tmp_path / "ca").issue("allowed.example.com")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        asked = []
        context.sni_callback = lambda _, name, __: asked.append(name)

        def serve(connection):
            with context.wrap_socket(connection.sock, server_side=True) as inside:
                inside.recv(4096)
                inside.sendall(ok(b"allowed\n"))

        only = r.resource(
            "Sidecar", "only",
            {"egress": [{"hosts": ["*/*"]}], "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
        )  # fmt: skip
        with Upstream("allowed", serve) as upstream:
            entry = r.service_entry(
                "allowed.example.com", upstream.port, port=443, protocol="TLS",
                addresses=[VIRTUAL],
            )  # fmt: skip
            with sidecar(tmp_path, entry, only) as proxy:
                assert capture("install", "--uid", NOBODY).code == 0

                def call(name, address=VIRTUAL):
                    there = ["--connect-to", f"{name}:443:{address}:443", "-k"]
                    return curl(f"https://{name}/", *there)

                assert call("allowed.example.com") == (0, "allowed\n")
                # By its name anywhere: it is the entry's endpoint that is called.
                assert call("allowed.example.com", "10.9.0.1") == (0, "allowed\n")
                assert asked == ["allowed.example.com"] * 2
                for name in ("other.example.com", "sub.allowed.example.com"):
                    code, said = call(name)
                    assert (code, said) in [(35, ""), (56, "")], (name, code, said)
                assert len(upstream.connections) == 2
                # Whoever was given an address has no name to say.
                assert curl(f"https://{VIRTUAL}/", "-k") == (0, "allowed\n")
                refused = proxy.log_entry(requested_server_name="other.example.com")
                assert refused["upstream_cluster"] == "BlackHoleCluster", refused

    apart(body)


def ip(*arguments, inside=()):
    program = shutil.which("ip", path=namespace.PROGRAMS)
    assert program, "ip is not installed: scripts/install-deps test"
    subprocess.run([*inside, program, *map(str, arguments)], check=True, timeout=20)


def test_calls_over_ipv6_are_captured_as_well(apart, tmp_path):
    def body():
        try:
            ip("-6", "addr", "add", "fd00::7/128", "dev", "lo")
            ip("-6", "addr", "add", "fd00::9/128", "dev", "lo")
        except subprocess.CalledProcessError:
            pytest.skip("this machine has no IPv6: capturing it was not tested")
        with Upstream("web", answers(*[ok(b"mesh\n")] * 5)) as web:
            service = r.resource(
                "Service", "web",
                {"clusterIP": "fd00::7", "selector": {"app": "web"},
                 "ports": [{"name": "http", "port": 80}]}, group="v1",
            )  # fmt: skip
            entry = r.workload_entry("web-1", web.port, {"app": "web"})
            with sidecar(tmp_path, service, entry) as proxy, Hello("fd00::9") as hello:
                assert capture("install", "--uid", NOBODY).code == 0
                assert curl("http://[fd00::7]/", "-g") == (0, "mesh\n")
                # What nothing describes goes where it was meant to.
                assert curl(f"http://[fd00::9]:{hello.port}/", "-g") == (0, "hello\n")
                entry = proxy.log_entry(upstream_cluster="PassthroughCluster")
                assert entry["downstream_local_address"] == f"[fd00::9]:{hello.port}"
                # The address that redirected connections come to serves nobody who calls it.
                assert curl("http://[::1]:15001/", "-g")[0] in (52, 56)

    apart(body)


class Hello:
    """Answers every connection to one address of IPv6, and closes it."""

    def __init__(self, address):
        self.socket = socket.create_server((address, 0), family=socket.AF_INET6)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                client.recv(65536)
                client.sendall(ok(b"hello\n", b"Connection: close"))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)


@pytest.fixture
def neighbour():
    """Another machine: a namespace with a cable to the one that this is called in."""
    started = []

    def plug(here, there):
        child = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        started.append(child)
        inside = ["nsenter", "--target", str(child.pid), "--net"]
        own = os.readlink("/proc/thread-self/ns/net")
        wait_for(
            lambda: os.readlink(f"/proc/{child.pid}/ns/net") != own, "the other namespace"
        )
        cable = ["link", "add", "here", "type", "veth", "peer", "name", "there"]
        try:
            ip(*cable, "netns", child.pid)
        except subprocess.CalledProcessError:
            pytest.skip("this kernel has no veth: calls from another machine were not tested")
        for address, device, where in [(here, "here", []), (there, "there", inside)]:
            ip("addr", "add", address, "dev", device, inside=where)
            ip("link", "set", device, "up", inside=where)
        return inside

    yield plug
    for child in started:
        child.kill()
        child.wait(5)


def test_connections_from_another_machine_reach_the_application_through_its_sidecar(
    apart, tmp_path, neighbour
):
    def body():
        port = 18080
        inside = neighbour("10.8.0.1/24", "10.8.0.2/24")
        with Upstream("app", answers(*[ok(b"app\n")] * 5), port=port) as app:
            service = r.service("app", port)
            entry = r.workload_entry("app-1", port, {"app": "app"}, address="10.8.0.1")
            made = Sidecar(
                tmp_path, [service, entry], workload="app-1", ports=(),
                arguments=["--capture-inbound"],
            )  # fmt: skip
            with made:
                assert capture("install", "--uid", NOBODY, "--inbound-port", port).code == 0
                url = f"http://10.8.0.1:{port}/"
                assert curl(url, user=inside) == (0, "app\n")
                log = made.log_entry(upstream_cluster=f"inbound|{port}||")
                assert log["downstream_local_address"] == f"10.8.0.1:{port}"
                assert log["downstream_remote_address"].startswith("10.8.0.2:")
                assert len(app.heads) == 1
                assert capture("remove").code == 0
                # The application listens on loopback, where the neighbour does not reach it.
                assert curl(url, user=inside)[0] == 7

    apart(body)


def test_hosts_that_nobody_described_are_told_nothing_of_the_mesh(apart, tmp_path):
    """ALLOW_ANY: captured, and by way of the forward proxy."""

    def body():
        known = r.service_entry("known.example.com", 1)
        with Upstream("stranger", address="10.9.0.1", port=80) as stranger:
            with sidecar(tmp_path, known):
                assert capture("install", "--uid", NOBODY).code == 0
                # Port 80 is one of HTTP hosts: read, found to be of none, and passed on.
                code, captured = curl("http://10.9.0.1/captured", "-H", "Host: other.example.com")
                assert code == 0, captured
                through = ["--proxy", "http://127.0.0.1:15001", "--noproxy", ""]
                code, proxied = curl("http://10.9.0.1/proxied", *through, user=[])
                assert code == 0, proxied
                paths = [request.target for request in stranger.requests]
                assert paths == ["/captured", "/proxied"]
                for request in stranger.requests:
                    names = sorted(name.decode().lower() for name, _ in request.fields)
                    assert names == ["accept", "host", "user-agent", "x-request-id"], names

    apart(body)


def test_rules_are_shown_without_being_installed():
    done = capture("install", "--cgroup", "/sys/fs/cgroup/system.slice/app.service", "--dry-run")
    assert done.code == 0
    assert 'socket cgroupv2 level 2 "system.slice/app.service"' in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--uid", "a;b"],
        ["--uid", "1", "--cgroup", "x"],
        ["--uid", "-1"],
        ["--cgroup", "../x"],
        ["--cgroup", 'x" accept'],
        ["--uid", "1", "--exclude-port", "0"],
        ["--uid", "1", "--exclude-cidr", "10.0.0.0/33"],
        ["--uid", "1", "--proxy-uid", "1"],
    ],
)
def test_what_could_be_more_than_it_says_is_refused(arguments):
    done = capture("install", "--dry-run", *arguments)
    assert done.code == 64 and done.out == "", done


def test_a_refused_rule_is_quoted(apart):
    def body():
        done = capture("install", "--uid", "nobody-here")
        assert done.code == 1
        assert 'in the rule "meta skuid nobody-here' in done.err, done.err

    apart(body)


def test_missing_rights_are_named(apart):
    def body():
        done = capture("install", "--uid", "1000", prefix=AS_NOBODY)
        assert done.code == 77 and "CAP_NET_ADMIN" in done.err, done

    apart(body)
