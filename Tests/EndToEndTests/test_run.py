"""`isthmus run`: programs that know nothing of a proxy, in a network namespace of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from harness import namespace
from harness import resources as r
from harness.accesslog import parse
from harness.binary import binary, environment
from harness.nameserver import NameServer
from harness.ports import free_port
from harness.upstream import Upstream, answers, ok
from harness.waiting import wait_for

pytestmark = pytest.mark.skipif(
    namespace.MISSING is not None, reason=f"{namespace.MISSING}: `isthmus run` was not tested"
)

CALLER = r.workload_entry("caller", 1, {"app": "caller"}, address="127.0.0.1")
REGISTRY_ONLY = r.resource(
    "Sidecar",
    "caller",
    {"egress": [{"hosts": ["*/*"]}], "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
)
SECONDS = 30


class Runs:
    """`isthmus run` with the resources of a test."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "access.log"

    def command(self, *command, workload="caller", flags=()):
        return [
            str(binary()), "run", "-w", workload, "-f", str(self.folder / "mesh.yaml"),
            "--admin", "off", "--status", "off", "--metrics", "off", "--workers", "1",
            "--access-log", str(self.log), *flags, "--", *map(str, command),
        ]  # fmt: skip

    def __call__(self, *command, objects=(), prefix=(), stdin=None, env=None, **options):
        (self.folder / "mesh.yaml").write_text(r.text(CALLER, *objects))
        return subprocess.run(
            [*prefix, *self.command(*command, **options)],
            input=stdin, capture_output=True, text=True, timeout=SECONDS,
            env=env or environment(),
        )  # fmt: skip


@pytest.fixture
def run(tmp_path):
    return Runs(tmp_path)


@pytest.fixture
def web():
    with Upstream("web", answers(*[ok(b"web\n")] * 20)) as upstream:
        yield upstream


def served(name, upstream, **more):
    return [
        r.service(name, 80, **more),
        r.workload_entry(f"{name}-1", upstream.port, {"app": name}),
    ]


class Banner:
    """A server that speaks first, at one address."""

    def __init__(self, address="127.0.0.1", text=b"220 ready\n"):
        self.socket = socket.create_server((address, 0))
        self.port = self.socket.getsockname()[1]
        self.text = text
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                client.sendall(self.text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)


def curl(*arguments):
    return ["curl", "-sS", "--max-time", "10", *arguments]


READ = "import socket,sys; s=socket.create_connection((sys.argv[1],int(sys.argv[2])),10); "
READ += "s.settimeout(10); sys.stdout.write(s.recv(100).decode())"


def test_a_command_calls_services_by_name_and_goes_by_the_meshs_rules(run, web):
    with Upstream("beta", answers(*[ok(b"beta\n")] * 4)) as beta:
        rules = r.virtual_service(
            "web",
            r.rule(r.destination("beta"), match={"headers": {"x-beta": {"exact": "yes"}}}),
            r.rule(r.destination("web")),
            hosts=["web"],
            gateways=["mesh"],
        )
        objects = [*served("web", web), *served("beta", beta), rules]
        urls = ["http://web/", "http://web.default.svc.cluster.local/", "http://web.default:80/"]
        done = run(*curl(*urls), objects=objects)
        assert (done.returncode, done.stdout) == (0, "web\n" * 3), done.stderr
        done = run(*curl("-H", "x-beta: yes", "http://web/"), objects=objects)
        assert (done.returncode, done.stdout) == (0, "beta\n"), done.stderr
    assert "outbound|80||web.default.svc.cluster.local" in run.log.read_text()


def test_a_tcp_service_without_an_address_is_reached_by_name_and_may_speak_first(run):
    with Banner(text=b"one") as one, Banner(text=b"two") as two:
        objects = [
            r.service_entry("one.example", one.port, port=3306, protocol="TCP"),
            r.service_entry("two.example", two.port, port=3306, protocol="TCP"),
        ]
        for name in ("one", "two"):
            done = run(sys.executable, "-c", READ, f"{name}.example", "3306", objects=objects)
            assert (done.returncode, done.stdout) == (0, name), done.stderr


def test_what_nothing_describes_goes_where_it_was_meant_to(run):
    address = namespace.own_address()
    with Banner(address) as banner:
        done = run(sys.executable, "-c", READ, address, banner.port)
    assert (done.returncode, done.stdout) == (0, "220 ready\n"), done.stderr
    assert "PassthroughCluster" in run.log.read_text()


