"""Mirrored requests: copies that reach another version while clients only ever see the first.

M1 to M3 are the scenarios of the tutorials, from a workload through its sidecar; behind them what a
copy may never do to its original, and what it is made of.
"""

import hashlib
import threading
import time

import grpc
import pytest

from harness import resources as r
from harness.h2wire import H2Wire
from harness.sidecar import Sidecar
from harness.upstream import Upstream, answers, ok
from harness.waiting import wait_for
from test_grpc import Client, Server

V1 = ok(b"v1")
V2 = ok(b"v2", b"X-Version: 2", status=b"500 Broken")


@pytest.fixture
def two():
    """httpbin's two versions; the second answers 500, so that its answer cannot pass unseen."""
    with (
        Upstream("v1", answers(V1)) as v1,
        Upstream("v2", answers(V2)) as v2,
    ):
        yield v1, v2


def mirrored(**more):
    """The rule of the notes: everything to v1, and more."""
    return r.rule(r.destination("httpbin.test", subset="v1"), **more)


COPY = {"host": "httpbin.test", "subset": "v2"}


def objects(two, *rules, protocol="HTTP"):
    labels = [{"version": "v1"}, {"version": "v2"}]
    ports = [upstream.port for upstream in two]
    return [
        r.gateway(),
        r.service_entry("httpbin.test", *ports, labels=labels, protocol=protocol),
        r.destination_rule("httpbin.test", {v["version"]: v for v in labels}),
        r.virtual_service("httpbin", *rules),
    ]


def start(started, two, *rules, **options):
    protocol = options.pop("protocol", "HTTP")
    return started(*objects(two, *rules, protocol=protocol), **options)


def copies(two, count=1):
    """The second version's requests, once there are so many."""
    wait_for(lambda: len(two[1].requests) >= count, f"{count} copies")
    return two[1].requests


def stat(gateway, name, subset="v2"):
    text = gateway.admin("/stats").text
    line = next(l for l in text.splitlines() if f"|{subset}|" in l and f".{name}: " in l)
    return int(line.rsplit(" ", 1)[1])


# The tutorials


NOTES = """
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata:
  name: httpbin
spec:
  hosts:
    - httpbin
  http:
  - route:
    - destination:
        host: httpbin
        subset: v1
      weight: 100
{mirror}
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata:
  name: httpbin
spec:
  host: httpbin
  subsets:
  - name: v1
    labels:
      version: v1
  - name: v2
    labels:
      version: v2
"""

MIRROR = """
    mirror:
      host: httpbin
      subset: v2
    {field}: 100
"""


@pytest.fixture
def sleep(tmp_path, two):
    """The sidecar of the workload that the notes type curl in."""
    services = [
        r.workload_entry("sleep-1", 1, {"app": "sleep"}),
        r.service("httpbin", 8000, target=80),
        *(
            r.workload_entry(f"httpbin-{u.name}", u.port, {"app": "httpbin", "version": u.name})
            for u in two
        ),
    ]
    with Sidecar(tmp_path, services, workload="sleep-1", ports=(15001,)) as sidecar:
        yield sidecar


def call(sidecar, times=1):
    """curl http://httpbin:8000/headers"""
    answered = [sidecar.get("/headers", "httpbin:8000", number=15001) for _ in range(times)]
    return [(answer.status, answer.body) for answer in answered]


def test_m1_without_a_rule_both_versions_answer(sleep, two):
    assert {body for _, body in call(sleep, 40)} == {b"v1", b"v2"}


def test_m2_all_go_to_v1_and_the_log_of_v2_stays_empty(sleep, two):
    sleep.apply("httpbin.yaml", NOTES.format(mirror=""))
    assert call(sleep, 20) == [(200, b"v1")] * 20
    assert not two[1].requests


@pytest.mark.parametrize("field", ["mirror_percent", "mirrorPercent"])
def test_m3_one_line_each_in_both_versions(sleep, two, field):
    sleep.apply("httpbin.yaml", NOTES.format(mirror=MIRROR.format(field=field)))
    assert call(sleep, 5) == [(200, b"v1")] * 5
    assert len(copies(two, 5)) == 5 == len(two[0].requests)
    assert {h.get("host") for h in two[0].requests} == {"httpbin:8000"}
    assert {h.get("host") for h in two[1].requests} == {"httpbin-shadow:8000"}


# What a copy is made of


