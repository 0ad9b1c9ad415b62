"""Every way a request can fail: status, body, and what the access log says of it.

The table is Istio's: the same status, the same body, the same flag and details, so that a runbook
written for Istio reads true.
"""

import re
import threading

import pytest

from harness import resources
from harness.gateway import Gateway
from harness.upstream import Upstream, once

PREFIX = "upstream connect error or disconnect/reset before headers. "


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    """Hosts that each fail in their own way."""
    objects = [
        resources.gateway(),
        resources.virtual_service(
            "unknown", resources.rule("nowhere.test"), hosts=["unknown.test"]
        ),
        resources.service_entry("known.test", 9),
        resources.virtual_service(
            "subset",
            resources.rule(resources.destination("known.test", subset="v9")),
            hosts=["subset.test"],
        ),
        resources.virtual_service(
            "port",
            resources.rule(resources.destination("known.test", port=8181)),
            hosts=["port.test"],
        ),
        resources.service_entry("empty.test"),
        resources.virtual_service("empty", resources.rule("empty.test"), hosts=["empty.test"]),
        resources.service_entry("labelled.test", 9, labels=[{"version": "v1"}]),
        resources.destination_rule("labelled.test", {"v2": {"version": "v2"}}),
        resources.virtual_service(
            "labelled",
            resources.rule(resources.destination("labelled.test", subset="v2")),
            hosts=["labelled.test"],
        ),
        resources.service("lonely", 8080),
        resources.virtual_service("lonely", resources.rule("lonely"), hosts=["lonely.test"]),
        resources.virtual_service(
            "paths",
            resources.rule("known.test", match=resources.uri("exact", "/only")),
            hosts=["paths.test"],
        ),
    ]
    with Gateway(tmp_path_factory.mktemp("failures"), objects) as gateway:
        yield gateway


def failed(edge, host, path="/", method="GET"):
    response = edge.get(path, host=host, method=method)
    return response, edge.log_entry(authority=host, path=path, method=method)


def assert_empty(response):
    assert response.body == b""
    assert response.all("content-length") == ["0"]
    assert response.get("content-type") is None


def assert_text(response, text):
    assert response.text == text
    assert response.all("content-length") == [str(len(text))]
    assert response.all("content-type") == ["text/plain"]


def test_a_host_nobody_serves_is_404_nr(edge):
    response, entry = failed(edge, "nobody.test")
    assert response.status == 404
    assert_empty(response)
    assert entry["response_flags"] == "NR"
    assert entry["response_code_details"] == "route_not_found"
    assert (entry["upstream_host"], entry["upstream_cluster"]) == ("-", "-")


def test_a_path_nobody_serves_is_404_nr(edge):
    response, entry = failed(edge, "paths.test", "/other")
    assert response.status == 404
    assert_empty(response)
    assert entry["response_flags"] == "NR"


@pytest.mark.parametrize("host", ["unknown.test", "subset.test", "port.test"])
def test_a_destination_that_does_not_exist_is_503_nc(edge, host):
    response, entry = failed(edge, host)
    assert response.status == 503
    assert_empty(response)
    assert entry["response_flags"] == "NC"
    assert entry["response_code_details"] == "cluster_not_found"


@pytest.mark.parametrize("host", ["empty.test", "labelled.test", "lonely.test"])
def test_a_destination_without_endpoints_is_503_uh(edge, host):
    response, entry = failed(edge, host)
    assert response.status == 503
    assert_text(response, "no healthy upstream")
    assert entry["response_flags"] == "UH"
    assert entry["response_code_details"] == "no_healthy_upstream"
    assert entry["upstream_host"] == "-"
    assert entry["upstream_cluster"].startswith("outbound|")


def test_the_answer_to_head_has_the_length_and_no_body(edge):
    response, entry = failed(edge, "empty.test", "/head", "HEAD")
    assert (response.status, response.body) == (503, b"")
    assert response.all("content-length") == ["19"]
    assert entry["bytes_sent"] == "0"


