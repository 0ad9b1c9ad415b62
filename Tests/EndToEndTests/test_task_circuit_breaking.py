"""Circuit breaking on the demo beyond its page: scenarios C1 to C6, with the notes' own rules."""

import json
import shutil

import pytest

from harness.binary import PROJECT, curl
from harness.demo import CALLS, PLACES, Demo
from harness.tutorials import tutorial
from harness.waiting import wait_for

CLUSTER = "cluster.outbound|8000||httpbin.default.svc.cluster.local."
URL = "http://httpbin:8000"


class Breaker(Demo):
    def load(self, callers, calls):
        """Statuses of so many calls, made by so many callers at a time."""
        proxy = f"127.0.2.{PLACES['curl']}:{self.map[CALLS]}"
        lanes = ["-Z", "--parallel-immediate", "--parallel-max", callers]
        shown = ["-o", "/dev/null", "-w", "%{http_code}\n"]
        run = curl("-x", proxy, "--noproxy", "", *lanes, *shown, f"{URL}/delay/0.01?[1-{calls}]")
        assert run.code == 0, run.err
        return [int(line) for line in run.out.split()]

    def counter(self, name):
        for line in self.admin("curl", "/stats").splitlines():
            if line.startswith(f"{CLUSTER}{name}: "):
                return int(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no {CLUSTER}{name} in /stats")

    def ejected(self):
        """Addresses of httpbin that are left out now."""
        page = json.loads(self.admin("curl", "/clusters?format=json"))
        (cluster,) = [
            c for c in page["cluster_statuses"] if c["name"] == CLUSTER[len("cluster.") : -1]
        ]
        return {
            host["address"]["socket_address"]["address"]
            for host in cluster["host_statuses"]
            if host["health_status"].get("failed_outlier_check")
        }


@pytest.fixture
def breaker(tmp_path):
    demo = Breaker(tmp_path).start()
    yield demo
    demo.stop()


def apply(demo, text, hosts=2):
    """The tutorials' httpbin is one host, the demo's are two; each may always have a connection."""
    (demo.rules / "httpbin.yaml").write_text(text)
    if hosts == 1:
        shutil.copy(PROJECT / "gateways/tasks/circuit-breaking/one-host.yaml", demo.rules)
    demo.until_live()


def test_c1_one_call_through_the_breaker_is_served(breaker):
    apply(breaker, tutorial("httpbin-circuit-breaker"), hosts=1)
    status, head = breaker.get(f"{URL}/get", "-D", "-", "-o", "/dev/null")
    assert status == 200
    assert "x-envoy-upstream-service-time" in head.lower()


@pytest.mark.parametrize("callers, calls", [(2, 20), (3, 30)])
def test_c2_c3_c4_what_is_too_much_is_refused_and_each_refusal_is_counted(breaker, callers, calls):
    """One has the connection and one waits for it. Who comes while a connection is still being
    made is one too many, so that two callers can be refused, as Istio's page shows."""
    apply(breaker, tutorial("httpbin-circuit-breaker"), hosts=1)
    statuses = breaker.load(callers, calls)
    assert len(statuses) == calls
    assert set(statuses) <= {200, 503} and 200 in statuses
    assert callers == 2 or 503 in statuses
    assert breaker.counter("upstream_rq_pending_overflow") == statuses.count(503)


def test_a_refusal_says_that_the_circuit_is_full(breaker):
    apply(breaker, tutorial("httpbin-circuit-breaker"), hosts=1)
    proxy = f"127.0.2.{PLACES['curl']}:{breaker.map[CALLS]}"
    run = curl("-x", proxy, "--noproxy", "", "-Z", "--parallel-immediate", "-i",
               f"{URL}/delay/0.5?[1-4]")  # fmt: skip
    assert "x-envoy-overloaded: true" in run.out
    assert "disconnect/reset before headers. reset reason: overflow" in run.out


def test_c5_consecutive_errors_of_old_counts_gateway_errors(breaker):
    """Istio up to 1.6: 502, 503 and 504 in a row; a 500 is the application's own affair."""
    rule = tutorial("httpbin-circuit-breaker")
    apply(breaker, rule)
    for _ in range(4):
        assert breaker.get(f"{URL}/status/500")[0] == 500
    assert breaker.ejected() == set()
    assert breaker.get(f"{URL}/status/503")[0] == 503
    assert len(breaker.ejected()) == 1
    assert "consecutiveErrors" in breaker.child.err


def test_c6_one_5xx_and_the_host_is_left_out(breaker):
    rule = tutorial("httpbin-circuit-breaker").replace("consecutiveErrors", "consecutive5xxErrors")
    apply(breaker, rule)
    assert breaker.get(f"{URL}/status/500")[0] == 500
    (gone,) = breaker.ejected()
    names = {breaker.get(f"{URL}/hostname")[1] for _ in range(10)}
    assert len(names) == 1, f"{gone} is ejected and {names} answer"


def test_who_is_ejected_comes_back_when_the_time_is_over(breaker):
    rule = tutorial("httpbin-circuit-breaker").replace("3m", "1s")
    apply(breaker, rule.replace("consecutiveErrors", "consecutive5xxErrors"))
    breaker.get(f"{URL}/status/500")
    assert len(breaker.ejected()) == 1
    wait_for(lambda: breaker.ejected() == set(), "the host to be back", 10)


def test_all_hosts_out_is_no_healthy_upstream(breaker):
    rule = tutorial("httpbin-circuit-breaker").replace("consecutiveErrors", "consecutive5xxErrors")
    apply(breaker, rule)
    for _ in range(2):
        assert breaker.get(f"{URL}/status/500")[0] == 500
    assert breaker.get(f"{URL}/get") == (503, "no healthy upstream")
