"""Endpoints that come and go under traffic: in DNS, and by going down with open connections."""

import os
import threading

import pytest

from harness import resources as r
from harness.nameserver import NameServer
from harness.upstream import Upstream, answers, ok
from harness.waiting import wait_for

STEADY, FLAPPING = "127.0.0.2", "127.0.0.3"
CLUSTER = "outbound|80||app.test"


@pytest.fixture
def names(tmp_path):
    server = NameServer(tmp_path).start()
    yield server
    server.stop()


class Traffic:
    """Clients that ask one after the other, until they are told to stop."""

    def __init__(self, gateway, clients=4):
        self.gateway = gateway
        self.lock = threading.Lock()
        self.statuses = []
        self.broken = []
        self.ending = False
        self.threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def _ask(self):
        head = b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"
        while not self.ending:
            try:
                with self.gateway.wire() as wire:
                    # A few on each connection: the next one may meet another worker.
                    for _ in range(5):
                        answer = wire.request(head)
                        with self.lock:
                            self.statuses.append(answer.status)
            except Exception as failure:  # noqa: BLE001 - shown by the test
                self.broken.append(repr(failure))
                return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        for thread in self.threads:
            thread.join(30)

    def flows(self, count=60):
        """Until so many more requests are answered."""
        goal = len(self.statuses) + count
        wait_for(
            lambda: self.broken or len(self.statuses) >= goal, f"{count} more answers", 30
        )
        assert not self.broken, self.broken


def stat(gateway, name):
    for line in gateway.admin("/stats").text.splitlines():
        if line.startswith(f"cluster.{CLUSTER}.{name}: "):
            return int(line.rsplit(" ", 1)[1])
    return 0


def server(address, port=0):
    return Upstream(address, answers(ok(address.encode())), port=port, address=address).start()


def sockets_to(gateway, address):
    """Open sockets of the process whose other end is `address`, by the kernel's own table."""
    inodes = set()
    folder = f"/proc/{gateway.child.pid}/fd"
    for name in os.listdir(folder):
        try:
            link = os.readlink(f"{folder}/{name}")
        except OSError:
            continue
        if link.startswith("socket:["):
            inodes.add(link[len("socket:[") : -1])
    wanted = "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
    found = 0
    with open(f"/proc/{gateway.child.pid}/net/tcp") as table:
        for line in list(table)[1:]:
            columns = line.split()
            if columns[2].startswith(wanted + ":") and columns[9] in inodes:
                found += 1
    return found


@pytest.mark.parametrize("resolution", ["DNS", "DNS_ROUND_ROBIN"])
def test_no_request_fails_and_nothing_is_left_behind(started, names, resolution):
    steady = server(STEADY)
    flapping = server(FLAPPING, steady.port)
    names.set("app.test", STEADY, FLAPPING)
    ports = [{"number": 80, "name": "main", "protocol": "HTTP", "targetPort": steady.port}]
    gateway = started(
        r.gateway(),
        r.service_entry("app.test", resolution=resolution, ports=ports),
        r.virtual_service(
            "app",
            r.rule(
                "app.test",
                retries={"attempts": 3, "retryOn": "connect-failure,refused-stream,reset"},
            ),
        ),
        arguments=["--dns", names.address],
    )
    members = 2 if resolution == "DNS" else 1
    try:
        with Traffic(gateway) as traffic:
            traffic.flows()
            for _ in range(3):
                # Down with all its connections, while DNS still names it...
                flapping.stop()
                traffic.flows()
                # ...then DNS has noticed...
                before = names.asked("app.test")
                names.set("app.test", STEADY)
                wait_for(lambda: names.asked("app.test") >= before + 2, "the next answer", 15)
                traffic.flows()
                # ...it is up again, unknown to DNS, and then it is back.
                flapping = server(FLAPPING, steady.port)
                before = names.asked("app.test")
                names.set("app.test", STEADY, FLAPPING)
                wait_for(lambda: names.asked("app.test") >= before + 2, "the next answer", 15)
                wait_for(lambda: stat(gateway, "membership_total") == members, "both", 10)
                traffic.flows()
        failed = [line for line in gateway.log_lines() if '" 200 ' not in line]
        assert set(traffic.statuses) == {200} and not failed, failed[:5]
        served = len(traffic.statuses)
        assert stat(gateway, "upstream_rq_2xx") == served
        assert stat(gateway, "upstream_rq_5xx") == 0
        # Every try was a request's first or a retry.
        assert stat(gateway, "upstream_rq_total") == served + stat(gateway, "upstream_rq_retry")
        assert stat(gateway, "upstream_rq_active") == 0
        assert stat(gateway, "upstream_rq_pending_active") == 0
        # The address that left DNS for good leaves nothing behind but what serves.
        names.set("app.test", STEADY)
        if resolution == "DNS":
            wait_for(lambda: stat(gateway, "membership_total") == 1, "one member", 15)
        else:
            # Its connections stay whatever DNS says: they end with their server.
            flapping.stop()
        wait_for(lambda: sockets_to(gateway, FLAPPING) == 0, "its sockets to be closed", 10)
        active = stat(gateway, "upstream_cx_active")
        assert active == sockets_to(gateway, STEADY) and active <= 8
        total, gone = stat(gateway, "upstream_cx_total"), stat(gateway, "upstream_cx_destroy")
        assert total - gone == active
    finally:
        steady.stop()
        flapping.stop()


def test_a_name_that_vanishes_under_traffic_is_503_and_comes_back(started, names):
    steady = server(STEADY)
    names.set("app.test", STEADY)
    ports = [{"number": 80, "name": "main", "protocol": "HTTP", "targetPort": steady.port}]
    gateway = started(
        r.gateway(),
        r.service_entry("app.test", resolution="DNS", ports=ports),
        r.virtual_service("app", r.rule("app.test")),
        arguments=["--dns", names.address],
    )
    try:
        with Traffic(gateway) as traffic:
            for _ in range(2):
                traffic.flows()
                names.set("app.test")
                wait_for(lambda: traffic.statuses[-1] == 503, "503", 15)
                traffic.flows()
                names.set("app.test", STEADY)
                wait_for(lambda: traffic.statuses[-1] == 200, "200 again", 30)
        assert not traffic.broken and set(traffic.statuses) == {200, 503}
        # Nobody but the missing name is to blame, and nobody was called in vain.
        refused = traffic.statuses.count(503)
        assert stat(gateway, "upstream_cx_none_healthy") == refused
        assert stat(gateway, "upstream_cx_connect_fail") == 0
        assert stat(gateway, "upstream_rq_total") == traffic.statuses.count(200)
        entry = gateway.log_entry(response_code="503")
        assert entry["response_flags"] == "UH", entry
    finally:
        steady.stop()
