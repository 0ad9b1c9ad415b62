"""What a client may do with its connection (RFC 9112 section 9, RFC 9110 section 10.1.1)."""

import json
import re
import threading
import time

import pytest

from harness.binary import curl, isthmus
from harness.upstream import answers, ok
from harness.waiting import wait_for
from harness.wire import Quiet


def target(response):
    return json.loads(response.body)["target"]


def test_one_connection_serves_many_requests(lane):
    with lane.wire() as wire:
        for n in range(200):
            assert target(wire.request(lane.head(f"GET /{n} HTTP/1.1"))) == f"/{n}"
    assert len(lane.upstream.connections) == 1


def test_connection_close_is_honoured_and_answered(lane):
    with lane.wire() as wire:
        response = wire.request(lane.head("GET / HTTP/1.1", "Connection: close"))
        assert response.status == 200
        assert response.get("connection").lower() == "close"
        assert wire.ends()


def test_connection_close_among_other_options_is_honoured(lane):
    with lane.wire() as wire:
        wire.request(lane.head("GET / HTTP/1.1", "Connection: X-Private, CLOSE"))
        assert wire.ends()


def test_pipelined_requests_are_answered_in_order(lane):
    with lane.wire() as wire:
        wire.send(b"".join(lane.head(f"GET /{n} HTTP/1.1") for n in range(100)))
        assert [target(wire.response()) for _ in range(100)] == [f"/{n}" for n in range(100)]


def test_a_slow_first_response_does_not_let_the_second_pass(lane):
    def script(connection):
        while request := connection.read_all():
            if request.target == "/slow":
                time.sleep(0.2)
            connection.send(ok(request.target.encode()))

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head("GET /slow HTTP/1.1") + lane.head("GET /fast HTTP/1.1"))
        assert [wire.response().body, wire.response().body] == [b"/slow", b"/fast"]


def test_pipelined_requests_with_bodies_are_kept_apart(lane):
    requests = b""
    for n in range(20):
        body = b"%d" % n * 100
        requests += lane.head("POST /length HTTP/1.1", f"Content-Length: {len(body)}") + body
        requests += lane.head("POST /chunked HTTP/1.1", "Transfer-Encoding: chunked")
        requests += b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with lane.wire() as wire:
        wire.send(requests)
        for n in range(20):
            for framing in ("/length", "/chunked"):
                seen = json.loads(wire.response().body)
                assert seen["target"] == framing
                assert seen["body"] == str(n) * 100


def test_requests_behind_a_close_are_not_served(lane):
    with lane.wire() as wire:
        wire.send(lane.head("GET /last HTTP/1.1", "Connection: close"))
        wire.send_if_open(lane.head("GET /never HTTP/1.1"))
        assert target(wire.response()) == "/last"
        assert wire.ends()
    assert [r.target for r in lane.upstream.heads] == ["/last"]


def test_a_pipeline_that_ends_in_junk_answers_the_honest_part(lane):
    with lane.wire() as wire:
        wire.send(lane.head("GET /1 HTTP/1.1") + lane.head("GET /2 HTTP/1.1") + b"JUNK\r\n\r\n")
        assert [target(wire.response()), target(wire.response())] == ["/1", "/2"]
        assert wire.response().status == 400
        assert wire.ends()


def test_http_1_0_is_told_to_upgrade(lane):
    with lane.wire() as wire:
        response = wire.request(lane.head("GET / HTTP/1.0"))
        assert (response.status, response.body) == (426, b"")
        assert wire.ends()
    assert lane.upstream.received_bytes == 0
    entry = lane.log_entry()
    assert (entry["response_code"], entry["response_code_details"]) == ("426", "low_version")


def test_http_1_0_with_keep_alive_is_told_to_upgrade(lane):
    with lane.wire() as wire:
        assert wire.request(lane.head("GET / HTTP/1.0", "Connection: keep-alive")).status == 426
        assert wire.ends()


