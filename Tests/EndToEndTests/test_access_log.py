"""The access log: Istio's default line, JSON, one line a request, nothing forged."""

import json
import re
import signal
import time
from datetime import datetime, timedelta, timezone

import pytest

from harness import accesslog, resources
from harness.upstream import ok, once
from harness.waiting import wait_for


def test_a_request_is_one_line_in_istios_default_format(lane):
    body = b"x" * 321
    with lane.wire() as wire:
        fields = ["User-Agent: agent/1.0 (test)", "Content-Length: 321"]
        wire.send(lane.head("POST /log?a=b HTTP/1.1", *fields) + body)
        response = wire.response()
        here = wire.local_address
    entry = lane.log_entry()
    assert (entry["method"], entry["path"]) == ("POST", "/log?a=b")
    assert entry["protocol"] == "HTTP/1.1"
    assert (entry["response_code"], entry["response_flags"]) == ("200", "-")
    assert entry["response_code_details"] == "via_upstream"
    assert entry["connection_termination_details"] == "-"
    assert entry["upstream_transport_failure_reason"] == "-"
    assert entry["bytes_received"] == "321"
    assert entry["bytes_sent"] == str(len(response.body))
    assert entry["upstream_service_time"] == response.get("x-envoy-upstream-service-time")
    assert entry["x_forwarded_for"] == "127.0.0.1"
    assert entry["user_agent"] == "agent/1.0 (test)"
    assert entry["authority"] == lane.host
    assert entry["upstream_host"] == f"127.0.0.1:{lane.upstream.port}"
    assert entry["upstream_cluster"] == lane.cluster
    assert re.fullmatch(r"127\.0\.0\.1:\d+", entry["upstream_local_address"])
    assert entry["downstream_local_address"] == f"127.0.0.1:{lane.gateway.port()}"
    assert entry["downstream_remote_address"] == here
    assert entry["requested_server_name"] == "-"
    assert entry["route_name"] == "default"


def test_the_start_time_is_now_in_utc_with_milliseconds(lane):
    before = datetime.now(timezone.utc) - timedelta(milliseconds=2)
    lane.get()
    text = lane.log_entry()["start_time"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert before <= datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_the_duration_is_milliseconds(lane):
    def script(connection):
        connection.read_all()
        time.sleep(0.25)
        connection.send(ok(b"slow"))
        connection.until_closed(2)

    lane.upstream.script = script
    lane.get()
    entry = lane.log_entry()
    assert 250 <= int(entry["duration"]) < 1500
    assert 250 <= int(entry["upstream_service_time"]) < 1500


def test_absent_values_are_dashes(lanes):
    lanes.gateway.get(host="dashes.test")
    entry = lanes.gateway.log_entry(authority="dashes.test")
    for key in ("user_agent", "upstream_host", "upstream_cluster", "upstream_local_address"):
        assert entry[key] == "-", key


@pytest.mark.parametrize(
    "agent",
    [
        'quote" 200 - - "forged',
        "backslash \\",
        "tab\there",
        "high \u00e9 bytes",
        "%REQ(COOKIE)%",
    ],
)
def test_a_client_cannot_forge_a_line_with(lane, agent):
    lane.get("/", f"User-Agent: {agent}")
    lines = wait_for(
        lambda: [line for line in lane.gateway.log_lines() if lane.host in line], "the line"
    )
    assert len(lines) == 1
    entry = accesslog.parse(lines[0])  # still exactly one line of exactly this shape
    assert entry["response_code"] == "200"


def test_every_request_of_a_pipeline_is_a_line(lane):
    with lane.wire() as wire:
        wire.send(b"".join(lane.head(f"GET /{n} HTTP/1.1") for n in range(50)))
        for _ in range(50):
            wire.response()
    lines = wait_for(
        lambda: (
            found
            if len(found := [x for x in lane.gateway.log_lines() if lane.host in x]) >= 50
            else None
        ),
        "50 lines",
    )
    assert sorted(accesslog.parse(x)["path"] for x in lines) == sorted(f"/{n}" for n in range(50))


def test_route_names_are_told(started, upstream):
    gateway = started(
        resources.gateway(),
        resources.service_entry("b.test", upstream.port),
        resources.virtual_service(
            "named",
            resources.rule(
                "b.test", match=resources.uri("prefix", "/a", name="first"), name="rule"
            ),
            resources.rule("b.test", name="rest"),
        ),
    )
    gateway.get("/a")
    gateway.get("/b")
    assert gateway.log_entry(path="/a")["route_name"] == "rule.first"
    assert gateway.log_entry(path="/b")["route_name"] == "rest"


def test_json_has_istios_keys_and_types(started, upstream):
    gateway = started(
        *resources.one_upstream(upstream.port), arguments=["--access-log-format", "json"]
    )
    gateway.get("/json", fields=['User-Agent: a "quoted" \\ agent'])
    (line,) = wait_for(gateway.log_lines, "a line")
    entry = json.loads(line)
    assert set(entry) == accesslog.JSON_KEYS
    assert entry["response_code"] == 200
    assert entry["path"] == "/json"
    assert entry["user_agent"] == 'a "quoted" \\ agent'
    assert isinstance(entry["duration"], int) and isinstance(entry["bytes_sent"], int)
    assert entry["requested_server_name"] is None


def test_json_survives_any_byte_a_client_sends(started, upstream):
    gateway = started(
        *resources.one_upstream(upstream.port), arguments=["--access-log-format", "json"]
    )
    gateway.get("/bytes", fields=["User-Agent: \u00ff\u00fe\t\"\\"])
    (line,) = wait_for(gateway.log_lines, "a line")
    assert json.loads(line)["path"] == "/bytes"


def test_off_writes_nothing(started, upstream):
    gateway = started(*resources.one_upstream(upstream.port), access_log=False)
    gateway.get("/quiet")
    assert "/quiet" not in gateway.child.out + gateway.child.err


def test_a_dash_writes_to_standard_output(started, upstream):
    gateway = started(*resources.one_upstream(upstream.port), access_log="-")
    gateway.get("/loud")
    line = wait_for(lambda: [x for x in gateway.child.out.splitlines() if "/loud" in x], "a line")
    accesslog.parse(line[0])


def test_usr1_opens_the_log_again(started, upstream):
    """What logrotate does: move the file, then USR1."""
    gateway = started(*resources.one_upstream(upstream.port))
    gateway.get("/before")
    gateway.log_entry(path="/before")
    moved = gateway.log_path.with_suffix(".1")
    gateway.log_path.rename(moved)
    gateway.child.send_signal(signal.SIGUSR1)
    wait_for(gateway.log_path.exists, "a new log file")
    gateway.get("/after")
    gateway.log_entry(path="/after")
    assert "/after" not in moved.read_text()


def test_lines_are_not_lost_when_the_gateway_stops(started, upstream):
    gateway = started(*resources.one_upstream(upstream.port))
    with gateway.wire() as wire:
        for n in range(500):
            wire.request(f"GET /{n} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
    gateway.stop()
    assert len(gateway.log_lines()) == 500


def test_an_upstream_cannot_forge_a_line(lane):
    lane.upstream.script = once(ok(b"", b"X-Envoy-Upstream-Service-Time: 1 \"x\" - -"))
    lane.get()
    assert lane.log_entry()["response_code"] == "200"
