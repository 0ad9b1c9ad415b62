"""`retries`: what is tried again, how often, where, and what its client and endpoints get to see.

Q1 is the scenario of the tutorials; the rest is what Istio's documentation leaves to be found out.
"""

import concurrent.futures
import threading
from pathlib import Path

import grpc
import pytest

from harness import resources as r
from harness.h2wire import H2Wire
from harness.ports import free_port
from harness.upstream import Upstream, answers, ok
from harness.waiting import wait_for
from test_grpc import Client

SICK = ok(b"sick", status=b"503 Service Unavailable")
WELL = ok(b"well")
HOST = "up.test"


def objects(*ports, protocol="HTTP", policy=None, **more):
    made = [
        r.gateway(),
        r.service_entry(HOST, *ports, protocol=protocol),
        r.virtual_service("all", r.rule(HOST, **more)),
    ]
    if policy:
        made.append(r.destination_rule(HOST, {}, **policy))
    return made


def stat(gateway, name):
    """0 as well for a cluster that has not been used yet."""
    needle = f"cluster.outbound|80||{HOST}.{name}: "
    lines = gateway.admin("/stats").text.splitlines()
    return next((int(l.rsplit(" ", 1)[1]) for l in lines if l.startswith(needle)), 0)


def test_q1_three_tries_and_one_good_answer(started):
    """003's `attempts: 2, retryOn: 5xx`."""
    with Upstream("sick twice", answers(SICK, SICK, WELL)) as upstream:
        gateway = started(*objects(upstream.port, retries={"attempts": 2, "retryOn": "5xx"}))
        answer = gateway.get()
        assert (answer.status, answer.text) == (200, "well")
        counts = [q.get("x-envoy-attempt-count") for q in upstream.requests]
        assert counts == ["1", "2", "3"]
        assert len({q.get("x-request-id") for q in upstream.requests}) == 1
        assert len(upstream.connections) == 1
        assert gateway.log_entry(response_code="200")["response_flags"] == "-"
        assert stat(gateway, "upstream_rq_retry") == 2
        assert stat(gateway, "upstream_rq_retry_success") == 1


def test_q1_no_more_than_three(started):
    with Upstream("sick", answers(SICK)) as upstream:
        gateway = started(*objects(upstream.port, retries={"attempts": 2, "retryOn": "5xx"}))
        answer = gateway.get()
        assert (answer.status, answer.text) == (503, "sick")
        assert len(upstream.requests) == 3
        entry = gateway.log_entry(response_code="503")
        assert entry["response_flags"] == "URX"
        assert entry["response_code_details"] == "via_upstream"


def test_by_default_bad_answers_are_passed_on(started):
    with Upstream("sick", answers(SICK)) as upstream:
        gateway = started(*objects(upstream.port))
        assert gateway.get().text == "sick"
        assert len(upstream.requests) == 1


def test_by_default_a_dead_endpoint_is_followed_by_another(started):
    with Upstream("alive", answers(WELL)) as upstream:
        turns = {"loadBalancer": {"simple": "ROUND_ROBIN"}}
        gateway = started(*objects(free_port(), upstream.port, policy=turns), workers=1)
        for _ in range(20):
            assert gateway.get(method="POST").text == "well"
        assert stat(gateway, "upstream_rq_retry") > 0


@pytest.mark.parametrize("retries", [{}, {"attempts": 0}])
def test_retries_can_be_switched_off(started, retries):
    gateway = started(*objects(free_port(), retries=retries))
    assert b"reset reason: remote connection failure" in gateway.get().body
    assert gateway.log_entry(response_code="503")["response_flags"] == "UF"
    assert stat(gateway, "upstream_rq_retry") == 0
    assert stat(gateway, "upstream_cx_connect_fail") == 1


def test_nobody_there_is_told_with_its_last_reason(started):
    gateway = started(*objects(free_port()))
    assert gateway.get().text == (
        "upstream connect error or disconnect/reset before headers. retried and the latest reset "
        "reason: remote connection failure, transport failure reason: delayed connect error: "
        "Connection refused"
    )
    entry = gateway.log_entry(response_code="503")
    assert entry["response_flags"] == "UF,URX"
    assert entry["response_code_details"].startswith(
        "upstream_reset_before_response_started{remote_connection_failure|"
    )
    assert stat(gateway, "upstream_cx_connect_fail") == 3


def test_a_status_is_a_condition(started):
    with Upstream("busy", answers(ok(b"busy", status=b"429 Busy"), WELL)) as upstream:
        gateway = started(
            *objects(upstream.port, retries={"attempts": 1, "retryOn": "reset,429"})
        )
        assert gateway.get().text == "well"


