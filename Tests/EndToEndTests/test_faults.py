"""`fault`: delays and errors made on purpose, as the tutorials make them.

F1, F4 and O1 are their calls with the rules as they stand there, a tenth as long.
"""

import time

import grpc
import pytest

from harness import resources as r
from harness.h2wire import H2Wire
from harness.sidecar import Sidecar
from harness.upstream import Upstream, answers, ok
from harness.waiting import wait_for
from test_grpc import Client, Server

LATE = 10.0

RATINGS = """
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata:
  name: ratings
spec:
  hosts:
  - ratings
  http:
  - match:
    - headers:
        end-user:
          exact: jason
    fault:
{fault}
    route:
    - destination:
        host: ratings
        subset: v1
  - route:
    - destination:
        host: ratings
        subset: v1
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata:
  name: ratings
spec:
  host: ratings
  subsets:
  - name: v1
    labels:
      version: v1
"""

DELAY = """
      delay:
        percentage:
          value: 100.0
        fixedDelay: 0.7s
"""

ABORT = """
      abort:
        percentage:
          value: 100.0
        httpStatus: 500
"""

OLD_DELAY = """
      delay:
        percent: 100
        fixedDelay: 0.2s
"""


@pytest.fixture
def ratings():
    with Upstream("ratings", answers(ok(b'{"id":0}'))) as upstream:
        yield upstream


@pytest.fixture
def reviews(tmp_path, ratings):
    """Starts the sidecar of the workload that calls ratings, with a fault for jason."""
    running = []

    def start(fault):
        services = [
            r.workload_entry("reviews-1", 1, {"app": "reviews"}),
            r.service("ratings", 9080, target=80),
            r.workload_entry("ratings-1", ratings.port, {"app": "ratings", "version": "v1"}),
        ]
        sidecar = Sidecar(tmp_path, services, workload="reviews-1", ports=(15001,))
        sidecar.write("ratings.yaml", RATINGS.format(fault=fault.strip("\n")))
        running.append(sidecar.start())
        return sidecar

    yield start
    for sidecar in running:
        sidecar.stop()


def call(sidecar, user=None):
    begun = time.monotonic()
    fields = [f"end-user: {user}"] if user else []
    answer = sidecar.get("/ratings/0", "ratings:9080", fields=fields, number=15001)
    return answer, time.monotonic() - begun


def gateway_objects(port, fault, protocol="HTTP", **more):
    return [
        r.gateway(),
        r.service_entry("up.test", port, protocol=protocol),
        r.virtual_service("all", r.rule("up.test", fault=fault, **more)),
    ]


def delay(text, value=100):
    return {"delay": {"fixedDelay": text, "percentage": {"value": value}}}


def abort(value=100, **how):
    return {"abort": {**how, "percentage": {"value": value}}}


def test_f1_jason_waits_and_nobody_else(reviews, ratings):
    sidecar = reviews(DELAY)
    answer, took = call(sidecar, "jason")
    assert answer.status == 200 and 0.7 <= took < LATE
    assert sidecar.log_entry(response_code="200")["response_flags"] == "DI"
    others = [call(sidecar)[1] for _ in range(5)]
    assert min(others) < 0.7
    page = sidecar.admin("/stats").text
    assert page.count("fault.delays_injected: 1") == 1
    assert "fault.aborts_injected: 1" not in page


def test_f4_jason_gets_500_and_ratings_no_request(reviews, ratings):
    sidecar = reviews(ABORT)
    answer, took = call(sidecar, "jason")
    assert (answer.status, answer.text) == (500, "fault filter abort")
    assert answer.get("content-type") == "text/plain"
    assert not ratings.requests
    entry = sidecar.log_entry(response_code="500")
    assert entry["response_flags"] == "FI"
    assert entry["response_code_details"] == "fault_filter_abort"
    assert call(sidecar)[0].status == 200