def test_any_name_under_a_wildcard_is_called_by_what_it_is(run, tmp_path):
    address = namespace.own_address()
    names = NameServer(tmp_path, a_app_test=[address]).start()
    ports = [{"number": 80, "name": "main", "protocol": "HTTP", "targetPort": 0}]
    try:
        with Upstream("web", answers(*[ok(b"wild\n")] * 4), address=address) as web:
            ports[0]["targetPort"] = web.port
            apps = r.service_entry(
                "*.app.test", name="apps", ports=ports, resolution="DYNAMIC_DNS"
            )
            options = {"objects": [apps, REGISTRY_ONLY], "flags": ["--dns", names.address]}
            done = run(*curl("http://a.app.test/"), **options)
            assert (done.returncode, done.stdout) == (0, "wild\n"), done.stderr
            gone = run(*curl("http://gone.app.test/"), **options)
            assert gone.stdout.startswith("DNS resolution failure: gone.app.test"), gone
    finally:
        names.stop()
    assert "outbound|80||*.app.test" in run.log.read_text()


def test_the_access_log_tells_where_a_captured_call_was_meant_to_go(run, web):
    address = namespace.own_address()
    with Banner(address) as banner:
        done = run(*curl("-H", "Host: web", "http://192.0.2.7/"), objects=served("web", web))
        assert (done.returncode, done.stdout) == (0, "web\n"), done.stderr
        done = run(sys.executable, "-c", READ, address, banner.port, objects=served("web", web))
        assert (done.returncode, done.stdout) == (0, "220 ready\n"), done.stderr
    http, tcp = (parse(line) for line in run.log.read_text().splitlines())
    assert (http["authority"], http["downstream_local_address"]) == ("web", "192.0.2.7:80")
    assert tcp["downstream_local_address"] == tcp["upstream_host"] == f"{address}:{banner.port}"


ASK = "import socket,sys; print(len({a[4][0] for a in "
ASK += "socket.getaddrinfo(sys.argv[1], 80, socket.AF_INET)}))"


def test_names_that_are_not_the_meshs_are_asked_of_the_name_server_by_tcp_where_it_takes_that(
    run, tmp_path
):
    # 60 addresses take 960 bytes: a datagram has 512 for those who do not ask for more.
    many = [f"192.0.2.{number}" for number in range(1, 61)]
    server = NameServer(tmp_path, one_test=many[:1], many_test=many).start()
    try:
        flags = ["--dns", server.address]
        for name, count in [("one.test", 1), ("many.test", 60)]:
            done = run(sys.executable, "-c", ASK, name, flags=flags)
            assert (done.returncode, done.stdout) == (0, f"{count}\n"), done.stderr
        # By UDP first, truncated, and again by TCP.
        assert server.asked("many.test") == 2
    finally:
        server.stop()


def test_registry_only_says_who_blocks_what_and_what_would_allow_it(run):
    address = namespace.own_address()
    with Banner(address) as banner:
        done = run(*curl(f"http://{address}:{banner.port}/"), objects=[REGISTRY_ONLY])
        assert done.stdout.startswith(f"{address}:{banner.port} is blocked by outboundTraffic")
        assert "REGISTRY_ONLY of Sidecar default/caller" in done.stdout
        assert "ServiceEntry" in done.stdout and done.stdout.count("\n") == 1
        talk = READ.replace("s.settimeout(10)", "s.sendall(b'EHLO me\\r\\n')")
        done = run(sys.executable, "-c", talk, address, banner.port, objects=[REGISTRY_ONLY])
        assert done.stdout == "", "bytes went through"
        line = next(x for x in done.stderr.splitlines() if " egress " in x)
        assert f"{address}:{banner.port} is blocked by outboundTrafficPolicy" in line, line
        assert "REGISTRY_ONLY of Sidecar default/caller" in line and "workload=caller" in line
    log = run.log.read_text()
    assert "502" in log and "BlackHoleCluster" in log


def test_the_commands_end_is_the_proxys(run):
    assert run("sh", "-c", "exit 7").returncode == 7
    assert run("sh", "-c", "kill -9 $$").returncode == 137
    missing = run("no-such-program-here")
    assert missing.returncode == 127 and "no-such-program-here" in missing.stderr
    done = run("cat", stdin="from outside\n")
    assert (done.returncode, done.stdout) == (0, "from outside\n")
    assert done.stderr == "", "a command's standard error is its own"


