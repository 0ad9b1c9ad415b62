"""Connection pools with limits: the circuit breaker of Istio's tutorials (C1 to C4).

Limits hold for the process, so what two workers do together is what counts here: never two
connections where one is allowed, and no request that waits for ever.
"""

import http.client
import threading
import time

import pytest

from harness import exposition
from harness import resources as r
from harness.gateway import Gateway
from harness.h2wire import H2Wire
from harness.upstream import Upstream, ok
from harness.waiting import wait_for

CLUSTER = "outbound|80||httpbin.test"
OVERFLOW = (
    b"upstream connect error or disconnect/reset before headers. reset reason: overflow"
)
ONE = {
    "tcp": {"maxConnections": 1},
    "http": {"http1MaxPendingRequests": 1, "maxRequestsPerConnection": 1},
}


class Httpbin(Upstream):
    """Answers when it is told to, and knows how many requests it had at the same time at most.

    Not connections: of an old one it learns later than the proxy that it is closed.
    """

    def __init__(self):
        super().__init__("httpbin", self.serve)
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.lock = threading.Lock()
        self.busy = self.most = 0

    def serve(self, connection):
        while connection.read_all():
            with self.lock:
                self.busy += 1
                self.most = max(self.most, self.busy)
            assert self.may_answer.wait(20)
            with self.lock:
                self.busy -= 1
            connection.send(ok(b"fine"))


def objects(upstream, pool, protocol="HTTP"):
    rule = r.destination_rule("httpbin.test", {}, connectionPool=pool)
    return [
        r.gateway(protocol=protocol),
        r.service_entry("httpbin.test", upstream.port),
        r.virtual_service("all", r.rule("httpbin.test")),
        rule,
    ]


def stat(gateway, name):
    lines = gateway.admin("/stats?filter=httpbin").text.splitlines()
    return next(
        (int(l.split(": ")[1]) for l in lines if l.startswith(f"cluster.{CLUSTER}.{name}: ")), 0
    )


@pytest.fixture
def breaker(tmp_path):
    """The tutorial's limits."""
    with Httpbin() as upstream, Gateway(tmp_path, objects(upstream, ONE)) as gateway:
        yield gateway, upstream


