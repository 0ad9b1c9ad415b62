"""What the gateway adds to a message, takes out of it and leaves as it was.

Rules: RFC 9110 section 7.6.1 (hop-by-hop) and what Istio's gateways do.
"""

import json
import re

import pytest

from harness.upstream import answers, ok

UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
# Istio keeps the trace decision in the version digit: 4, 9, a or b.
REQUEST_ID = re.compile(UUID4.replace("-4[", "-[49ab]["))


def seen(lane, *fields, path="/"):
    """The fields the upstream got, lower-case name -> list of values."""
    response = lane.get(path, *fields)
    assert response.status == 200
    found = {}
    for name, value in json.loads(response.body)["headers"]:
        found.setdefault(name.lower(), []).append(value)
    return found


def test_names_keep_their_case_on_the_way_up(lane):
    response = lane.get("/", "X-MiXeD-cAsE: 1", "x-lower: 2", "X-UPPER: 3")
    names = [name for name, _ in json.loads(response.body)["headers"]]
    assert {"X-MiXeD-cAsE", "x-lower", "X-UPPER"} <= set(names)


def test_names_keep_their_case_on_the_way_down(lane):
    lane.upstream.script = answers(ok(b"", b"X-MiXeD-cAsE: 1", b"x-lower: 2", b"ETAG: 3"))
    names = [name for name, _ in lane.get().fields]
    assert {b"X-MiXeD-cAsE", b"x-lower", b"ETAG"} <= set(names)


def test_values_keep_their_bytes(lane):
    value = "\u00e9 \t \"quoted\" \\ ; , = \u00ff"
    assert seen(lane, f"X-Odd: {value}")["x-odd"] == [value]


def test_repeated_fields_stay_repeated_and_in_order(lane):
    assert seen(lane, "X-A: 1", "X-B: 2", "X-A: 3")["x-a"] == ["1", "3"]


def test_cookies_set_by_the_upstream_stay_apart(lane):
    lane.upstream.script = answers(ok(b"", b"Set-Cookie: a=1, x", b"Set-Cookie: b=2"))
    assert lane.get().all("set-cookie") == ["a=1, x", "b=2"]


def test_fields_named_by_connection_stay_with_the_gateway(lane):
    got = seen(lane, "Connection: X-Private, x-OTHER", "X-Private: 1", "X-Other: 2", "X-Kept: 3")
    assert "x-private" not in got and "x-other" not in got
    assert got["x-kept"] == ["3"]


@pytest.mark.parametrize("name", ["Keep-Alive", "Proxy-Connection", "Upgrade"])
def test_a_hop_by_hop_field_stays_with_the_gateway(lane, name):
    assert name.lower() not in seen(lane, f"{name}: h2c")


def test_te_is_passed_on_as_trailers_at_most(lane):
    assert seen(lane, "TE: gzip, trailers").get("te", ["trailers"]) == ["trailers"]


def test_connection_cannot_take_fields_the_gateway_needs(lane):
    """Naming Host or x-forwarded-for in Connection is an attack on whoever trusts them."""
    got = seen(lane, "Connection: Host, X-Forwarded-For, X-Forwarded-Proto, X-Request-Id")
    assert got["host"] == [lane.host]
    assert got["x-forwarded-for"] == ["127.0.0.1"]
    assert got["x-forwarded-proto"] == ["http"]
    assert "x-request-id" in got


def test_connection_fields_of_the_upstream_stay_with_the_gateway(lane):
    fields = [b"Connection: X-Private", b"X-Private: 1", b"Keep-Alive: timeout=5", b"X-Kept: 1"]
    lane.upstream.script = answers(ok(b"", *fields))
    response = lane.get()
    assert response.get("x-private") is None
    assert response.get("keep-alive") is None
    assert response.get("x-kept") == "1"


def test_the_host_reaches_the_upstream_as_it_was_sent(lane):
    port = lane.gateway.port()
    with lane.wire() as wire:
        data = f"GET / HTTP/1.1\r\nHost: {lane.host.upper()}:{port}\r\n\r\n"
        wire.request(data.encode())
    assert lane.upstream.requests[0].all("host") == [f"{lane.host.upper()}:{port}"]


def test_every_request_gets_an_id_of_its_own(lane):
    ids = [seen(lane)["x-request-id"] for _ in range(20)]
    assert all(len(i) == 1 and REQUEST_ID.fullmatch(i[0]) for i in ids), ids
    assert len({i[0] for i in ids}) == 20


def test_an_id_sent_by_a_client_is_replaced(lane):
    theirs = "11111111-2222-4333-8444-555555555555"
    (ours,) = seen(lane, f"X-Request-Id: {theirs}")["x-request-id"]
    assert ours != theirs and REQUEST_ID.fullmatch(ours)


def test_the_id_is_in_the_access_log_and_not_in_the_response(lane):
    response = lane.get()
    (ours,) = [v for n, v in json.loads(response.body)["headers"] if n.lower() == "x-request-id"]
    assert lane.log_entry()["request_id"] == ours
    assert response.get("x-request-id") is None