def test_a_client_that_expects_100_gets_it_before_it_sends(lane):
    with lane.wire() as wire:
        wire.send(lane.head("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue"))
        assert wire.interim_response(seconds=5).status == 100
        wire.send(b"hello")
        response = wire.response()
        assert json.loads(response.body)["body"] == "hello"
        assert wire.request(lane.head()).status == 200


def test_a_client_that_expects_100_and_does_not_wait_is_served(lane):
    with lane.wire() as wire:
        wire.send(
            lane.head("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-Continue") + b"hello"
        )
        response = wire.response()
        assert json.loads(response.body)["body"] == "hello"
        assert wire.request(lane.head()).status == 200


def test_curl_uploads_with_expect(lane, tmp_path):
    file = tmp_path / "upload"
    file.write_bytes(b"u" * 3_000_000)
    begin = time.monotonic()
    run = curl("-T", file, "-H", "Expect: 100-continue", *lane.curl_arguments("/upload"))
    assert run.code == 0, run.err
    assert json.loads(run.out)["length"] == 3_000_000
    assert time.monotonic() - begin < 0.9, "curl gave up waiting for 100 after its own second"


def test_a_request_nobody_serves_gets_its_answer_instead_of_100(lane):
    with lane.wire() as wire:
        head = b"POST / HTTP/1.1\r\nHost: nobody.test\r\nContent-Length: 5\r\n"
        wire.send(head + b"Expect: 100-continue\r\n\r\n")
        assert wire.response(seconds=5).status == 404


def test_a_client_that_closed_its_sending_side_still_gets_its_answer(lane):
    with lane.wire() as wire:
        wire.send(lane.head("GET /half HTTP/1.1"))
        wire.half_close()
        assert target(wire.response()) == "/half"
        assert wire.ends()


def test_half_close_in_the_middle_of_a_body_is_an_end_without_a_request(lane):
    with lane.wire() as wire:
        wire.send(lane.head("POST / HTTP/1.1", "Content-Length: 10") + b"hello")
        wire.half_close()
        try:
            assert wire.response().status >= 400
        except Exception:
            pass  # a close without an answer is fine too
        assert wire.ends()
    assert lane.upstream.requests == []


def test_a_client_that_leaves_takes_its_request_with_it(lane):
    """The upstream connection of a request nobody waits for is closed, not reused half-read."""
    arrived, left = threading.Event(), threading.Event()

    def script(connection):
        connection.read_all()
        arrived.set()
        if connection.until_closed(5):
            left.set()

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head())
        assert arrived.wait(5)
        wire.leave()
    assert left.wait(5), "the gateway keeps waiting for a response nobody wants"
    assert lane.log_entry()["response_flags"] == "DC"


def test_idle_connections_stay_open(lane):
    with lane.wire() as wire:
        wire.request(lane.head())
        assert wire.is_quiet(1.0)
        assert wire.request(lane.head()).status == 200


def test_chunked_bodies_keep_their_trailers_on_the_way_up(lane):
    with lane.wire() as wire:
        wire.send(lane.head("POST / HTTP/1.1", "Transfer-Encoding: chunked", "Trailer: X-Sum"))
        wire.send(b"5\r\nhello\r\n0\r\nX-Sum: 5\r\nX-Other: a b\r\n\r\n")
        seen = json.loads(wire.response().body)
    assert seen["framing"] == "chunked"
    assert seen["trailers"] == [["X-Sum", "5"], ["X-Other", "a b"]]


def test_chunked_bodies_keep_their_trailers_on_the_way_down(lane):
    lane.upstream.script = answers(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n"
    )
    response = lane.get("/", "TE: trailers")
    assert (response.framing, response.body) == ("chunked", b"hello")
    assert response.trailers == [(b"X-Sum", b"5")]


def test_chunks_arrive_as_they_are_sent(lane):
    """No piece waits for the next one: server-sent events depend on it."""
    go = threading.Semaphore(0)

    def script(connection):
        connection.read_all()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for n in range(5):
            connection.send(b"7\r\nevent %d\r\n" % n)
            go.acquire(timeout=5)
        connection.send(b"0\r\n\r\n")
        connection.until_closed(2)

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head())
        for n in range(5):
            deadline = time.monotonic() + 5
            while b"event %d" % n not in wire.buffer:
                assert wire.more(deadline)
            go.release()
        assert wire.response().body == b"event 0event 1event 2event 3event 4"


