"""The admin port: Envoy's paths, loopback, changes by POST only, closed to other sites' pages."""

import json
import re

import pytest

from harness import resources as r
from harness.gateway import Gateway
from harness.upstream import Upstream
from harness.waiting import wait_for
from harness.wire import Wire

CLUSTER = "outbound|80||backend.test"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with Upstream("admin") as upstream:
        objects = r.one_upstream(upstream.port)
        with Gateway(tmp_path_factory.mktemp("admin"), objects) as gateway:
            gateway.upstream = upstream
            for _ in range(10):
                gateway.get()
            gateway.get("/", host="x", fields=["X-Y: z"])
            yield gateway


def test_listeners_are_listed_with_their_address(served):
    text = served.admin("/listeners").text
    assert f"127.0.0.1:{served.port()}" in text


def test_listeners_as_json(served):
    dump = json.dumps(served.admin("/listeners?format=json").json)
    assert str(served.port()) in dump


def test_clusters_are_listed_with_their_endpoints(served):
    text = served.admin("/clusters").text
    assert f"{CLUSTER}::127.0.0.1:{served.upstream.port}::" in text
    assert re.search(rf"{re.escape(CLUSTER)}::127\.0\.0\.1:\d+::rq_total::1?[0-9]", text)


def test_clusters_as_json(served):
    dump = served.admin("/clusters?format=json").json
    names = [c["name"] for c in dump["cluster_statuses"]]
    assert CLUSTER in names


def test_the_configuration_is_dumped_as_json(served):
    dump = json.dumps(served.admin("/config_dump").json)
    for part in (CLUSTER, str(served.upstream.port), str(served.port())):
        assert part in dump


def test_server_info_tells_version_state_and_uptime(served):
    info = served.admin("/server_info").json
    assert info["state"] == "LIVE"
    assert "isthmus" in json.dumps(info).lower()
    assert "version" in info


def test_ready_says_live(served):
    answer = served.admin("/ready")
    assert (answer.status, answer.text.strip()) == (200, "LIVE")


def test_the_status_port_says_ready(served):
    assert served.status("/healthz/ready").status == 200


def test_the_metrics_port_serves_metrics(served):
    for path in ("/metrics", "/stats/prometheus"):
        assert "istio_requests_total" in served.metrics(path).text, path


@pytest.mark.parametrize("port", ["status", "metrics"])
def test_a_port_for_everybody_changes_nothing_and_shows_no_configuration(served, port):
    ask = getattr(served, port)
    assert ask("/quitquitquit", method="POST", data=b"").status in (404, 405)
    assert ask("/config_dump").status == 404
    assert served.is_ready()


def test_help_names_every_path(served):
    text = served.admin("/help").text
    for path in (
        "/listeners /clusters /config_dump /server_info /ready /stats /stats/prometheus "
        "/logging /drain_listeners /healthcheck/fail /healthcheck/ok /quitquitquit "
        "/reset_counters"
    ).split():
        assert path in text, path