def test_a_copy_is_the_request_as_it_goes_upstream(started, two):
    rule = mirrored(
        mirror=COPY,
        rewrite={"uri": "/deep/"},
        headers={"request": {"set": {"x-route": "1"}, "remove": ["x-secret"]}},
    )
    gateway = start(started, two, rule)
    fields = ["X-Secret: no", "X-Kept: yes", "X-Forwarded-For: 203.0.113.9"]
    assert gateway.get("/a?b=c", fields=fields).body == b"v1"
    copy = copies(two)[0]
    original = two[0].requests[0]
    assert copy.target == original.target == "/deep/a?b=c"
    theirs = {n.lower(): v for n, v in copy.fields}
    ours = {n.lower(): v for n, v in original.fields}
    changed = {b"host", b"x-forwarded-for", b"x-envoy-internal"}
    assert {n: v for n, v in theirs.items() if n not in changed} == {
        n: v for n, v in ours.items() if n not in changed
    }
    assert theirs[b"x-route"] == b"1" and theirs[b"x-kept"] == b"yes"
    assert theirs[b"host"] == b"any.test-shadow"
    # Forwarded by one hop more, the proxy itself; and, as Envoy's, internal.
    assert theirs[b"x-forwarded-for"] == ours[b"x-forwarded-for"] + b", 127.0.0.1"
    assert theirs[b"x-envoy-internal"] == b"true" and b"x-envoy-internal" not in ours
    assert len(copy.fields) == len(theirs), "no field twice"


@pytest.mark.parametrize(
    "host, marked",
    [
        ("a.test", "a.test-shadow"),
        ("a.test:8000", "a.test-shadow:8000"),
        ("192.0.2.1:80", "192.0.2.1-shadow:80"),
        # Marked it would be no Host that a server has to take.
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
    ],
)
def test_the_host_is_marked_before_its_port(started, two, host, marked):
    gateway = start(started, two, mirrored(mirror=COPY))
    assert gateway.get(host=host).body == b"v1"
    assert copies(two)[0].get("host") == marked


def test_the_mark_can_be_left_out(started, two):
    gateway = start(started, two, mirrored(mirror=COPY), arguments=["--mirror-host", "unchanged"])
    gateway.get(host="a.test:8000")
    assert copies(two)[0].get("host") == "a.test:8000"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
def test_methods_are_kept(started, two, method):
    gateway = start(started, two, mirrored(mirror=COPY))
    assert gateway.get(method=method).status == 200
    assert copies(two)[0].method == method


def test_several_mirrors_get_a_copy_each_and_unknown_ones_none(started, two):
    with Upstream("v3", answers(ok(b"v3"))) as v3:
        both = [
            {"destination": COPY},
            {"destination": {"host": "third.test"}},
            {"destination": {"host": "nobody.test"}},
        ]
        gateway = start(started, two, mirrored(mirrors=both), r.rule("third.test"))
        gateway.apply("third.yaml", r.service_entry("third.test", v3.port))
        gateway.get()
        wait_for(lambda: len(two[1].requests) == len(v3.requests) == 1, "a copy for each")


# How many


@pytest.mark.parametrize(
    "share, least, most",
    [
        ({}, 600, 600),
        ({"mirrorPercentage": {"value": 100}}, 600, 600),
        ({"mirrorPercentage": {"value": 0}}, 0, 0),
        ({"mirror_percent": 0}, 0, 0),
        # Six standard deviations of the binomial distribution.
        ({"mirrorPercentage": {"value": 20}}, 62, 178),
        ({"mirrorPercent": 20}, 62, 178),
        ({"mirrorPercentage": {"value": 80}, "mirror_percent": 0}, 422, 538),
    ],
)
def test_the_share_is_kept(started, two, share, least, most):
    gateway = start(started, two, mirrored(mirror=COPY, **share))
    with gateway.wire() as wire:
        for _ in range(600):
            head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            assert wire.request(head).body == b"v1"
    wait_for(lambda: len(two[1].requests) >= least, "the copies")
    wait_for(lambda: stat(gateway, "upstream_rq_active") == 0 if least else True, "them to end")
    assert least <= len(two[1].requests) <= most


# Bodies