def test_a_signal_reaches_the_command_and_its_answer_counts(run, tmp_path):
    (tmp_path / "mesh.yaml").write_text(r.text(CALLER))
    script = f"trap 'echo told; exit 9' TERM; touch {tmp_path}/up; while :; do sleep 0.05; done"
    process = subprocess.Popen(
        run.command("sh", "-c", script), stdout=subprocess.PIPE, text=True, env=environment()
    )
    try:
        wait_for((tmp_path / "up").exists, "the command to run", seconds=20)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, out) == (9, "told\n")


def test_nothing_stays_behind_when_the_proxy_is_killed(run, tmp_path):
    (tmp_path / "mesh.yaml").write_text(r.text(CALLER))
    process = subprocess.Popen(
        run.command("sh", "-c", f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new "
                    f"{tmp_path}/pid; exec sleep 1000"),
        env=environment(),
    )  # fmt: skip
    try:
        wait_for((tmp_path / "pid").exists, "the command to run", seconds=20)
    finally:
        process.kill()
        process.wait(10)
    number = int((tmp_path / "pid").read_text())
    wait_for(lambda: not os.path.exists(f"/proc/{number}"), "the command to end", seconds=10)


def test_connections_to_the_workload_reach_the_command_on_its_own_loopback(run, tmp_path):
    port = free_port()
    objects = [r.service("app", port), r.workload_entry("app-1", port, {"app": "app"})]
    (tmp_path / "mesh.yaml").write_text(r.text(*objects))
    app = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=%d, bind='127.0.0.1')"
    process = subprocess.Popen(
        run.command(sys.executable, "-c", app % port, workload="app-1"),
        env=environment(), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    (tmp_path / "hello").write_text("from inside")

    def said():
        done = subprocess.run(
            curl(f"http://127.0.0.1:{port}/hello"), capture_output=True, text=True, timeout=20
        )
        return done.stdout == "from inside"

    try:
        wait_for(said, "the application's answer", seconds=20, pause=0.1)
    finally:
        process.terminate()
        process.wait(20)
    assert "inbound|" in run.log.read_text()


def test_an_ordinary_user_has_it_too_where_the_kernel_lets_users_have_namespaces(run, web):
    allowed = subprocess.run(
        ["setpriv", "--reuid", "65534", "--clear-groups", "unshare", "-Un", "true"],
        capture_output=True,
    )
    if allowed.returncode != 0:
        pytest.skip("users may have no namespaces here: the way without root was not tested")
    os.chmod(run.folder, 0o777)
    for folder in run.folder.parents:
        if not os.stat(folder).st_mode & 1:
            os.chmod(folder, os.stat(folder).st_mode | 0o011)
    user = ["setpriv", "--reuid", "65534", "--clear-groups"]
    done = run("sh", "-c", "id -u; curl -sS http://web/", objects=served("web", web), prefix=user)
    assert (done.returncode, done.stdout) == (0, "65534\nweb\n"), done.stderr


def test_without_the_rights_it_says_which_and_the_command_gets_a_forward_proxy(run, web):
    bare = 'echo 0 > /proc/sys/user/max_net_namespaces; exec "$@"'
    prefix = ["unshare", "-Ur", "sh", "-c", bare, "sh"]
    port = free_port()
    flags = ["--port-map", f"15001={port}"]
    done = run(
        *curl("http://web/"), objects=served("web", web), prefix=prefix, flags=flags
    )
    assert (done.returncode, done.stdout) == (0, "web\n"), done.stderr
    assert "CAP_SYS_ADMIN" in done.stderr and "HTTP_PROXY" in done.stderr
    show = "import os,json; print(json.dumps({k: os.environ.get(k) for k in "
    show += "('HTTP_PROXY','https_proxy','NO_PROXY')}))"
    done = run(sys.executable, "-c", show, flags=["--no-namespace", *flags])
    proxy = f"http://127.0.0.1:{port}"
    assert json.loads(done.stdout) == {
        "HTTP_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "localhost,127.0.0.1,::1"
    }  # fmt: skip


def test_what_is_neither_tcp_nor_a_question_for_a_name_is_refused_at_once(run):
    send = "import socket,sys,time; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); "
    send += "s.settimeout(5); s.connect(('192.0.2.1', 443)); s.send(b'x'); s.recv(1)"
    started = time.monotonic()
    done = run(sys.executable, "-c", send)
    assert done.returncode == 1 and "timed out" not in done.stderr, done.stderr
    assert time.monotonic() - started < 15