def load(gateway, callers, calls):
    """As `fortio load -c CALLERS -n CALLS`: each caller keeps its connection and asks at once."""
    answers = []

    def call():
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port(), timeout=20)
        for _ in range(calls // callers):
            connection.request("GET", "/get")
            answer = connection.getresponse()
            answers.append((answer.status, answer.read(), answer.headers))
        connection.close()

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == calls
    good = [a for a in answers if a[0] == 200]
    bad = [a for a in answers if a[0] == 503]
    assert len(good) + len(bad) == calls
    for _, body, headers in bad:
        assert body == OVERFLOW
        assert headers["x-envoy-overloaded"] == "true"
        assert headers["x-envoy-upstream-service-time"] is None
    return len(good), len(bad)


def test_c1_one_request_goes_through(breaker):
    gateway, _ = breaker
    answer = gateway.get("/get")
    assert answer.status == 200
    assert answer.get("server") and answer.get("x-envoy-upstream-service-time")
    assert load(gateway, 1, 10) == (10, 0)


@pytest.mark.parametrize("callers,calls,least", [(2, 20, 10), (3, 30, 10)])
def test_c2_c3_what_does_not_fit_is_refused_and_counted(breaker, callers, calls, least):
    gateway, upstream = breaker
    good, bad = load(gateway, callers, calls)
    assert good >= least
    # C4: the counter says how many exactly.
    assert stat(gateway, "upstream_rq_pending_overflow") == bad
    assert stat(gateway, "upstream_rq_pending_active") == 0
    assert stat(gateway, "upstream_cx_overflow") >= 1
    assert upstream.most == 1
    families = exposition.parse(gateway.metrics().text)
    name = "envoy_cluster_upstream_rq_pending_overflow"
    assert exposition.values(families, name, cluster_name=CLUSTER) == [bad]


def test_c3_exactly_one_runs_one_waits_and_the_third_is_refused(breaker):
    gateway, upstream = breaker
    upstream.may_answer.clear()
    wires = [gateway.wire(seconds=20) for _ in range(3)]
    request = b"GET /get HTTP/1.1\r\nHost: any.test\r\n\r\n"
    wires[0].send(request)
    wait_for(lambda: len(upstream.requests) == 1, "the first request at the endpoint")
    assert stat(gateway, "circuit_breakers.default.cx_open") == 1
    assert stat(gateway, "circuit_breakers.default.rq_pending_open") == 0
    wires[1].send(request)
    wait_for(lambda: stat(gateway, "upstream_rq_pending_active") == 1, "one that waits")
    assert stat(gateway, "circuit_breakers.default.rq_pending_open") == 1
    answer = wires[2].request(request)
    assert answer.status == 503 and answer.body == OVERFLOW
    entry = gateway.log_entry(response_code="503")
    assert entry["response_flags"] == "UO"
    upstream.may_answer.set()
    assert wires[0].response().status == 200
    assert wires[1].response().status == 200
    assert upstream.most == 1
    wait_for(
        lambda: stat(gateway, "circuit_breakers.default.cx_open") == 0, "a closed circuit"
    )
    for wire in wires:
        wire.close()


def test_streams_of_one_http2_client_are_limited_alike(tmp_path):
    with Httpbin() as upstream:
        upstream.may_answer.clear()
        with Gateway(tmp_path, objects(upstream, ONE, "HTTP2")) as gateway:
            with H2Wire(gateway.port(), seconds=20) as wire:
                # While its connection is made the first one waits as well.
                numbers = [wire.ask(path="/0")]
                wait_for(lambda: len(upstream.requests) == 1, "the first one at the endpoint")
                numbers += [wire.ask(path=f"/{n}") for n in (1, 2)]
                wire.finish(numbers[2])
                refused = wire.streams[numbers[2]]
                assert refused.status == 503 and bytes(refused.body) == OVERFLOW
                assert refused.get("x-envoy-overloaded") == "true"
                upstream.may_answer.set()
                wire.finish(*numbers[:2])
                assert [wire.streams[n].status for n in numbers[:2]] == [200, 200]
                assert upstream.most == 1


def test_many_callers_of_both_workers_all_get_their_turn(tmp_path):
    pool = {"tcp": {"maxConnections": 1}}
    with Httpbin() as upstream, Gateway(tmp_path, objects(upstream, pool)) as gateway:
        assert load(gateway, 8, 200) == (200, 0)
        assert upstream.most == 1


def test_two_connections_are_two_for_both_workers_together(tmp_path):
    pool = {"tcp": {"maxConnections": 2}}
    with Httpbin() as upstream, Gateway(tmp_path, objects(upstream, pool)) as gateway:
        assert load(gateway, 8, 200) == (200, 0)
        assert upstream.most <= 2


def test_a_request_that_waits_for_too_long_is_504_and_leaves_its_place(tmp_path):
    """The line is the destination's: no endpoint has been asked, and none is to blame."""
    with Httpbin() as upstream:
        upstream.may_answer.clear()
        things = objects(upstream, ONE)
        things[2] = r.virtual_service(
            "all",
            r.rule("httpbin.test", timeout="0.3s", match={"uri": {"exact": "/quick"}}),
            r.rule("httpbin.test"),
        )
        with Gateway(tmp_path, things) as gateway, gateway.wire(seconds=20) as first:
            first.send(b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n")
            wait_for(lambda: len(upstream.requests) == 1, "the first request at the endpoint")
            for _ in range(2):
                answer = gateway.get("/quick")
                assert (answer.status, answer.body) == (504, b"upstream request timeout")
            assert stat(gateway, "upstream_rq_pending_overflow") == 0
            assert stat(gateway, "upstream_rq_pending_active") == 0
            assert stat(gateway, "upstream_rq_cancelled") == 2
            upstream.may_answer.set()
            assert first.response().status == 200
            assert len(upstream.requests) == 1


def test_lifting_the_limits_lets_everybody_through(breaker):
    gateway, upstream = breaker
    upstream.may_answer.clear()
    with gateway.wire(seconds=20) as first, gateway.wire(seconds=20) as second:
        request = b"GET /get HTTP/1.1\r\nHost: any.test\r\n\r\n"
        first.send(request)
        wait_for(lambda: len(upstream.requests) == 1, "the first request at the endpoint")
        second.send(request)
        wait_for(lambda: stat(gateway, "upstream_rq_pending_active") == 1, "one that waits")
        gateway.write("resources.yaml", *objects(upstream, {"tcp": {"maxConnections": 5}}))
        wait_for(lambda: len(upstream.requests) == 2, "the second one at the endpoint")
        upstream.may_answer.set()
        assert first.response().status == 200
        assert second.response().status == 200
    assert "default_priority::max_connections::5" in gateway.admin("/clusters").text


def test_bytes_above_the_limit_are_closed(tmp_path):
    listener = r.gateway(port=9000, protocol="TCP")
    service = r.virtual_service(
        "bytes", tcp=[{"route": [{"destination": {"host": "echo.test"}}]}]
    )
    entry = r.service_entry("echo.test", 1, port=9000, protocol="TCP")
    rule = r.destination_rule(
        "echo.test", {}, connectionPool={"tcp": {"maxConnections": 1}}
    )

    def parrot(connection):
        while connection.more(20 + time.monotonic()):
            connection.send(bytes(connection.buffer))
            connection.buffer.clear()

    with Upstream("echo", parrot) as upstream:
        entry["spec"]["endpoints"][0]["ports"]["main"] = upstream.port
        things = [listener, service, entry, rule]
        with Gateway(tmp_path, things, ports=(9000,)) as gateway:
            with gateway.wire(9000) as first:
                first.send(b"x")
                wait_for(lambda: upstream.received_bytes == 1, "a byte at the endpoint")
                with gateway.wire(9000) as second:
                    assert second.ends()
            entry = gateway.log_entry(response_flags="UO")
            assert entry["upstream_cluster"] == "outbound|9000||echo.test"
