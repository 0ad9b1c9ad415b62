"""TCP connections that carry much, last long, or carry nothing: flows past the proxy's own memory,
idle and age limits, probes, and where connections go by `tcp` rules.
"""

import hashlib
import socket
import threading
import time
from pathlib import Path

import pytest

from harness import resources as r
from harness.upstream import Upstream
from harness.waiting import wait_for

PIECE = hashlib.sha256(b"flow").digest() * 2048  # 64 KiB


def answering(word):
    def script(connection):
        connection.send(word)
        connection.until_closed(20)

    return script


def objects(*ports, policy=None, weights=None, match=None, **more):
    """One TCP server; a destination `a.test`, `b.test` ... for each port, each with its policy."""
    hosts = [f"{letter}.test" for letter, _ in zip("abcd", ports)]
    route = [
        r.destination(host, port=9000, weight=weight)
        for host, weight in zip(hosts, weights or [None] * len(hosts))
    ]
    rule = {"route": route, **({"match": match} if match else {})}
    made = [
        r.gateway("edge", port=31400, protocol="TCP"),
        r.virtual_service("all", gateways=["edge"], tcp=[rule], **more),
    ]
    for index, (host, port) in enumerate(zip(hosts, ports)):
        made.append(r.service_entry(host, port, port=9000, protocol="TCP"))
        if policy and index < len(policy) and policy[index]:
            made.append(r.destination_rule(host, {}, connectionPool={"tcp": policy[index]}))
    return made


def connect(gateway, seconds=20):
    return socket.create_connection(("127.0.0.1", gateway.port(31400)), timeout=seconds)


def stat(gateway, name):
    text = gateway.admin("/stats").text
    lines = [l for l in text.splitlines() if "a.test" in l and f".{name}: " in l]
    return int(lines[0].rsplit(" ", 1)[1])


def received(sock):
    """The digest and the number of all bytes to the end."""
    digest, count = hashlib.sha256(), 0
    while data := sock.recv(1 << 20):
        digest.update(data)
        count += len(data)
    return digest.hexdigest(), count


# Flows


def test_a_hundred_megabytes_come_out_as_they_went_in(started):
    def script(connection):
        for _ in range(1600):
            connection.send(PIECE)
        connection.finish()
        connection.until_closed()

    with Upstream("flow", script) as upstream:
        gateway = started(*objects(upstream.port), ports=(31400,))
        before = gateway.child.memory()
        with connect(gateway) as sock:
            assert received(sock) == (hashlib.sha256(PIECE * 1600).hexdigest(), 1600 * len(PIECE))
        assert gateway.child.memory() - before < 8 << 20
        wait_for(lambda: stat(gateway, "upstream_cx_rx_bytes_total") == 1600 * len(PIECE), "bytes")
        line = wait_for(gateway.log_lines, "a line")[0]
        assert f" {1600 * len(PIECE)} " in line and line.split('"')[1] == "- - -"
        page = gateway.metrics().text
        sent = [l for l in page.splitlines() if l.startswith("istio_tcp_sent_bytes_total{")]
        assert sum(int(l.rsplit(" ", 1)[1]) for l in sent) == 1600 * len(PIECE)