def test_the_client_is_appended_to_x_forwarded_for(lane):
    assert seen(lane)["x-forwarded-for"] == ["127.0.0.1"]


def test_x_forwarded_for_of_the_client_is_kept_before_it(lane):
    got = seen(lane, "X-Forwarded-For: 203.0.113.7, 198.51.100.1")["x-forwarded-for"]
    assert ",".join(got).replace(" ", "") == "203.0.113.7,198.51.100.1,127.0.0.1"


def test_x_forwarded_proto_of_the_client_is_replaced(lane):
    assert seen(lane, "X-Forwarded-Proto: https")["x-forwarded-proto"] == ["http"]


@pytest.mark.parametrize(
    "name",
    [
        "x-envoy-retry-on",
        "x-envoy-max-retries",
        "x-envoy-upstream-rq-timeout-ms",
        "x-envoy-upstream-rq-per-try-timeout-ms",
        "x-envoy-internal",
        "x-envoy-original-path",
        "x-envoy-decorator-operation",
        "x-envoy-upstream-alt-stat-name",
        "x-envoy-retriable-status-codes",
        "x-envoy-force-trace",
        "X-Envoy-Hedge-On-Per-Try-Timeout",
    ],
)
def test_a_client_cannot_send(lane, name):
    got = seen(lane, f"{name}: theirs")
    assert "theirs" not in got.get(name.lower(), [])


def test_a_client_cannot_send_an_address_of_its_choice(lane):
    got = seen(lane, "X-Envoy-External-Address: 203.0.113.7")
    assert got.get("x-envoy-external-address", ["127.0.0.1"]) == ["127.0.0.1"]


def test_a_client_without_a_certificate_cannot_claim_one(lane):
    got = seen(lane, 'X-Forwarded-Client-Cert: By=spiffe://a;URI=spiffe://admin;Subject=""')
    assert "x-forwarded-client-cert" not in got


def test_the_first_attempt_is_numbered_one(lane):
    assert seen(lane, "X-Envoy-Attempt-Count: 7")["x-envoy-attempt-count"] == ["1"]


def test_responses_come_from_isthmus(lane):
    lane.upstream.script = answers(ok(b"", b"Server: secret/1.2.3"))
    assert lane.get().all("server") == ["isthmus"]


def test_responses_of_the_gateway_itself_come_from_isthmus(lanes):
    response = lanes.gateway.get(host="nobody.test")
    assert response.all("server") == ["isthmus"]
    assert len(response.all("date")) == 1


def test_a_date_is_added_where_there_is_none(lane):
    (date,) = lane.get().all("date")
    assert re.fullmatch(
        r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d GMT", date
    )


def test_the_upstreams_date_stays(lane):
    date = "Tue, 15 Nov 1994 08:12:31 GMT"
    lane.upstream.script = answers(ok(b"", b"Date: " + date.encode()))
    assert lane.get().all("date") == [date]


def test_the_time_the_upstream_took_is_told(lane):
    (took,) = lane.get().all("x-envoy-upstream-service-time")
    assert 0 <= int(took) < 5000


def test_the_time_is_the_gateways_own_measure(lane):
    lane.upstream.script = answers(ok(b"", b"X-Envoy-Upstream-Service-Time: 999999"))
    (took,) = lane.get().all("x-envoy-upstream-service-time")
    assert took != "999999"


def test_a_response_of_the_gateway_itself_tells_no_upstream_time(lanes):
    response = lanes.gateway.get(host="nobody.test")
    assert response.get("x-envoy-upstream-service-time") is None


def test_the_query_reaches_the_upstream_byte_for_byte(lane):
    path = "/a?b=c&&d=%2F%00%zz;e='\"[]{}|\\^`&=?/../x"
    allowed = path.replace('"', "").replace("{", "").replace("}", "").replace("|", "")
    allowed = allowed.replace("\\", "").replace("^", "").replace("`", "")
    response = lane.get(allowed)
    assert json.loads(response.body)["target"] == allowed


# Paths, normalised as Istio's BASE before anything matches them.


@pytest.mark.parametrize(
    "sent, forwarded",
    [
        ("/a/../b", "/b"),
        ("/a/./b", "/a/b"),
        ("/a/b/..", "/a/"),
        ("/a/b/.", "/a/b/"),
        ("/../../a", "/a"),
        ("/..", "/"),
        ("/.", "/"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/%2E./b", "/b"),
        ("/a/%2e/b", "/a/b"),
        ("/a//b", "/a//b"),
        ("//a", "//a"),
        ("/a/...", "/a/..."),
        ("/a/..b", "/a/..b"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a%2f..%2fb", "/a%2f..%2fb"),
        ("/a/../b?c=../d", "/b?c=../d"),
        ("/caf%C3%A9", "/caf%C3%A9"),
        ("/%7Euser/%61", "/~user/a"),
        ("/a\\..\\b", "/b"),
    ],
)
def test_a_path_is_normalised(lane, sent, forwarded):
    response = lane.get(sent)
    assert response.status == 200
    assert json.loads(response.body)["target"] == forwarded
