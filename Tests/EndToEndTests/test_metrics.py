"""Istio's metrics with Istio's labels, and Envoy's counters with Envoy's names.

People's dashboards and alerts are written against these names; a label that is missing or spelt
otherwise is a graph that goes blank.
"""

import pytest

from harness import exposition
from harness import resources as r
from harness.gateway import Gateway
from harness.upstream import Upstream, answers, once
from harness.waiting import wait_for

LABELS = set(
    "reporter source_workload source_workload_namespace source_principal source_app "
    "source_version source_cluster source_canonical_service source_canonical_revision "
    "destination_workload destination_workload_namespace destination_principal destination_app "
    "destination_version destination_service destination_service_name "
    "destination_service_namespace destination_cluster destination_canonical_service "
    "destination_canonical_revision request_protocol response_code grpc_response_status "
    "response_flags connection_security_policy".split()
)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Ten good requests with bodies, two 404, three 503 of three kinds."""
    with Upstream("shop") as upstream, Upstream("rude", once(b"junk\r\n\r\n")) as rude:
        objects = [
            r.gateway(),
            r.service("shop", 8000, namespace="store"),
            r.workload_entry(
                "shop-1",
                upstream.port,
                {"app": "shop", "version": "v7"},
                namespace="store",
            ),
            r.virtual_service(
                "shop", r.rule("shop.store.svc.cluster.local"), hosts=["shop.test"]
            ),
            r.service_entry("rude.test", rude.port),
            r.virtual_service("rude", r.rule("rude.test"), hosts=["rude.test"]),
            r.virtual_service("gone", r.rule("gone.test"), hosts=["gone.test"]),
            r.service_entry("empty.test"),
            r.virtual_service("empty", r.rule("empty.test"), hosts=["empty.test"]),
        ]
        with Gateway(tmp_path_factory.mktemp("metrics"), objects) as gateway:
            for _ in range(10):
                with gateway.wire() as wire:
                    head = b"POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 300\r\n\r\n"
                    assert wire.request(head + b"x" * 300).status == 200
            for host in ("nobody.test", "nobody.test", "rude.test", "gone.test", "empty.test"):
                gateway.get(host=host)
            gateway.families = wait_for(
                lambda: (
                    families
                    if sum((families := read(gateway))["istio_requests_total"].series.values())
                    >= 15
                    else None
                ),
                "15 requests to be counted",
            )
            yield gateway


def read(gateway):
    families = exposition.parse(gateway.admin("/stats/prometheus").text)
    families.setdefault("istio_requests_total", exposition.Family("istio_requests_total"))
    return families


def test_requests_are_counted_by_istios_labels(served):
    family = served.families["istio_requests_total"]
    assert family.type == "counter"
    for _, labels in family.series:
        assert {name for name, _ in labels} == LABELS
    (count,) = exposition.values(
        served.families,
        "istio_requests_total",
        reporter="source",
        response_code="200",
        response_flags="-",
        request_protocol="http",
        grpc_response_status="",
        connection_security_policy="unknown",
        destination_service="shop.store.svc.cluster.local",
        destination_service_name="shop",
        destination_service_namespace="store",
        destination_app="shop",
        destination_version="v7",
        destination_canonical_service="shop",
        destination_canonical_revision="v7",
    )
    assert count == 10


def test_the_source_is_the_ingress_gateway(served):
    for _, labels in served.families["istio_requests_total"].series:
        labels = dict(labels)
        assert labels["source_workload_namespace"] == "istio-system"
        assert labels["source_canonical_service"] not in ("", "unknown")


@pytest.mark.parametrize(
    "code, flags, count",
    [("404", "NR", 2), ("502", "UPE", 1), ("503", "NC", 1), ("503", "UH", 1)],
)
def test_failures_are_counted_by_their_flag(served, code, flags, count):
    found = exposition.values(
        served.families, "istio_requests_total", response_code=code, response_flags=flags
    )
    assert sum(found) == count


def test_what_is_not_known_is_unknown(served):
    for (_, labels), _ in served.families["istio_requests_total"].series.items():
        for name, value in labels:
            assert value or name == "grpc_response_status", f"{name} is empty"


@pytest.mark.parametrize(
    "name, low, high",
    [
        ("istio_request_duration_milliseconds", 0, 10_000),
        ("istio_request_bytes", 3000, 10_000),
        ("istio_response_bytes", 1000, 100_000),
    ],
)
def test_sizes_and_times_are_histograms(served, name, low, high):
    family = served.families[name]
    assert family.type == "histogram"
    labels = {"destination_service_name": "shop", "response_code": "200"}
    (count,) = exposition.values(served.families, f"{name}_count", **labels)
    (total,) = exposition.values(served.families, f"{name}_sum", **labels)
    assert count == 10
    assert low <= total <= high


def test_the_buckets_are_envoys(served):
    family = served.families["istio_request_duration_milliseconds"]
    edges = {dict(l)["le"] for n, l in family.series if n.endswith("_bucket")}
    assert {float(e) for e in edges} == {
        *(0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000),
        *(300000, 600000, 1800000, 3600000, float("inf")),
    }


def test_clusters_are_counted_by_envoys_names(served):
    name = "outbound|8000||shop.store.svc.cluster.local"
    for metric, least in [
        ("envoy_cluster_upstream_rq_total", 10),
        ("envoy_cluster_upstream_cx_total", 1),
    ]:
        (count,) = exposition.values(served.families, metric, cluster_name=name)
        assert count >= least, metric
    (total,) = exposition.values(
        served.families, "envoy_cluster_upstream_rq_total", cluster_name=name
    )
    assert total == 10


def test_listeners_are_counted_by_envoys_names(served):
    found = exposition.values(served.families, "envoy_listener_downstream_cx_total")
    assert sum(found) >= 15


def test_the_proxy_tells_its_build(served):
    assert exposition.values(served.families, "istio_build", component="proxy") == [1]


def test_every_family_has_a_type_and_a_help(served):
    for family in served.families.values():
        assert family.type != "untyped", family.name
        assert family.help, family.name


def test_counters_are_the_sum_of_all_loops(started, upstream):
    gateway = started(*r.one_upstream(upstream.port), workers=4)
    for _ in range(200):
        assert gateway.get().status == 200
    name = "outbound|80||backend.test"

    def total():
        families = exposition.parse(gateway.admin("/stats/prometheus").text)
        found = exposition.values(families, "envoy_cluster_upstream_rq_total", cluster_name=name)
        return sum(found)

    wait_for(lambda: total() == 200, "200 requests to be counted")


def test_gauges_fall_back_when_connections_end(started, upstream):
    gateway = started(*r.one_upstream(upstream.port))

    def active():
        families = exposition.parse(gateway.admin("/stats/prometheus").text)
        return sum(exposition.values(families, "envoy_listener_downstream_cx_active"))

    wires = [gateway.wire() for _ in range(7)]
    for wire in wires:
        wire.request(b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n")
    wait_for(lambda: active() == 7, "seven connections")
    for wire in wires:
        wire.close()
    wait_for(lambda: active() == 0, "no connection")


def test_label_values_of_clients_do_not_multiply_series(started, upstream):
    """A Host nobody serves must not become a label: anybody could fill the memory."""
    gateway = started(*r.one_upstream(upstream.port, hosts=["known.test"]))
    for n in range(300):
        gateway.get(host=f"random-{n}.test")
    families = exposition.parse(gateway.admin("/stats/prometheus").text)
    assert len(families["istio_requests_total"].series) < 5
    assert "random-" not in gateway.admin("/stats/prometheus").text


def test_a_reload_is_counted_and_dated(started, upstream):
    gateway = started(*r.one_upstream(upstream.port))

    def reloads():
        families = exposition.parse(gateway.admin("/stats/prometheus").text)
        own = {k: f for k, f in families.items() if k.startswith("isthmus_")}
        assert own, "no metric of its own"
        return {k: sum(f.series.values()) for k, f in own.items()}

    before = reloads()
    gateway.apply("more.yaml", r.virtual_service("x", r.rule("backend.test"), hosts=["x.test"]))
    after = reloads()
    assert any(after[name] > before.get(name, 0) for name in after)


def test_a_route_with_a_stat_prefix_is_counted_apart(started):
    sick = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    well = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with Upstream("shop", answers(sick, well, well, sick, sick)) as upstream:
        retries = {"attempts": 1, "retryOn": "5xx", "backoff": "1ms"}
        books = r.uri("prefix", "/books", statPrefix="books.all")
        gateway = started(
            r.gateway(),
            r.service_entry("shop.test", upstream.port),
            r.virtual_service(
                "shop",
                r.rule("shop.test", match=[books, r.uri("prefix", "/b")], retries=retries),
                hosts=["shop.test"],
            ),
        )
        # Tried again and served, served, elsewhere, tried again in vain.
        for path in ("/books/1", "/books/2", "/b"):
            gateway.get(path, host="shop.test")
        assert gateway.get("/books/3", host="shop.test").status == 503

        prefix = "vhost.shop.test:80.route.books.all."

        def counted():
            lines = gateway.admin("/stats?filter=vhost").text.splitlines()
            assert lines == sorted(lines)
            return {
                name.removeprefix(prefix): int(value)
                for name, value in (line.rsplit(": ", 1) for line in lines)
            }

        expected = {
            "upstream_rq_2xx": 2, "upstream_rq_5xx": 1, "upstream_rq_completed": 3,
            "upstream_rq_total": 5, "upstream_rq_retry": 2, "upstream_rq_retry_success": 1,
            "upstream_rq_retry_limit_exceeded": 1, "upstream_rq_timeout": 0,
            "upstream_rq_retry_overflow": 0, "upstream_rq_1xx": 0, "upstream_rq_3xx": 0,
            "upstream_rq_4xx": 0,
        }  # fmt: skip
        wait_for(lambda: counted() == expected, f"{expected}, not {counted()}")
        family = exposition.parse(gateway.admin("/stats/prometheus").text)[
            "envoy_vhost_route_upstream_rq_completed"
        ]
        (((_, labels), value),) = family.series.items()
        assert value == 3
        assert dict(labels) == {"envoy_virtual_host": "shop.test:80", "envoy_route": "books.all"}
        # The counters outlive the routes that feed them.
        gateway.apply("more.yaml", r.virtual_service("x", r.rule("shop.test"), hosts=["x.test"]))
        gateway.get("/books/4", host="shop.test")
        wait_for(lambda: counted()["upstream_rq_completed"] == 4, "the fourth")