def body_of(count):
    return hashlib.sha256(b"seed").digest() * (count // 32)


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("protocol", ["HTTP", "HTTP2"])
def test_a_body_is_mirrored_whole_with_its_framing(started, two, framing, protocol):
    """The client speaks HTTP/1.1 or HTTP/2; the endpoints are HTTP/1.1's."""
    gateway_protocol = {"HTTP": "HTTP", "HTTP2": "HTTP2"}[protocol]
    made = objects(two, mirrored(mirror=COPY))
    made[0] = r.gateway(protocol=gateway_protocol)
    gateway = started(*made)
    data = body_of(96 * 1024)
    if protocol == "HTTP":
        with gateway.wire() as wire:
            head = b"POST /p HTTP/1.1\r\nHost: a\r\n"
            if framing == "length":
                wire.send(head + b"Content-Length: %d\r\n\r\n" % len(data) + data)
            else:
                wire.send(head + b"Transfer-Encoding: chunked\r\n\r\n")
                for at in range(0, len(data), 8192):
                    wire.send(b"2000\r\n" + data[at : at + 8192] + b"\r\n")
                wire.send(b"0\r\nX-Sum: 1\r\n\r\n")
            assert wire.response().body == b"v1"
    else:
        with H2Wire(gateway.port()) as wire:
            fields = [("content-length", str(len(data)))] if framing == "length" else []
            stream = wire.ask(*fields, method="POST", path="/p", end=False)
            wire.data(stream, data, end=True)
            wire.finish(stream)
            assert wire.streams[stream].body == b"v1"
    copy, original = copies(two)[0], two[0].requests[0]
    assert (copy.method, copy.target) == ("POST", "/p")
    assert copy.body == original.body == data
    assert copy.framing == original.framing
    assert copy.trailers == original.trailers


def test_calls_of_grpc_are_mirrored_over_http2(started):
    """Messages one way and trailers the other, with a copy that fails every call."""
    one, other = Server(), Server()
    seen = []

    def fail(messages, context):
        seen.append([m for m in messages] if not isinstance(messages, bytes) else messages)
        context.abort(grpc.StatusCode.DATA_LOSS, "never seen")

    other.echo.unary = other.echo.sum = fail
    copy = {"host": "copy.test"}
    gateway = started(
        r.gateway(protocol="GRPC"),
        r.service_entry("echo.test", one.port, protocol="GRPC"),
        r.service_entry("copy.test", other.port, protocol="GRPC"),
        r.virtual_service("all", r.rule("echo.test", mirror=copy)),
    )
    with grpc.insecure_channel(f"127.0.0.1:{gateway.port()}") as channel:
        client = Client(channel)
        assert client.unary(b"hello", timeout=10) == b"hello"
        assert client.sum(iter([b"%4d" % n for n in range(500)]), timeout=30) == b"2000"
    wait_for(lambda: len(seen) == 2, "the copies")
    assert seen == [b"hello", [b"%4d" % n for n in range(500)]]
    one.stop()
    other.stop()


def test_ten_megabytes_are_mirrored_while_the_copy_keeps_up(started, two):
    """Envoy gives up on copies beyond 1 MiB; here only what has not been taken counts."""
    gateway = start(started, two, mirrored(mirror=COPY))
    piece = body_of(256 * 1024)
    with gateway.wire(seconds=30) as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (40 * len(piece)))
        for count in range(1, 41):
            wire.send(piece)
            least = count * len(piece)
            for upstream in two:
                wait_for(lambda: upstream.received_bytes >= least, "the piece", 20)
        assert wire.response().body == b"v1"
    assert hashlib.sha256(copies(two)[0].body).digest() == hashlib.sha256(piece * 40).digest()
    assert stat(gateway, "retry_or_shadow_abandoned", "v1") == 0


def test_a_body_that_a_fault_held_back_is_mirrored_whole(started, two):
    fault = {"delay": {"fixedDelay": "0.3s", "percentage": {"value": 100}}}
    gateway = start(started, two, mirrored(mirror=COPY, fault=fault))
    data = body_of(32 * 1024)
    with gateway.wire() as wire:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (2 * len(data))
        wire.send(head + data)
        wait_for(lambda: two[1].heads, "the copy to begin")
        wire.send(data)
        assert wire.response().body == b"v1"
    assert copies(two)[0].body == two[0].requests[0].body == data * 2


def test_a_request_that_is_tried_again_is_mirrored_once(started, two):
    two[0].script = answers(ok(b"no", status=b"503 Not Now"), V1)
    retries = {"attempts": 3, "retryOn": "5xx"}
    gateway = start(started, two, mirrored(mirror=COPY, retries=retries))
    for _ in range(3):
        assert gateway.get().body == b"v1"
    assert len(two[0].requests) == 4
    copies(two, 3)
    wait_for(lambda: stat(gateway, "upstream_rq_active") == 0, "the copies to end")
    assert len(two[1].requests) == 3


def test_an_aborted_request_is_not_mirrored(started, two):
    fault = {"abort": {"httpStatus": 418, "percentage": {"value": 100}}}
    gateway = start(started, two, mirrored(mirror=COPY, fault=fault))
    assert gateway.get().status == 418
    assert two[1].heads == []


def silent(connection):
    """Accepts, and reads nothing."""
    connection.upstream.let_go.wait(30)


@pytest.fixture
def deaf(two):
    """The second version takes connections and reads none of them until it is let go."""
    two[1].let_go = threading.Event()
    two[1].script = silent
    yield two
    two[1].let_go.set()