@pytest.mark.parametrize("size", [10, 300_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_is_sent_again(started, size, chunked):
    body = bytes(n % 251 for n in range(size))
    with Upstream("sick once", answers(SICK, WELL)) as upstream:
        gateway = started(*objects(upstream.port, retries={"attempts": 1, "retryOn": "5xx"}))
        with gateway.wire() as wire:
            if chunked:
                framing = b"Transfer-Encoding: chunked"
                data = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body)
            else:
                framing, data = b"Content-Length: %d" % size, body
            wire.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n" + data)
            assert wire.response("POST").text == "well"
        assert [q.body for q in upstream.requests] == [body, body]


def test_a_body_beyond_the_limit_goes_up_once(started):
    size = 3 << 20
    with Upstream("sick", answers(SICK, WELL)) as upstream:
        gateway = started(*objects(upstream.port, retries={"attempts": 1, "retryOn": "5xx"}))
        with gateway.wire() as wire:
            wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
            wire.send(bytes(size))
            assert wire.response("POST").text == "sick"
        assert len(upstream.requests) == 1
        assert stat(gateway, "retry_or_shadow_abandoned") == 1


def test_streams_of_http2_are_tried_again_each_on_its_own(started):
    with Upstream("sick once", answers(SICK, WELL)) as upstream:
        gateway = started(*objects(upstream.port, retries={"attempts": 3, "retryOn": "5xx"}))
        with H2Wire(gateway.port()) as wire:
            for answer in wire.finish(*[wire.ask() for _ in range(5)]):
                assert (answer.status, answer.body) == (200, b"well")


class Unsteady(grpc.GenericRpcHandler):
    """Answers UNAVAILABLE twice, and then what it was sent."""

    def __init__(self):
        self.seen = []

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(self.answer)

    def answer(self, request, context):
        self.seen.append(dict(context.invocation_metadata()).get("x-envoy-attempt-count"))
        if len(self.seen) <= 2:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return request


def test_a_call_that_is_unavailable_is_tried_again_by_default(started):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    handler = Unsteady()
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        gateway = started(*objects(port, protocol="GRPC"))
        # The client must not do it by itself.
        options = [("grpc.enable_retries", 0)]
        with grpc.insecure_channel(f"127.0.0.1:{gateway.port()}", options) as channel:
            assert Client(channel).unary(b"hello", timeout=20) == b"hello"
        assert handler.seen == ["1", "2", "3"]
    finally:
        server.stop(None)


def test_max_retries_bounds_those_at_the_same_time(started):
    with Upstream("sick", answers(SICK)) as upstream:
        gateway = started(
            *objects(
                upstream.port,
                retries={"attempts": 1, "retryOn": "5xx", "backoff": "3600s"},
                policy={"connectionPool": {"http": {"maxRetries": 3}}},
            )
        )
        wires = [gateway.wire() for _ in range(8)]
        try:
            for wire in wires:
                wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(
                lambda: stat(gateway, "upstream_rq_retry_overflow") == 5, "those that may not"
            )
            assert stat(gateway, "upstream_rq_retry") == 3
            assert gateway.log_entry(response_code="503")["response_flags"] == "UO"
        finally:
            for wire in wires:
                wire.leave()


def test_a_budget_with_an_interval_remembers_what_is_over(started):
    """A quarter of all requests of the last hour, where nobody but who fails is under way."""
    budget = {"percent": 25, "minRetryConcurrency": 0, "budgetInterval": "1h"}
    with Upstream("falls sick", answers(*[WELL] * 7, SICK)) as upstream:
        gateway = started(
            *objects(
                upstream.port,
                retries={"attempts": 1, "retryOn": "5xx", "backoff": "3600s"},
                policy={"retryBudget": budget},
            )
        )
        for _ in range(7):
            assert gateway.get().text == "well"
        wires = []
        try:
            for number in range(1, 5):
                wires.append(gateway.wire())
                wires[-1].send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                wait_for(
                    lambda: stat(gateway, "upstream_rq_retry")
                    + stat(gateway, "upstream_rq_retry_overflow")
                    == number,
                    "a pause or an answer",
                )
            # 8 and 9 requests allow two retries at the same time, and so do 10 and 11.
            assert stat(gateway, "upstream_rq_retry") == 2
        finally:
            for wire in wires:
                wire.leave()


def test_a_client_cannot_ask_for_retries(started):
    with Upstream("sick", answers(SICK)) as upstream:
        gateway = started(*objects(upstream.port))
        fields = ["x-envoy-retry-on: 5xx", "x-envoy-max-retries: 5"]
        assert gateway.get(fields=fields).status == 503
        assert len(upstream.requests) == 1
        assert upstream.requests[0].get("x-envoy-retry-on") is None


def test_a_retry_storm_keeps_memory_flat(started):
    """The upstream is down and everybody keeps asking."""
    gateway = started(
        *objects(free_port(), retries={"attempts": 5, "retryOn": "5xx", "backoff": "1ms"}),
        access_log=False,
    )
    stop = threading.Event()
    answered = []

    def ask():
        count = 0
        with gateway.wire() as wire:
            while not stop.is_set():
                wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
                wire.send(bytes(1000))
                assert wire.response("POST").status == 503
                count += 1
        answered.append(count)

    def memory():
        status = Path(f"/proc/{gateway.child.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    wait_for(lambda: stat(gateway, "upstream_rq_retry") > 2000, "the storm", seconds=60)
    before = memory()
    begun = stat(gateway, "upstream_rq_retry")
    wait_for(lambda: stat(gateway, "upstream_rq_retry") > begun + 10_000, "more of it", 90)
    after = memory()
    stop.set()
    for thread in threads:
        thread.join(30)
    assert len(answered) == 20 and min(answered) > 0
    assert after < before + 8 * 1024, f"{before} kB became {after} kB"
