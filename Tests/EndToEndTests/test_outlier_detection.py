"""Outlier detection over two workers: the tutorials' circuits that trip (C5, C6).

Three minutes of ejection are seen in /clusters at once; nobody waits for their end.
"""

import json
import threading

from harness import resources as r
from harness.gateway import Gateway
from harness.ports import free_port
from harness.upstream import Upstream, ok
from harness.waiting import wait_for

CLUSTER = "outbound|80||rating.test"


class Rating(Upstream):
    """Answers with the status it is told to."""

    def __init__(self, name):
        super().__init__(name, self.serve)
        self.status = b"200 OK"

    def serve(self, connection):
        while connection.read_all():
            connection.send(ok(self.name.encode(), status=self.status))


def objects(ports, **detection):
    return [
        r.gateway(),
        r.service_entry("rating.test", *ports),
        r.virtual_service("all", r.rule("rating.test")),
        r.destination_rule(
            "rating.test",
            {},
            outlierDetection=detection,
            loadBalancer={"simple": "ROUND_ROBIN"},
        ),
    ]


def stat(gateway, name):
    lines = gateway.admin("/stats?filter=rating").text.splitlines()
    return next(
        (int(l.split(": ")[1]) for l in lines if l.startswith(f"cluster.{CLUSTER}.{name}: ")), 0
    )


def flags(gateway, port):
    prefix = f"{CLUSTER}::127.0.0.1:{port}::health_flags::"
    lines = gateway.admin("/clusters").text.splitlines()
    return next(l.removeprefix(prefix) for l in lines if l.startswith(prefix))


def is_out(gateway, upstream):
    return flags(gateway, upstream.port) == "/failed_outlier_check"


def test_c5_consecutive_errors_counts_gateway_errors(tmp_path):
    detection = {
        "consecutiveErrors": 1,
        "interval": "1s",
        "baseEjectionTime": "3m",
        "maxEjectionPercent": 100,
    }
    with Rating("httpbin") as upstream:
        with Gateway(tmp_path, objects([upstream.port], **detection)) as gateway:
            assert "`consecutiveErrors` is deprecated" in gateway.child.err
            upstream.status = b"500 Oops"
            for _ in range(8):
                assert gateway.get().status == 500
            assert flags(gateway, upstream.port) == "healthy"
            upstream.status = b"504 Slow"
            assert gateway.get().status == 504
            wait_for(lambda: is_out(gateway, upstream), "the ejection")
            upstream.status = b"200 OK"
            # By either worker, and for three minutes.
            for _ in range(12):
                answer = gateway.get()
                assert (answer.status, answer.body) == (503, b"no healthy upstream")
            assert gateway.log_entry(response_flags="UH")
            name = "outlier_detection.ejections_enforced_consecutive_gateway_failure"
            assert stat(gateway, name) == 1
            assert stat(gateway, "outlier_detection.ejections_active") == 1
            assert stat(gateway, "membership_healthy") == 0
            metric = "envoy_cluster_outlier_detection_ejections_active"
            assert f'{metric}{{cluster_name="{CLUSTER}"}} 1' in gateway.metrics().text
            # Without the rule nobody is out.
            gateway.apply("resources.yaml", *objects([upstream.port])[:3])
            assert gateway.get().status == 200


def test_c6_one_5xx_and_then_three_minutes_without_that_host(tmp_path):
    detection = {
        "consecutive5xxErrors": 1,
        "interval": "1s",
        "baseEjectionTime": "3m",
        "maxEjectionPercent": 100,
    }
    with Rating("v1") as good, Rating("v2") as bad:
        bad.status = b"500 Oops"
        with Gateway(tmp_path, objects([good.port, bad.port], **detection)) as gateway:
            # One after the other, by connections that the kernel spreads over both workers.
            statuses = []
            while 500 not in statuses:
                statuses.append(gateway.get().status)
                assert len(statuses) < 20
            wait_for(lambda: is_out(gateway, bad), "the ejection")
            statuses += [gateway.get().status for _ in range(40)]
            assert statuses.count(500) == 1
            assert statuses.count(200) == len(statuses) - 1
            assert flags(gateway, good.port) == "healthy"
            assert len(bad.requests) == 1
            page = json.loads(gateway.admin("/clusters?format=json").text)
            cluster = next(c for c in page["cluster_statuses"] if c["name"] == CLUSTER)
            hosts = {
                h["address"]["socket_address"]["port_value"]: h["health_status"]
                for h in cluster["host_statuses"]
            }
            assert hosts[bad.port].get("failed_outlier_check") is True
            assert "failed_outlier_check" not in hosts[good.port]
            text = gateway.admin("/clusters").text
            assert f"{CLUSTER}::127.0.0.1:{bad.port}::ejections::1\n" in text


