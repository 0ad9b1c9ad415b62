"""`timeout` and `perTryTimeout`: how long an answer may take, and what its client is told then.

Times are judged by what they may not be less than; how much longer a loaded machine takes is not
the proxy's doing, so upper bounds are only there to tell half a second from never.
"""

import threading
import time

import grpc
import pytest

from harness import resources as r
from harness.h2wire import H2Wire
from harness.sidecar import Sidecar
from harness.upstream import Upstream, ok
from harness.waiting import wait_for
from test_grpc import Client, Server

LATE = 10.0


class Silent:
    """A script that reads requests and answers none until it is told to."""

    def __init__(self, answer=ok(b"late")):
        self.answer = answer
        self.tried = 0
        self.may_answer = threading.Event()

    def __call__(self, connection):
        while connection.read_all():
            self.tried += 1
            self.may_answer.wait(LATE * 3)
            connection.send(self.answer)


@pytest.fixture
def silent():
    script = Silent()
    with Upstream("silent", script) as upstream:
        upstream.silent = script
        yield upstream
        script.may_answer.set()


def objects(port, protocol="HTTP", **policy):
    return [
        r.gateway(),
        r.service_entry("up.test", port, protocol=protocol),
        r.virtual_service("all", r.rule("up.test", **policy)),
    ]


def timed(call):
    begun = time.monotonic()
    answer = call()
    return answer, time.monotonic() - begun


def test_o2_reviews_with_half_a_second_is_504(tmp_path, silent):
    """The notes' rule, for a call from one workload to another."""
    services = [
        r.workload_entry("productpage-1", 1, {"app": "productpage"}),
        r.service("reviews", 9080, target=80),
        r.workload_entry("reviews-1", silent.port, {"app": "reviews", "version": "v2"}),
        """
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts:
  - reviews
  http:
  - route:
    - destination:
        host: reviews
        subset: v2
    timeout: 0.5s
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata:
  name: reviews
spec:
  host: reviews
  subsets:
  - name: v2
    labels:
      version: v2
""",
    ]
    sidecar = Sidecar(tmp_path, services[:3], workload="productpage-1", ports=(15001,))
    sidecar.write("reviews.yaml", services[3])
    with sidecar:
        answer, took = timed(lambda: sidecar.get("/reviews/0", "reviews:9080", number=15001))
        assert (answer.status, answer.text) == (504, "upstream request timeout")
        assert answer.get("content-type") == "text/plain"
        assert 0.5 <= took < LATE
        entry = sidecar.log_entry(response_code="504")
        assert entry["response_flags"] == "UT"
        assert entry["response_code_details"] == "response_timeout"
        assert silent.requests[0].get("x-envoy-expected-rq-timeout-ms") == "500"
        assert silent.requests[0].get("x-envoy-attempt-count") == "1"


def test_q2_a_try_that_takes_too_long_is_followed_by_another(started, silent):
    """003's `attempts: 2, perTryTimeout: 5s`, a tenth as long."""
    gateway = started(
        *objects(
            silent.port, retries={"attempts": 2, "perTryTimeout": "0.5s", "retryOn": "5xx"}
        )
    )
    answer, took = timed(gateway.get)
    assert (answer.status, answer.text) == (504, "upstream request timeout")
    assert 1.5 <= took < LATE
    assert silent.silent.tried == 3
    counts = [q.get("x-envoy-attempt-count") for q in silent.requests]
    assert counts == ["1", "2", "3"]
    entry = gateway.log_entry(response_code="504")
    assert entry["response_flags"] == "UT,URX"
    assert entry["response_code_details"] == "upstream_per_try_timeout"
    page = gateway.admin("/stats").text
    assert "cluster.outbound|80||up.test.upstream_rq_per_try_timeout: 3" in page
    assert "cluster.outbound|80||up.test.upstream_rq_retry_limit_exceeded: 1" in page


def test_a_second_try_may_still_be_in_time(started):
    first = threading.Event()

    def script(connection):
        while connection.read_all():
            if not first.is_set():
                first.set()
                connection.until_closed(LATE)
                return
            connection.send(ok(b"second"))

    with Upstream("slow once", script) as upstream:
        gateway = started(
            *objects(
                upstream.port,
                timeout="9s",
                retries={"attempts": 1, "perTryTimeout": "0.2s", "retryOn": "reset"},
            )
        )
        assert gateway.get().text == "second"


def test_the_timeout_is_for_all_tries_together(started, silent):
    gateway = started(
        *objects(
            silent.port,
            timeout="0.5s",
            retries={"attempts": 100, "perTryTimeout": "0.2s", "retryOn": "5xx"},
        )
    )
    answer, took = timed(gateway.get)
    assert answer.status == 504
    assert 0.5 <= took < LATE
    assert 2 <= silent.silent.tried <= 3
    assert gateway.log_entry(response_code="504")["response_flags"] == "UT"


def test_the_connection_goes_on_after_a_timeout(started, silent):
    gateway = started(*objects(silent.port, timeout="0.1s"))
    with gateway.wire() as wire:
        head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        assert wire.request(head).status == 504
        silent.silent.may_answer.set()
        assert wire.request(head).status == 200


def test_over_http2_other_streams_go_on(started, silent):
    gateway = started(*objects(silent.port, timeout="0.3s"))
    with H2Wire(gateway.port()) as wire:
        for answer in wire.finish(*[wire.ask() for _ in range(3)]):
            assert (answer.status, answer.body) == (504, b"upstream request timeout")
            assert answer.ended
        assert not wire.goaway


def test_a_call_of_grpc_that_takes_too_long_is_unavailable(started):
    server = Server()
    try:
        gateway = started(*objects(server.port, protocol="GRPC", timeout="0.3s"))
        with grpc.insecure_channel(f"127.0.0.1:{gateway.port()}") as channel:
            client = Client(channel)
            received = []
            with pytest.raises(grpc.RpcError) as failed:
                for message in client.endless(b"", timeout=LATE):
                    received.append(message)
            # Messages had come: the stream is reset, and no status follows.
            assert failed.value.code() != grpc.StatusCode.DEADLINE_EXCEEDED
        entry = wait_for(
            lambda: next((e for e in gateway.log_lines() if " UT " in e), None), "a line"
        )
        assert "response_timeout" in entry
    finally:
        server.stop()
