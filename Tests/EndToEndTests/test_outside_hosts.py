"""What hosts outside of the mesh are told by sidecars, egress gateways and ingress gateways."""

import json

import pytest

from harness import resources as r
from harness.gateway import Gateway
from harness.sidecar import Sidecar
from harness.upstream import Upstream, answers, ok

HOST = "api.example.com"
CALLER = r.workload_entry("caller", 1, {"app": "caller"}, address="127.0.0.1")
# What an application may say itself, and what none should be able to pass off as the proxy's word.
SAID = [
    "X-Forwarded-For: 192.0.2.1",
    "X-Own: 1",
    "X-Envoy-Peer-Metadata: ChQKDkFQUF9DT05UQUlORVJT",
    "X-Envoy-Internal: true",
    "X-Forwarded-Client-Cert: By=spiffe://cluster.local/ns/default/sa/evil",
]


def told(request):
    """The fields of a request that are no application's by custom."""
    names = [name.decode().lower() for name, _ in request.fields]
    assert len(names) == len(set(names)), names
    return sorted(name for name in names if name.startswith("x-"))


def echoed(answer):
    return {name.lower(): value for name, value in json.loads(answer.body)["headers"]}


@pytest.fixture
def caller(tmp_path):
    """Starts the caller's sidecar; calls go out through its port for all of them."""
    running = []

    def start(*objects, **options):
        made = Sidecar(tmp_path, [CALLER, *objects], workload="caller", ports=(15001,), **options)
        running.append(made)
        return made.start()

    yield start
    for one in running:
        one.stop()


def inside(service, upstream):
    return [r.service(service, 80), r.workload_entry(service, upstream.port, {"app": service})]


def test_a_sidecar_says_nothing_of_its_own_outside_and_a_lot_inside(caller, upstream):
    proxy = caller(r.service_entry(HOST, upstream.port), *inside("web", upstream))
    quiet = echoed(proxy.get("/", HOST, number=15001))
    assert sorted(n for n in quiet if n.startswith("x-")) == ["x-request-id"]
    own = echoed(proxy.get("/", HOST, SAID, number=15001))
    assert sorted(n for n in own if n.startswith("x-")) == [
        "x-forwarded-for",
        "x-own",
        "x-request-id",
    ]
    assert own["x-forwarded-for"] == "192.0.2.1"
    known = echoed(proxy.get("/", "web", SAID, number=15001))
    assert known["x-envoy-attempt-count"] == "1" and known["x-forwarded-proto"] == "http"
    assert known["x-envoy-peer-metadata"].startswith("ChQ")


def test_http2_retries_and_copies_say_no_more(caller):
    failing = answers(ok(b"no", status=b"503 No"), ok(b"yes"))
    with Upstream("api", failing) as api, Upstream("shadow", answers(ok(b"-"))) as shadow:
        rule = r.rule(
            HOST,
            timeout="9s",
            retries={"attempts": 2, "retryOn": "5xx"},
            mirror={"host": "shadow.example.com"},
            rewrite={"uri": "/rewritten"},
        )
        proxy = caller(
            r.service_entry(HOST, api.port),
            r.service_entry("shadow.example.com", shadow.port),
            r.virtual_service("api", rule, hosts=[HOST], gateways=["mesh"]),
        )
        answer = proxy.get("/", HOST, SAID, number=15001)
        assert answer.body == b"yes"
        api.wait_for_requests(2)
        shadow.wait_for_requests(1)
        for request in [*api.requests, *shadow.requests]:
            assert told(request) == ["x-forwarded-for", "x-own", "x-request-id"]
            assert request.get("x-forwarded-for") == "192.0.2.1"
            assert request.target == "/rewritten"


def test_behind_an_egress_gateway_nothing_of_the_way_is_seen(caller, tmp_path, upstream):
    door = r.gateway("egress", hosts=[HOST])
    door["spec"]["selector"] = {"istio": "egressgateway"}
    entry = r.service_entry(HOST, upstream.port)
    leave = r.virtual_service("leave", r.rule(HOST), hosts=[HOST], gateways=["egress"])
    labels = ["--label", "istio=egressgateway"]
    with Gateway(tmp_path, [door, entry, leave], arguments=labels, name="egress") as egress:
        way = "istio-egressgateway.istio-system.svc.cluster.local"
        proxy = caller(
            entry,
            r.service("istio-egressgateway", 80, namespace="istio-system"),
            r.workload_entry(
                "egress", egress.port(), {"app": "istio-egressgateway"}, namespace="istio-system"
            ),
            r.virtual_service(
                "to-egress", r.rule(r.destination(way, port=80)), hosts=[HOST], gateways=["mesh"]
            ),
        )
        got = echoed(proxy.get("/", HOST, SAID, number=15001))
        assert sorted(n for n in got if n.startswith("x-")) == [
            "x-forwarded-for",
            "x-own",
            "x-request-id",
        ]
        # Of the application alone: neither proxy has put an address behind it.
        assert got["x-forwarded-for"] == "192.0.2.1"
        # It did go that way.
        egress.log_entry(authority=HOST, response_code="200")


def test_an_ingress_gateway_is_a_reverse_proxy_wherever_its_upstream_is(started, upstream):
    gateway = started(*r.one_upstream(upstream.port))
    got = echoed(gateway.get("/", "shop.test", SAID))
    assert got["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"
    assert got["x-forwarded-proto"] == "http"
    assert got["x-envoy-external-address"] == "127.0.0.1"


def test_an_entry_that_moves_into_the_mesh_is_told_more_from_then_on(caller, upstream):
    proxy = caller(r.service_entry(HOST, upstream.port))
    assert "x-forwarded-proto" not in echoed(proxy.get("/", HOST, number=15001))
    moved = r.service_entry(HOST, upstream.port, location="MESH_INTERNAL")
    proxy.apply("resources.yaml", CALLER, moved)
    assert "x-forwarded-proto" in echoed(proxy.get("/", HOST, number=15001))