def test_the_default_share_leaves_few_endpoints_alone(tmp_path):
    with Rating("v1") as good, Rating("v2") as bad:
        bad.status = b"500 Oops"
        detection = {"consecutive5xxErrors": 1}
        with Gateway(tmp_path, objects([good.port, bad.port], **detection)) as gateway:
            wait_for(
                lambda: gateway.get() and stat(gateway, "outlier_detection.ejections_overflow"),
                "an ejection that may not be",
            )
            assert flags(gateway, bad.port) == "healthy"


def test_an_endpoint_comes_back(tmp_path):
    detection = {
        "consecutive5xxErrors": 1,
        "interval": "0.1s",
        "baseEjectionTime": "0.3s",
        "maxEjectionPercent": 100,
    }
    with Rating("v1") as upstream:
        upstream.status = b"500 Oops"
        with Gateway(tmp_path, objects([upstream.port], **detection)) as gateway:
            assert gateway.get().status == 500
            wait_for(lambda: gateway.get().status == 503, "the ejection")
            upstream.status = b"200 OK"
            wait_for(lambda: gateway.get().status == 200, "its return")
            assert flags(gateway, upstream.port) == "healthy"
            assert stat(gateway, "outlier_detection.ejections_active") == 0
            assert stat(gateway, "membership_healthy") == 1


def test_endpoints_that_refuse_connections_are_left_out(tmp_path):
    detection = {"consecutiveGatewayErrors": 2, "maxEjectionPercent": 50}
    with Rating("v1") as good:
        gone = free_port()
        with Gateway(tmp_path, objects([good.port, gone], **detection)) as gateway:
            wait_for(
                lambda: gateway.get() and flags(gateway, gone) == "/failed_outlier_check",
                "the ejection",
            )
            assert all(gateway.get().status == 200 for _ in range(20))


def test_answers_that_take_too_long_count_as_504(tmp_path):
    may_answer = threading.Event()

    def slow(connection):
        while connection.read_all():
            may_answer.wait(20)
            connection.send(ok(b"late"))

    with Upstream("slow", slow) as upstream:
        things = objects([upstream.port], consecutiveGatewayErrors=1, maxEjectionPercent=100)
        things[2] = r.virtual_service("all", r.rule("rating.test", timeout="0.2s"))
        with Gateway(tmp_path, things) as gateway:
            assert gateway.get().status == 504
            wait_for(lambda: is_out(gateway, upstream), "the ejection")
            answer = gateway.get()
            assert (answer.status, answer.body) == (503, b"no healthy upstream")
            may_answer.set()


def test_a_busy_endpoint_is_ejected_once_however_many_answers_are_bad(tmp_path):
    """Hundreds of errors at once, of both workers: one ejection, and nobody is stranded."""
    detection = {"consecutive5xxErrors": 5, "baseEjectionTime": "3m", "maxEjectionPercent": 50}
    with Rating("v1") as good, Rating("v2") as bad:
        bad.status = b"503 Oops"
        with Gateway(tmp_path, objects([good.port, bad.port], **detection)) as gateway:
            statuses = []

            def call():
                for _ in range(30):
                    statuses.append(gateway.get(seconds=20).status)

            threads = [threading.Thread(target=call) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert len(statuses) == 240
            assert stat(gateway, "outlier_detection.ejections_enforced_total") == 1
            assert is_out(gateway, bad)
            assert statuses[-20:].count(200) == 20