def test_a_refused_connection_is_503_uf(dead_lane):
    lane = dead_lane
    response = lane.get()
    assert response.status == 503
    assert response.text.startswith(PREFIX)
    assert re.search(
        r"reset reason: remote connection failure, transport failure reason: "
        r".*Connection refused$",
        response.text,
    ), response.text
    entry = lane.log_entry()
    assert entry["response_flags"].split(",")[0] == "UF"
    details = entry["response_code_details"]
    assert details.startswith("upstream_reset_before_response_started{remote_connection_failure")
    assert "Connection refused" in entry["upstream_transport_failure_reason"]
    assert entry["upstream_host"] == f"127.0.0.1:{lane.upstream.port}"
    assert entry["upstream_cluster"] == lane.cluster


def test_an_address_that_never_answers_is_503_uf_after_the_connect_timeout(started):
    """192.0.2.0/24 answers to nobody (RFC 5737); where even sending is refused it is UF at once."""
    entry = resources.service_entry("far.test", 9)
    entry["spec"]["endpoints"] = [{"address": "192.0.2.1", "ports": {"main": 9}}]
    policy = {"connectionPool": {"tcp": {"connectTimeout": "300ms"}}}
    gateway = started(
        resources.gateway(),
        entry,
        resources.destination_rule("far.test", {}, **policy),
        resources.virtual_service("far", resources.rule("far.test")),
    )
    response = gateway.get(host="far.test")
    assert response.status == 503
    assert response.text.startswith(PREFIX)
    assert "connection timeout" in response.text or "connection failure" in response.text
    logged = gateway.log_entry(authority="far.test")
    assert logged["response_flags"].split(",")[0] == "UF"
    assert int(logged["duration"]) < 2000


@pytest.mark.parametrize("end", ["close", "reset"])
def test_an_upstream_that_hangs_up_is_503_uc(lane, end):
    def script(connection):
        connection.read_all()
        getattr(connection, end)()

    lane.upstream.script = script
    response = lane.get()
    assert response.status == 503
    assert_text(response, PREFIX + "reset reason: connection termination")
    entry = lane.log_entry()
    assert entry["response_flags"] == "UC"
    details = "upstream_reset_before_response_started{connection_termination}"
    assert entry["response_code_details"] == details
    assert entry["upstream_host"] == f"127.0.0.1:{lane.upstream.port}"


def test_an_upstream_that_hangs_up_inside_the_head_is_503_or_502(lane):
    lane.upstream.script = once(b"HTTP/1.1 200 OK\r\nContent-Le")
    response = lane.get()
    assert response.status in (502, 503)
    assert response.text.startswith(PREFIX)
    assert lane.log_entry()["response_flags"] in ("UC", "UPE")


def test_an_upstream_that_does_not_speak_http_is_502_upe(lane):
    lane.upstream.script = once(b"SSH-2.0-OpenSSH_9.2\r\n")
    response = lane.get()
    assert response.status == 502
    assert_text(response, PREFIX + "reset reason: protocol error")
    entry = lane.log_entry()
    assert entry["response_flags"] == "UPE"
    details = entry["response_code_details"]
    assert details.startswith("upstream_reset_before_response_started{protocol_error")


def test_a_malformed_request_is_400_dpe(lanes):
    gateway = lanes.gateway
    before = len(gateway.log_lines())
    with gateway.wire() as wire:
        wire.send(b"GET /bad HTTP/1.1\r\nHost: a.test\r\nX-A : b\r\n\r\n")
        response = wire.response()
        assert response.status == 400
        assert wire.ends()
        entry = gateway.log_entry(response_flags="DPE")
    assert len(gateway.log_lines()) > before
    assert entry["response_code"] == "400"
    assert entry["response_code_details"].startswith("http1.")