def test_a_request_body_reaches_the_upstream_while_it_is_sent(lane):
    seen = threading.Event()

    def script(connection):
        request = connection.read_request()
        deadline = time.monotonic() + 5
        while b"first" not in connection.buffer:
            connection.more(deadline)
        seen.set()
        connection.read_body(request)
        connection.send(ok(request.body))
        connection.until_closed(2)

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head("POST / HTTP/1.1", "Transfer-Encoding: chunked"))
        wire.send(b"5\r\nfirst\r\n")
        assert seen.wait(5)
        wire.send(b"6\r\nsecond\r\n0\r\n\r\n")
        assert wire.response().body == b"firstsecond"


def test_absolute_form_is_served_as_origin_form(lane):
    with lane.wire() as wire:
        response = wire.request(lane.head(f"GET http://{lane.host}/a/b?c=d HTTP/1.1"))
        assert response.status == 200
    request = lane.upstream.requests[0]
    assert request.target == "/a/b?c=d"
    assert request.all("host") == [lane.host]


def test_absolute_form_without_a_path_is_the_root(lane):
    with lane.wire() as wire:
        assert target(wire.request(lane.head(f"GET http://{lane.host} HTTP/1.1"))) == "/"


def test_a_slow_head_holds_up_nobody_else(lane):
    """A hundred clients that send a head a byte at a time, and one that does not."""
    slow = [lane.wire() for _ in range(100)]
    data = lane.head()
    for place in range(20):
        for wire in slow:
            wire.send(data[place : place + 1])
    begin = time.monotonic()
    assert lane.get().status == 200
    assert time.monotonic() - begin < 1
    for wire in slow:
        wire.close()


def test_the_times_a_slow_client_has_are_told():
    """They are too long to wait for here; the list must name them and what they are."""
    limits = isthmus("version", "--limits")
    assert limits.code == 0, limits.err
    told = limits.out.lower()
    for word in ("head-bytes", "request-line", "fields", "connections", "idle", "request-head"):
        assert word in told, f"no limit speaks of {word!r}:\n{limits.out}"
    assert len(re.findall(r"\d+ ms", told)) >= 4


def test_five_hundred_connections_are_served_at_once(lane):
    wires = [lane.wire() for _ in range(500)]
    for n, wire in enumerate(wires):
        wire.send(lane.head(f"GET /{n} HTTP/1.1"))
    for n, wire in enumerate(wires):
        assert target(wire.response()) == f"/{n}"
        wire.close()


def test_descriptors_are_given_back(lane):
    gateway = lane.gateway.child
    lane.get()
    before = gateway.descriptors()
    for _ in range(3):
        wires = [lane.wire() for _ in range(100)]
        for wire in wires:
            wire.send(lane.head())
        for wire in wires:
            wire.response()
            wire.close()
    # The pool upstream may have grown by as many connections as were used at once.
    lane.upstream.stop()
    wait_for(
        lambda: gateway.descriptors() <= before + 5,
        f"descriptors to fall back to {before} from {gateway.descriptors()}",
    )


@pytest.mark.parametrize("size", [0, 1, 100, 65_536, 1_000_000])
def test_a_response_keeps_its_length(lane, size):
    lane.upstream.script = answers(ok(b"z" * size))
    response = lane.get()
    assert response.all("content-length") == [str(size)]
    assert len(response.body) == size


def test_a_quiet_upstream_does_not_make_the_gateway_answer_early(lane):
    release = threading.Event()

    def script(connection):
        connection.read_all()
        release.wait(5)
        connection.send(ok(b"late"))
        connection.until_closed(2)

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head())
        with pytest.raises(Quiet):
            wire.response(seconds=0.5)
        release.set()
        assert wire.response().body == b"late"