def test_a_copy_that_falls_behind_ends_and_its_original_does_not_wait(started, deaf):
    gateway = start(started, deaf, mirrored(mirror=COPY))
    data = body_of(30 << 20)
    before = gateway.child.memory()
    with gateway.wire(seconds=30) as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(data))
        wire.send(data)
        assert wire.response().body == b"v1"
    assert hashlib.sha256(deaf[0].requests[0].body).digest() == hashlib.sha256(data).digest()
    assert stat(gateway, "retry_or_shadow_abandoned", "v1") == 1
    assert gateway.child.memory() - before < 16 << 20
    assert stat(gateway, "upstream_cx_active") == 0


# What a copy may never do


def test_a_slow_copy_holds_nothing_up(started, deaf):
    gateway = start(started, deaf, mirrored(mirror=COPY))
    with gateway.wire() as wire:
        began = time.monotonic()
        for _ in range(50):
            assert wire.request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").body == b"v1"
        assert time.monotonic() - began < 5
    assert stat(gateway, "upstream_rq_active") == 50


def test_a_gateway_does_not_stay_for_its_copies(started, deaf):
    gateway = start(started, deaf, mirrored(mirror=COPY))
    gateway.get()
    wait_for(lambda: stat(gateway, "upstream_rq_active") == 1, "the copy to wait")
    began = time.monotonic()
    gateway.stop()
    assert time.monotonic() - began < 5


def test_a_dead_copy_is_never_seen(started, two):
    gateway = start(started, two, mirrored(mirror=COPY))
    two[1].stop()
    for _ in range(5):
        assert gateway.get().body == b"v1"
    wait_for(lambda: stat(gateway, "upstream_cx_connect_fail") >= 5, "the attempts")
    entries = [gateway.log_entry() for _ in range(1)]
    assert entries[0]["response_code"] == "200" and entries[0]["response_flags"] == "-"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"",
    ],
    ids=["cut short", "no HTTP", "upgrade", "bad chunk", "closed"],
)
def test_a_broken_answer_to_a_copy_is_never_seen(started, two, answer):
    def script(connection):
        connection.read_all()
        connection.send(answer)
        connection.close()

    two[1].script = script
    gateway = start(started, two, mirrored(mirror=COPY))
    with gateway.wire() as wire:
        for _ in range(10):
            assert wire.request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").body == b"v1"
    wait_for(lambda: stat(gateway, "upstream_rq_active") == 0, "the copies to end")


def test_a_copy_of_a_request_that_is_cut_short_is_cut_short(started, two):
    gateway = start(started, two, mirrored(mirror=COPY))
    wire = gateway.wire()
    wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
    wait_for(lambda: two[1].received_bytes > 0 and two[0].received_bytes > 0, "both to begin")
    wire.leave()
    wait_for(lambda: stat(gateway, "upstream_rq_active") == 0, "the copy to end")
    assert two[1].requests == []
    assert stat(gateway, "upstream_cx_active") == 0


def test_a_copy_goes_on_when_its_original_fails(started, two):
    def drop(connection):
        connection.read_all()
        connection.reset()

    two[0].script = drop
    gateway = start(started, two, mirrored(mirror=COPY, retries={"attempts": 0}))
    assert gateway.get(method="POST").status == 503
    assert copies(two)[0].method == "POST"


def test_a_websocket_is_not_mirrored(started, two):
    def switch(connection):
        connection.read_request()
        connection.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: upgrade\r\n\r\nhello"
        )
        connection.until_closed()

    two[0].script = switch
    gateway = start(started, two, mirrored(mirror=COPY))
    with gateway.wire() as wire:
        wire.send(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
        )
        assert wire.interim_response().status == 101
    assert two[1].heads == []


# What is told


def test_copies_count_in_their_cluster_and_nowhere_else(started, two):
    gateway = start(started, two, mirrored(mirror=COPY))
    for _ in range(7):
        gateway.get()
    copies(two, 7)
    wait_for(lambda: stat(gateway, "upstream_rq_completed") == 7, "the copies to end")
    assert stat(gateway, "upstream_rq_total") == 7 == stat(gateway, "upstream_rq_5xx")
    assert stat(gateway, "upstream_rq_5xx", "v1") == 0
    assert stat(gateway, "upstream_rq_2xx", "v1") == 7
    lines = wait_for(lambda: [l for l in gateway.log_lines() if l], "the log")
    wait_for(lambda: len(gateway.log_lines()) == 7, f"a line for each request: {lines}")
    page = gateway.metrics().text
    requests = [l for l in page.splitlines() if l.startswith("istio_requests_total{")]
    assert len(requests) == 1 and requests[0].endswith(" 7"), requests
    rq = [l for l in page.splitlines() if "downstream_rq_total" in l and not l.startswith("#")]
    assert sum(int(l.rsplit(" ", 1)[1]) for l in rq) == 7