def test_the_root_is_a_page_for_browsers(served):
    answer = served.admin("/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_an_unknown_path_is_404(served):
    assert served.admin("/no/such/path").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/quitquitquit",
        "/drain_listeners",
        "/healthcheck/fail",
        "/healthcheck/ok",
        "/reset_counters",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_changes_need_post(served, path, method):
    answer = served.admin(path, method)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert served.is_ready()


@pytest.mark.parametrize("path", ["/config_dump", "/stats", "/", "/quitquitquit"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:15000", "127.0.0.1.evil.example"])
def test_a_foreign_host_is_refused(served, path, host):
    """DNS rebinding: a page of another site that made its name point to this machine."""
    method = "POST" if path == "/quitquitquit" else "GET"
    assert served.admin(path, method, headers={"Host": host}).status == 403
    assert served.is_ready()


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1.evil.test"])
def test_a_foreign_origin_is_refused(served, origin):
    """Cross-site request forgery: a form of another site that posts here."""
    answer = served.admin("/reset_counters", "POST", headers={"Origin": origin}, data=b"")
    assert answer.status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_the_machines_own_names_are_accepted(served, host):
    headers = {"Host": f"{host}:{served.admin_port}"}
    assert served.admin("/ready", headers=headers).status == 200


def test_its_own_origin_is_accepted(served):
    headers = {"Origin": f"http://127.0.0.1:{served.admin_port}"}
    answer = served.admin("/healthcheck/ok", "POST", headers=headers, data=b"")
    assert answer.status == 200


def test_malformed_requests_are_refused_there_too(served):
    with Wire(served.admin_port) as wire:
        wire.send(b"GET /stats HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n")
        assert wire.response().status == 400


def test_a_slow_scrape_holds_up_no_request(served):
    """A client that asks the admin port for everything and reads nothing."""
    wires = [Wire(served.admin_port) for _ in range(8)]
    for wire in wires:
        wire.send(b"GET /stats/prometheus HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
    for _ in range(50):
        assert served.get().status == 200
    for wire in wires:
        wire.close()


def test_healthcheck_fail_ends_readiness_and_ok_brings_it_back(started, upstream):
    gateway = started(*r.one_upstream(upstream.port))
    assert gateway.admin("/healthcheck/fail", "POST", data=b"").status == 200
    wait_for(lambda: gateway.status("/healthz/ready").status == 503, "503")
    assert gateway.get().status == 200, "requests are still served"
    assert gateway.admin("/healthcheck/ok", "POST", data=b"").status == 200
    wait_for(gateway.is_ready, "readiness")


def test_drain_listeners_refuses_new_connections(started, upstream):
    gateway = started(*r.one_upstream(upstream.port))
    assert gateway.admin("/drain_listeners", "POST", data=b"").status == 200

    def refused():
        try:
            gateway.get()
        except OSError:
            return True
        return False

    wait_for(refused, "listeners to close")
    assert gateway.child.code is None


def test_quitquitquit_ends_it_cleanly(started, upstream):
    gateway = started(*r.one_upstream(upstream.port))
    assert gateway.admin("/quitquitquit", "POST", data=b"").status == 200
    gateway.expect_end(0)


def test_reset_counters_sets_them_to_zero(started, upstream):
    gateway = started(*r.one_upstream(upstream.port))
    name = f"cluster.{CLUSTER}.upstream_rq_total"
    for _ in range(3):
        gateway.get()
    wait_for(lambda: stat(gateway, name) == 3, "three requests to be counted")
    gateway.admin("/reset_counters", "POST", data=b"")
    assert stat(gateway, name) in (0, None)
    gateway.get()
    wait_for(lambda: stat(gateway, name) == 1, "counting to go on")


def stat(gateway, name):
    for line in gateway.admin("/stats").text.splitlines():
        key, _, value = line.rpartition(": ")
        if key == name:
            return int(value)
    return None


def test_logging_shows_and_changes_the_level(started, upstream):
    gateway = started(*r.one_upstream(upstream.port))
    assert gateway.admin("/logging", "POST", data=b"").status == 200
    assert gateway.admin("/logging?level=debug", "POST", data=b"").status == 200
    assert "debug" in gateway.admin("/logging", "POST", data=b"").text


def test_stats_are_one_name_and_value_a_line_sorted(served):
    lines = served.admin("/stats").text.splitlines()
    assert lines == sorted(lines)
    for line in lines:
        assert re.fullmatch(r"[^\s].*: (\d+|\".*\"|No recorded values|P0.*|[A-Za-z].*)", line), line


def test_stats_can_be_filtered(served):
    lines = served.admin("/stats?filter=upstream_rq_total").text.splitlines()
    assert lines and all("upstream_rq_total" in line for line in lines)


def test_stats_can_leave_out_what_was_never_used(served):
    every, used = served.admin("/stats").text, served.admin("/stats?usedonly").text
    assert f"cluster.{CLUSTER}.upstream_rq_total" in used
    assert len(used) < len(every)


def test_stats_as_json(served):
    names = [s.get("name") for s in served.admin("/stats?format=json").json["stats"]]
    assert f"cluster.{CLUSTER}.upstream_rq_total" in names


def test_stats_as_prometheus(served):
    text = served.admin("/stats?format=prometheus").text
    assert "# TYPE istio_requests_total counter" in text