def test_conversations_between_flows_are_whole(started):
    """Short answers, then a flow, then short ones again, on one connection, both ways."""

    def script(connection):
        deadline = time.monotonic() + 20
        while line := connection.line(deadline, "in a command"):
            count = int(line)
            connection.send((PIECE * (count // len(PIECE) + 1))[:count] + b"\n")

    with Upstream("talk", script) as upstream:
        gateway = started(*objects(upstream.port), ports=(31400,))
        with connect(gateway) as sock, sock.makefile("rb") as answers:
            for count in (0, 7, 5_000_000, 1, 65535, 65536, 65537, 3, 20_000_000, 2):
                sock.sendall(b"%d\r\n" % count)
                want = (PIECE * (count // len(PIECE) + 1))[:count] + b"\n"
                assert answers.read(count + 1) == want, count


def test_a_connection_that_lasts_is_counted_before_it_ends(started):
    """Every 5 s, as Istio reports: a dashboard sees a database's connections while they work."""

    def script(connection):
        while connection.more(time.monotonic() + 20):
            connection.send(bytes(connection.buffer))
            connection.buffer.clear()

    with Upstream("long", script) as upstream:
        gateway = started(*objects(upstream.port), ports=(31400,))
        with connect(gateway) as sock:

            def counted():
                sock.sendall(b"ping")
                assert sock.recv(4) == b"ping"
                page = gateway.metrics().text
                rows = [l for l in page.splitlines() if l.startswith("istio_tcp_sent_bytes_total{")]
                return sum(int(l.rsplit(" ", 1)[1]) for l in rows)

            wait_for(counted, "bytes of the open connection", 12, 0.1)
            assert stat(gateway, "upstream_cx_active") == 1


def test_a_slow_reader_stops_its_writer_and_costs_no_memory(started):
    done = threading.Event()

    def script(connection):
        for _ in range(640):
            connection.send(PIECE)
        done.set()
        connection.finish()
        connection.until_closed()

    with Upstream("slow", script, seconds=60) as upstream:
        gateway = started(*objects(upstream.port), ports=(31400,))
        before = gateway.child.memory()
        socks = [connect(gateway, 60) for _ in range(4)]
        assert not done.wait(1.0), "40 MB went somewhere while nobody read"
        assert gateway.child.memory() - before < 8 << 20
        want = (hashlib.sha256(PIECE * 640).hexdigest(), 640 * len(PIECE))
        for sock in socks:
            assert received(sock) == want
            sock.close()


def test_more_flows_than_pipes_all_arrive(started):
    """Each waits for its reader, so each that got a pipe keeps it."""

    def script(connection):
        for _ in range(48):
            connection.send(PIECE)
        connection.finish()
        connection.until_closed()

    with Upstream("many", script, seconds=60) as upstream:
        gateway = started(*objects(upstream.port), ports=(31400,), workers=1)
        socks = [connect(gateway, 60) for _ in range(150)]
        wait_for(lambda: len(upstream.connections) == 150, "all connections", 20)
        assert gateway.child.descriptors() < 4 * 150
        want = (hashlib.sha256(PIECE * 48).hexdigest(), 48 * len(PIECE))
        for sock in socks:
            assert received(sock) == want
            sock.close()
        # What flowed is over: no pipe but the few that wait for the next flow is left.
        wait_for(lambda: gateway.child.descriptors() < 100, "descriptors to be given back")


def test_a_flow_that_breaks_off_does_not_end_cleanly(started):
    def script(connection):
        for _ in range(200):
            connection.send(PIECE)
        connection.reset()

    with Upstream("broken", script) as upstream:
        gateway = started(*objects(upstream.port), ports=(31400,))
        with connect(gateway) as sock, pytest.raises(ConnectionResetError):
            received(sock)


def test_a_reader_that_leaves_ends_the_writer(started):
    ended = threading.Event()

    def script(connection):
        try:
            while True:
                connection.send(PIECE)
        except OSError:
            ended.set()

    with Upstream("endless", script) as upstream:
        gateway = started(*objects(upstream.port), ports=(31400,))
        sock = connect(gateway)
        for _ in range(50):
            sock.recv(1 << 16)
        sock.close()
        assert ended.wait(10)
        wait_for(lambda: stat(gateway, "upstream_cx_active") == 0, "the connection to end")


def test_both_sides_flow_at_once_and_end_one_after_the_other(started):
    def script(connection):
        digest = hashlib.sha256()
        sender = threading.Thread(target=lambda: [connection.send(PIECE) for _ in range(300)])
        sender.start()
        while data := connection.sock.recv(1 << 20):
            digest.update(data)
        sender.join()
        connection.send(digest.hexdigest().encode())
        connection.finish()

    with Upstream("both", script, seconds=30) as upstream:
        gateway = started(*objects(upstream.port), ports=(31400,))
        with connect(gateway) as sock:

            def send():
                for _ in range(300):
                    sock.sendall(PIECE)
                sock.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send)
            sender.start()
            digest = hashlib.sha256(PIECE * 300).hexdigest()
            all_of_it = hashlib.sha256(PIECE * 300 + digest.encode()).hexdigest()
            assert received(sock) == (all_of_it, 300 * len(PIECE) + 64)
            sender.join()


# Time


def closed_after(sock, talk=None):
    """Seconds until the proxy closes; `talk` says something every 50 ms meanwhile."""
    began = time.monotonic()
    sock.settimeout(0.05)
    while time.monotonic() - began < 15:
        try:
            if sock.recv(1000) == b"":
                return time.monotonic() - began
        except TimeoutError:
            if talk:
                sock.sendall(talk)
        except ConnectionError:
            return time.monotonic() - began
    raise AssertionError("still open after 15 s")


@pytest.fixture
def quiet():
    with Upstream("quiet", lambda connection: connection.until_closed(30)) as upstream:
        yield upstream


def test_a_connection_on_which_nothing_moves_ends(started, quiet):
    policy = [{"idleTimeout": "0.4s"}]
    gateway = started(*objects(quiet.port, policy=policy), ports=(31400,))
    with connect(gateway) as sock:
        assert 0.35 < closed_after(sock) < 5
    assert stat(gateway, "upstream_cx_idle_timeout") == 1
    wait_for(lambda: stat(gateway, "upstream_cx_active") == 0, "the upstream's end")


def test_a_connection_that_says_something_now_and_then_stays(started, quiet):
    policy = [{"idleTimeout": "1s", "maxConnectionDuration": "3s"}]
    gateway = started(*objects(quiet.port, policy=policy), ports=(31400,))
    with connect(gateway) as sock:
        assert 2.9 < closed_after(sock, talk=b".") < 8, "its age ends it, not its silence"
    assert stat(gateway, "upstream_cx_idle_timeout") == 0
    line = wait_for(gateway.log_lines, "a line")[0]
    assert " DT " in line


def test_of_several_destinations_the_first_says_how_long(started):
    """As Istio builds it: one TCP proxy, with the timeout of the first cluster."""
    with Upstream("one", answering(b"1")) as one, Upstream("two", answering(b"2")) as two:
        policy = [{"idleTimeout": "0.3s"}, {"idleTimeout": "1h"}]
        made = objects(one.port, two.port, policy=policy, weights=(1, 1))
        gateway = started(*made, ports=(31400,))
        seen = set()
        while len(seen) < 2:
            with connect(gateway) as sock:
                seen.add(sock.recv(1))
                assert closed_after(sock) < 5


def keepalives(port):
    """Connections to `port` for which the kernel's keepalive timer runs (proc(5), net/tcp)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    end = f":{port:04X}"
    return [row for row in rows if row[2].endswith(end) and row[5].startswith("02:")]


@pytest.mark.parametrize("asked", [True, False])
def test_keepalive_probes_run_where_they_are_asked_for(started, quiet, asked):
    policy = [{"tcpKeepalive": {"time": "60s", "interval": "5s", "probes": 3}}] if asked else None
    gateway = started(*objects(quiet.port, policy=policy), ports=(31400,))
    with connect(gateway) as sock:
        sock.sendall(b"x")
        wait_for(lambda: quiet.received_bytes, "the byte")
        if asked:
            row = wait_for(lambda: keepalives(quiet.port), "the kernel's timer")[0]
            left = int(row[5].split(":")[1], 16) / 100
            assert 50 < left <= 60
        else:
            assert keepalives(quiet.port) == []


# Rules


def test_the_first_rule_that_applies_takes_the_connection(started):
    with Upstream("one", answering(b"1")) as one, Upstream("two", answering(b"2")) as two:
        rules = [
            {"match": [{"port": 9}], "route": [r.destination("a.test", port=9000)]},
            {"match": [{"gateways": ["other"]}], "route": [r.destination("a.test", port=9000)]},
            {
                "match": [{"port": 31400, "gateways": ["edge"]}],
                "route": [r.destination("b.test", port=9000)],
            },
            {"route": [r.destination("a.test", port=9000)]},
        ]
        made = objects(one.port, two.port)
        made[1] = r.virtual_service("all", gateways=["edge", "other"], tcp=rules)
        gateway = started(*made, ports=(31400,))
        with connect(gateway) as sock:
            assert sock.recv(1) == b"2"


def test_three_shares_are_kept(started):
    names = (b"1", b"2", b"3")
    servers = [Upstream(str(name), answering(name)).start() for name in names]
    try:
        ports = [server.port for server in servers]
        gateway = started(*objects(*ports, weights=(60, 30, 10)), ports=(31400,))
        counts = dict.fromkeys(names, 0)
        for _ in range(600):
            with connect(gateway) as sock:
                counts[sock.recv(1)] += 1
        # Six standard deviations of the binomial distribution.
        for name, share in zip(names, (0.6, 0.3, 0.1)):
            bound = 6 * (600 * share * (1 - share)) ** 0.5
            assert abs(counts[name] - 600 * share) < bound, counts
    finally:
        for server in servers:
            server.stop()
