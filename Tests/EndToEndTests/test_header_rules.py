"""`headers` of rules and destinations: Istio's order, and never one field twice.

The dangerous ones are those that a proxy writes itself: a second Content-Length is how requests are
smuggled, and two X-Forwarded-Proto are read by each server as it likes.
"""

import re

import pytest

from harness import resources as r
from harness.binary import isthmus
from harness.upstream import Upstream, answers, echo, ok

FRAMING = ["content-length", "transfer-encoding", "connection", "keep-alive"]
FRAMING += ["proxy-connection", "upgrade", "te", "trailer"]


def start(started, upstream, headers=None, destination=None, **more):
    target = r.destination("api.test", headers=destination)
    rule = r.rule(target, **({"headers": headers} if headers else {}), **more)
    return started(
        r.gateway(), r.service_entry("api.test", upstream.port), r.virtual_service("api", rule)
    )


@pytest.fixture
def upstream():
    with Upstream("api", echo) as upstream:
        yield upstream


def sent(gateway, upstream, *fields):
    """What reaches the upstream, by lower-case name; every name at most once."""
    assert gateway.get(fields=fields).status == 200
    names = [n.decode().lower() for n, _ in upstream.requests[-1].fields]
    assert len(names) == len(set(names)), f"twice: {names}"
    return {n.decode().lower(): v.decode() for n, v in upstream.requests[-1].fields}


OWN = {
    "x-forwarded-for": "192.0.2.7",
    "X-Forwarded-Proto": "https",
    "x-request-id": "mine",
    "x-envoy-external-address": "192.0.2.8",
    "x-forwarded-client-cert": "By=me",
}


@pytest.mark.parametrize("level", ["rule", "destination"])
def test_what_the_gateway_says_of_a_client_a_rule_may_overrule(started, upstream, level):
    headers = {"request": {"set": OWN}}
    gateway = start(started, upstream, **{{"rule": "headers"}.get(level, level): headers})
    seen = sent(gateway, upstream, "X-Forwarded-For: 203.0.113.1", "X-Request-Id: theirs")
    assert {n.lower(): v for n, v in OWN.items()}.items() <= seen.items()


@pytest.mark.parametrize("level", ["headers", "destination"])
def test_and_may_remove(started, upstream, level):
    gateway = start(started, upstream, **{level: {"request": {"remove": list(OWN)}}})
    seen = sent(gateway, upstream, "X-Forwarded-For: 203.0.113.1")
    assert not {n.lower() for n in OWN} & seen.keys()
    assert seen["x-envoy-attempt-count"] == "1"


def test_one_overruled_field_leaves_the_others(started, upstream):
    gateway = start(started, upstream, {"request": {"set": {"x-forwarded-proto": "https"}}})
    seen = sent(gateway, upstream)
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-for"] == seen["x-envoy-external-address"] == "127.0.0.1"
    assert re.fullmatch("[0-9a-f-]{36}", seen["x-request-id"])


@pytest.mark.parametrize("operation", ["set", "add", "remove"])
def test_where_a_message_ends_is_no_rules_business(started, upstream, operation):
    pairs = dict.fromkeys(FRAMING, "5")
    change = {operation: list(pairs) if operation == "remove" else pairs}
    gateway = start(started, upstream, {"request": change, "response": change})
    with gateway.wire() as wire:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world"
        answer = wire.request(head, "POST")
    seen = upstream.requests[-1]
    assert (seen.body, seen.all("content-length")) == (b"hello world", ["11"])
    assert len(answer.all("content-length")) == 1
    for name in set(FRAMING) - {"content-length"}:
        assert seen.get(name) is None and answer.get(name) is None, name


def test_validate_says_which_headers_are_left_as_they_are(tmp_path, upstream):
    names = {"Content-Length": "5", "x-good": "1", "x-envoy-attempt-count": "9"}
    rule = r.rule(
        "api.test",
        headers={"request": {"set": names}, "response": {"set": {"server": "me", "date": "x"}}},
    )
    file = tmp_path / "rules.yaml"
    file.write_text(
        r.text(
            r.gateway(), r.service_entry("api.test", 1), r.virtual_service("api", rule)
        )
    )
    done = isthmus("validate", "-f", file)
    text = done.out + done.err
    assert done.code == 0, text
    for name in ("Content-Length", "x-envoy-attempt-count", "server"):
        assert f"the header {name} is left as it is" in text
    for name in ("x-good", "date"):
        assert f"the header {name} " not in text


def test_fields_of_answers_are_there_once(started):
    own = [b"Date: Mon, 01 Jan 2024 00:00:00 GMT", b"Server: nginx"]
    with Upstream("api", answers(ok(b"hi", *own))) as upstream:
        date = "Tue, 02 Jan 2024 00:00:00 GMT"
        response = {
            "set": {"date": date, "server": "mine", "X-A": "first", "x-a": "second"},
            "remove": ["x-envoy-upstream-service-time"],
        }
        gateway = start(started, upstream, {"response": response})
        answer = gateway.get()
        assert answer.all("date") == [date]
        assert answer.all("server") == ["isthmus"]
        assert answer.all("x-a") == ["second"]
        assert answer.all("x-envoy-upstream-service-time") == []


def test_a_date_that_a_rule_removes_is_the_gateways(started):
    with Upstream("api", answers(ok(b"", b"Date: Mon, 01 Jan 2024 00:00:00 GMT"))) as upstream:
        gateway = start(started, upstream, {"response": {"remove": ["Date"]}})
        dates = gateway.get().all("date")
        assert len(dates) == 1 and "2024" not in dates[0]


def test_a_direct_answer_has_its_rules_date_and_none_besides(started):
    rule = r.rule(
        directResponse={"status": 200},
        headers={"response": {"set": {"date": "Tue, 02 Jan 2024 00:00:00 GMT"}}},
    )
    gateway = started(r.gateway(), r.virtual_service("api", rule))
    assert gateway.get().all("date") == ["Tue, 02 Jan 2024 00:00:00 GMT"]


def test_the_rule_comes_first_and_the_destination_has_the_last_word(started, upstream):
    gateway = start(
        started,
        upstream,
        {
            "request": {
                "set": {"x-both": "rule", "x-removed": "rule", "x-rule": "rule"},
                "add": {"x-added": "rule"},
                "remove": ["x-client"],
            }
        },
        {
            "request": {
                "set": {"X-Both": "destination", "x-client": "destination"},
                "remove": ["x-removed"],
            }
        },
    )
    seen = sent(gateway, upstream, "X-Client: client")
    assert seen["x-both"] == "destination" and seen["x-rule"] == "rule"
    assert seen["x-client"] == "destination" and "x-removed" not in seen


def test_added_values_stand_behind_those_of_the_client(started, upstream):
    gateway = start(started, upstream, {"request": {"add": {"x-list": "rule"}}})
    gateway.get(fields=["X-List: client"])
    assert upstream.requests[-1].all("x-list") == ["client", "rule"]


def test_a_percent_sign_is_written_twice(started, upstream):
    gateway = start(
        started, upstream, {"request": {"set": {"x-share": "100%% of %REQ(x-who)%"}}}
    )
    assert sent(gateway, upstream, "X-Who: us")["x-share"] == "100% of us"
