"""`isthmus capture`: the kernel's rules, a sidecar behind them, and calls of another user's curl.

Every test has a network namespace of its own, so that the machine's rules stay as they are.
"""

import ctypes
import fcntl
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading

import pytest

from harness import resources as r
from harness.binary import environment, isthmus
from harness.certificates import Authority
from harness.sidecar import Sidecar
from harness.upstream import Upstream, answers, ok

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin"),
    reason="takes root and the program nft (package nftables): capture was not tested",
)

NOBODY = "65534"
AS_NOBODY = ["setpriv", "--reuid", NOBODY, "--clear-groups"]
CALLER = r.workload_entry("caller", 1, {"app": "caller"}, address="127.0.0.1")
VIRTUAL = "10.96.0.7"
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8913, 0x8914, 0x8916, 1


def raise_loopback(*addresses):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        flags = struct.unpack("16sh", fcntl.ioctl(
            control, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))[:18])[1]  # fmt: skip
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
        for number, address in enumerate(addresses, 1):
            place = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16s16s", f"lo:{number}".encode(), place))


@pytest.fixture
def apart():
    """Runs a function where nobody else's network is, and what it starts as well."""

    def run(body):
        failures = []

        def enter():
            try:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.unshare(CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "unshare")
                raise_loopback(VIRTUAL, "10.9.0.1")
                body()
            except BaseException as failure:  # noqa: BLE001 - handed to the test
                failures.append(failure)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(60)
        assert not thread.is_alive(), "the test did not end"
        if failures:
            raise failures[0]

    return run


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
                assert "0.0.0.0:15006" in talk and f"{VIRTUAL}:{port}" not in talk, talk

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
                proxy.log_entry(upstream_cluster="BlackHoleCluster")

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