def test_both_length_and_chunked_is_named_in_the_log(lanes):
    with lanes.gateway.wire() as wire:
        wire.send(
            b"POST /both HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        assert wire.response().status == 400
    details = "http1.content_length_and_chunked_not_allowed"
    assert lanes.gateway.log_entry(response_code_details=details)["response_flags"] == "DPE"


def test_a_head_too_large_is_named_in_the_log(lanes):
    with lanes.gateway.wire() as wire:
        wire.send_if_open(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n")
        assert wire.response().status == 431
    entry = lanes.gateway.log_entry(response_code="431")
    assert entry["response_flags"] == "DPE"
    assert entry["response_code_details"] == "http1.headers_too_large"


def test_a_missing_host_is_named_in_the_log(lanes):
    with lanes.gateway.wire() as wire:
        response = wire.request(b"GET / HTTP/1.1\r\n\r\n")
        assert response.status == 400
    entry = lanes.gateway.log_entry(response_code_details="missing_host_header")
    assert entry["authority"] == "-"


def test_a_client_that_leaves_is_dc_with_status_0(lane):
    arrived = threading.Event()

    def script(connection):
        connection.read_all()
        arrived.set()
        connection.until_closed(5)

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head("GET /left HTTP/1.1"))
        assert arrived.wait(5)
        wire.leave()
    entry = lane.log_entry()
    assert (entry["response_code"], entry["response_flags"]) == ("0", "DC")
    assert entry["response_code_details"] == "downstream_remote_disconnect"


def test_the_client_keeps_its_connection_after_a_failure(edge):
    with edge.wire() as wire:
        for host, status in [("nobody.test", 404), ("unknown.test", 503), ("empty.test", 503)] * 3:
            response = wire.request(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert response.status == status


def test_the_client_keeps_its_connection_after_a_failed_upload(dead_lane):
    """The body nobody took is read to its end, or the connection is closed; never confused."""
    lane = dead_lane
    with lane.wire() as wire:
        wire.send(lane.head("POST / HTTP/1.1", "Content-Length: 5") + b"hello")
        response = wire.response()
        assert response.status == 503
        if (response.get("connection") or "").lower() == "close":
            assert wire.ends()
        else:
            assert wire.request(lane.head()).status == 503


def test_a_body_behind_a_404_is_not_a_request(edge):
    hidden = b"GET /hidden HTTP/1.1\r\nHost: nobody.test\r\n\r\n"
    with edge.wire() as wire:
        head = f"POST / HTTP/1.1\r\nHost: nobody.test\r\nContent-Length: {len(hidden)}\r\n\r\n"
        wire.send(head.encode() + hidden)
        response = wire.response()
        assert response.status == 404
        if (response.get("connection") or "").lower() == "close":
            assert wire.ends()
        else:
            assert wire.is_quiet(0.3)
    assert all("hidden" not in line for line in edge.log_lines())


def test_an_upstream_that_comes_back_is_found(started):
    gone = Upstream("gone")
    port = gone.port
    gone.stop()
    gateway = started(*resources.one_upstream(port))
    assert gateway.get().status == 503
    with Upstream("back", port=port):
        assert gateway.get().status == 200


def test_other_requests_are_served_while_one_upstream_fails(lane, dead_lane):
    with lane.wire() as wire:
        for _ in range(50):
            wire.send(lane.head() + dead_lane.head())
            assert [wire.response().status, wire.response().status] == [200, 503]


def test_a_failure_is_one_access_log_line(edge):
    before = [line for line in edge.log_lines() if "once.test" in line]
    assert before == []
    edge.get("/just-once", host="once.test")
    edge.log_entry(authority="once.test")
    edge.get("/after", host="after.test")
    edge.log_entry(authority="after.test")
    assert len([line for line in edge.log_lines() if "once.test" in line]) == 1


def test_a_success_has_no_flag(lane):
    assert lane.get().status == 200
    entry = lane.log_entry()
    assert (entry["response_flags"], entry["response_code_details"]) == ("-", "via_upstream")