def test_o1_percent_is_taken_where_percentage_is_absent(reviews):
    sidecar = reviews(OLD_DELAY)
    answer, took = call(sidecar, "jason")
    assert answer.status == 200 and 0.2 <= took < LATE


def test_removing_the_rule_removes_the_fault(reviews):
    sidecar = reviews(ABORT)
    assert call(sidecar, "jason")[0].status == 500
    sidecar.remove("ratings.yaml")
    assert call(sidecar, "jason")[0].status == 200


def test_both_at_once(started, ratings):
    gateway = started(
        *gateway_objects(ratings.port, {**delay("0.2s"), **abort(httpStatus=555)})
    )
    begun = time.monotonic()
    answer = gateway.get()
    assert (answer.status, answer.text) == (555, "fault filter abort")
    assert time.monotonic() - begun >= 0.2
    assert gateway.log_entry(response_code="555")["response_flags"] == "DI,FI"


def test_a_share_is_one(started, ratings):
    gateway = started(*gateway_objects(ratings.port, abort(25, httpStatus=500)))
    count = 2000
    with gateway.wire() as wire:
        head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        hit = sum(wire.request(head).status == 500 for _ in range(count))
    # Five standard deviations.
    assert abs(hit - count / 4) <= 5 * (count * 0.25 * 0.75) ** 0.5


def test_a_delay_holds_nothing_else_up(started, ratings):
    gateway = started(
        r.gateway(),
        r.service_entry("up.test", ratings.port),
        r.virtual_service(
            "all",
            r.rule("up.test", match=r.uri("prefix", "/slow"), fault=delay("60s")),
            r.rule("up.test"),
        ),
        workers=1,
    )
    slow = [gateway.wire() for _ in range(50)]
    try:
        for wire in slow:
            wire.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: "fault.active_faults: 50" in gateway.admin("/stats").text, "the delays")
        assert all(gateway.get().status == 200 for _ in range(20))
    finally:
        for wire in slow:
            wire.leave()


def test_a_delay_is_not_part_of_the_timeout(started, ratings):
    gateway = started(*gateway_objects(ratings.port, delay("0.4s"), timeout="0.2s"))
    answer = gateway.get()
    assert answer.status == 200
    assert ratings.requests[0].get("x-envoy-expected-rq-timeout-ms") == "200"


def test_a_body_survives_a_delay(started):
    body = bytes(n % 251 for n in range(2 << 20))
    with Upstream("up") as upstream:
        gateway = started(*gateway_objects(upstream.port, delay("0.3s")))
        with gateway.wire() as wire:
            wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body))
            wire.send(body)
            assert wire.response("POST").status == 200
        assert upstream.requests[0].body == body


def test_over_http2(started, ratings):
    gateway = started(*gateway_objects(ratings.port, abort(httpStatus=429)))
    with H2Wire(gateway.port()) as wire:
        answer = wire.finish(wire.ask())
        assert (answer.status, answer.body) == (429, b"fault filter abort")


@pytest.mark.parametrize(
    "how, code",
    [
        ({"grpcStatus": "PERMISSION_DENIED"}, grpc.StatusCode.PERMISSION_DENIED),
        ({"grpcStatus": "7"}, grpc.StatusCode.PERMISSION_DENIED),
        ({"httpStatus": 503}, grpc.StatusCode.UNAVAILABLE),
        ({"httpStatus": 401}, grpc.StatusCode.UNAUTHENTICATED),
    ],
)
def test_calls_of_grpc_get_a_status_of_theirs(started, how, code):
    server = Server()
    try:
        gateway = started(*gateway_objects(server.port, abort(**how), protocol="GRPC"))
        options = [("grpc.enable_retries", 0)]
        with grpc.insecure_channel(f"127.0.0.1:{gateway.port()}", options) as channel:
            with pytest.raises(grpc.RpcError) as failed:
                Client(channel).unary(b"hello", timeout=LATE)
            assert failed.value.code() == code
            assert failed.value.details() == "fault filter abort"
    finally:
        server.stop()
