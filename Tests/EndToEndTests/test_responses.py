"""What upstreams send back, well-formed and not.

A response whose framing is broken is a 502; one that is cut short after its head went out must be
cut short for the client too. RFC 9112 sections 6.3, 8 and 9.6; RFC 9110 sections 15.2 to 15.4.
"""

import json
import threading
import time

import pytest

from harness.binary import curl
from harness.upstream import answers, echo, ok, once
from harness.wire import CutShort

OK = b"HTTP/1.1 200 OK\r\n"


def outcome(lane, method="GET", seconds=8.0):
    """("complete" | "cut", response or what there was of it)."""
    with lane.wire(seconds) as wire:
        wire.send(lane.head(f"{method} / HTTP/1.1"))
        try:
            return "complete", wire.response(method)
        except CutShort as cut:
            return "cut", cut.message


# Each is refused before anything went to the client.
BROKEN_HEADS = {
    "chunked and a length": OK
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "two different lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a list of different lengths": OK + b"Content-Length: 5, 6\r\n\r\nhello",
    "a negative length": OK + b"Content-Length: -1\r\n\r\nhello",
    "a signed length": OK + b"Content-Length: +5\r\n\r\nhello",
    "a length that is a word": OK + b"Content-Length: five\r\n\r\nhello",
    "an empty length": OK + b"Content-Length: \r\n\r\nhello",
    "a length beyond 64 bits": OK + b"Content-Length: 18446744073709551621\r\n\r\nhello",
    "chunked twice": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "a coding nobody knows": OK + b"Transfer-Encoding: xchunked\r\n\r\nhello",
    "chunked before another coding": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\nhello",
    "chunked over HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before a colon": OK + b"Content-Length : 5\r\n\r\nhello",
    "a field without a colon": OK + b"junk\r\nContent-Length: 5\r\n\r\nhello",
    "a field without a name": OK + b": junk\r\nContent-Length: 5\r\n\r\nhello",
    "a space in a field name": OK + b"X Y: z\r\nContent-Length: 5\r\n\r\nhello",
    "a NUL in a field name": OK + b"X\x00Y: z\r\nContent-Length: 5\r\n\r\nhello",
    "a NUL in a value": OK + b"X-A: b\x00c\r\nContent-Length: 5\r\n\r\nhello",
    "a control character in a value": OK + b"X-A: b\x01c\r\nContent-Length: 5\r\n\r\nhello",
    "a bare CR in a value": OK + b"X-A: b\rSet-Cookie: a=b\r\nContent-Length: 5\r\n\r\nhello",
    "a bare LF in a value": OK + b"X-A: b\nSet-Cookie: a=b\r\nContent-Length: 5\r\n\r\nhello",
    "a head of bare LF": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "a folded field": OK + b"X-A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello",
    "a status below 100": b"HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello",
    "a status that is a word": b"HTTP/1.1 abc OK\r\nContent-Length: 5\r\n\r\nhello",
    "a negative status": b"HTTP/1.1 -200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "two spaces before the status": b"HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "a status line without a version": b"200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "a misspelt version": b"HTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "a version in lower case": b"http/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/0.9": b"hello, there is no head here\n",
    "a control character in the reason": b"HTTP/1.1 200 O\x01K\r\nContent-Length: 5\r\n\r\nhello",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "an endless status line": b"HTTP/1.1 200 " + b"a" * 1_000_000 + b"\r\n\r\n",
    "an endless head": OK + b"X-Long: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "ten thousand fields": OK + b"X-A: b\r\n" * 10_000 + b"Content-Length: 5\r\n\r\nhello",
    "an upgrade nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
}

# The head is honest, the body is not: too late for a 502, unless nothing went out yet.
BROKEN_BODIES = {
    "closed before the length": OK + b"Content-Length: 10\r\n\r\nhello",
    "closed right after the head": OK + b"Content-Length: 10\r\n\r\n",
    "closed inside a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\na\r\nhello",
    "closed between chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "closed before the first chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n",
    "closed inside a chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\n5",
    "closed before the last CRLF": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    "closed inside the trailers": OK
    + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n",
    "a chunk size that is no number": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello",
    "a chunk size with a prefix": OK
    + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "a negative chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
    "a chunk size of 17 digits": OK
    + b"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
    "a chunk without CRLF": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n",
    "a chunk size line of bare LF": OK + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n",
    "a folded trailer": OK
    + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n c\r\n\r\n",
}


def cases(table):
    return [pytest.param(value, id=name) for name, value in table.items()]


@pytest.mark.parametrize("data", cases(BROKEN_HEADS))
def test_a_response_is_a_502_for(lane, data):
    lane.upstream.script = once(data)
    end, response = outcome(lane)
    assert (end, response.status) == ("complete", 502), response.first
    assert response.text.startswith("upstream connect error or disconnect/reset before headers")
    assert b"protocol error" in response.body
    assert lane.log_entry()["response_flags"] == "UPE"


@pytest.mark.parametrize("data", cases(BROKEN_HEADS))
def test_the_connection_upstream_is_not_used_again_after(lane, data):
    def script(connection):
        connection.read_all()
        if connection.index == 0:
            connection.send(data)
            connection.until_closed(5)
        else:
            connection.send(ok(b"clean"))
            echo(connection)

    lane.upstream.script = script
    with lane.wire() as wire:
        assert wire.request(lane.head(), seconds=5).status == 502
        response = wire.request(lane.head())
        assert (response.status, response.body) == (200, b"clean")
    assert len(lane.upstream.connections) == 2


@pytest.mark.parametrize("data", cases(BROKEN_BODIES))
def test_a_response_never_looks_complete_when(lane, data):
    lane.upstream.script = once(data)
    end, response = outcome(lane)
    if end == "complete":
        assert response.status in (502, 503), f"complete: {response.first!r} {response.body!r}"
    else:
        assert response is None or response.status == 200
        if response:
            assert b"hello".startswith(response.body) or response.body.startswith(b"hello")


@pytest.mark.parametrize("data", cases(BROKEN_BODIES))
def test_curl_notices_when(lane, data):
    lane.upstream.script = once(data)
    run = curl("-w", "%{http_code}", *lane.curl_arguments())
    noticed = run.code in (18, 52, 56) or run.out.endswith(("502", "503"))
    assert noticed, (run.code, run.out, run.err)


def test_a_reset_inside_a_body_never_looks_complete(lane):
    def script(connection):
        connection.read_all()
        connection.send(OK + b"Content-Length: 100000\r\n\r\n" + b"x" * 50_000)
        connection.reset()

    lane.upstream.script = script
    end, response = outcome(lane)
    assert end == "cut" or response.status in (502, 503)


def test_a_reset_ends_a_body_without_length_visibly(lane):
    """Without a length only a clean close is an end (RFC 9112 section 8)."""

    def script(connection):
        connection.read_all()
        connection.send(OK + b"\r\nhello")
        connection.reset()

    lane.upstream.script = script
    end, response = outcome(lane)
    assert end == "cut" or response.status in (502, 503), response.body


def test_a_cut_response_is_logged_with_its_status_and_flag(lane):
    lane.upstream.script = once(OK + b"Content-Length: 10\r\n\r\nhello")
    outcome(lane)
    entry = lane.log_entry()
    assert entry["response_code"] == "200"
    assert entry["response_flags"] == "UC"
    assert entry["response_code_details"].startswith("upstream_reset_after_response_started")


# Bodies that are not there.


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_a_status_without_a_body_ends_at_its_head(lane, status):
    lane.upstream.script = answers(b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n")
    with lane.wire() as wire:
        for _ in range(2):
            response = wire.request(lane.head())
            assert (response.status, response.body) == (int(status[:3]), b"")
            assert response.get("transfer-encoding") is None
    assert len(lane.upstream.connections) == 1


def test_304_keeps_the_length_it_tells_and_sends_no_body(lane):
    lane.upstream.script = answers(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 197\r\n\r\n")
    with lane.wire() as wire:
        for _ in range(2):
            response = wire.request(lane.head())
            assert (response.status, response.get("content-length")) == (304, "197")


def test_204_carries_no_framing(lane):
    """RFC 9110 section 8.6 forbids Content-Length there."""
    lane.upstream.script = answers(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
    response = lane.get()
    assert response.status == 204
    assert response.get("transfer-encoding") is None


def test_the_answer_to_head_keeps_its_length_and_has_no_body(lane):
    lane.upstream.script = answers(OK + b"Content-Length: 197\r\n\r\n")
    with lane.wire() as wire:
        for _ in range(2):
            response = wire.request(lane.head("HEAD / HTTP/1.1"), "HEAD")
            assert (response.status, response.get("content-length")) == (200, "197")
        assert wire.is_quiet(0.1)
    assert len(lane.upstream.connections) == 1


def test_the_chunked_answer_to_head_has_no_body(lane):
    lane.upstream.script = answers(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    with lane.wire() as wire:
        for _ in range(2):
            assert wire.request(lane.head("HEAD / HTTP/1.1"), "HEAD").status == 200
        assert wire.is_quiet(0.1)


@pytest.mark.parametrize(
    "method, first",
    [
        ("GET", ok(b"first")),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n"),
        ("HEAD", OK + b"Content-Length: 50\r\n\r\n"),
        ("GET", OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ],
    ids=["a length", "204", "304", "HEAD", "the last chunk"],
)
def test_bytes_after_the_end_are_nobodys_response_after(lane, method, first):
    """Response splitting: what follows a response must not answer the next request."""

    def script(connection):
        if connection.index == 0:
            connection.read_all()
            connection.send(first + ok(b"poison"))
        while connection.read_all():
            connection.send(ok(b"clean"))

    lane.upstream.script = script
    with lane.wire() as wire:
        response = wire.request(lane.head(f"{method} / HTTP/1.1"), method)
        assert b"poison" not in response.body
        for _ in range(3):
            response = wire.request(lane.head())
            assert (response.status, response.body) == (200, b"clean")


def test_a_response_nobody_asked_for_answers_nobody(lane):
    sent = threading.Event()

    def script(connection):
        connection.read_all()
        connection.send(ok(b"first"))
        if connection.index == 0:
            asked.wait(5)
            try:
                connection.send(ok(b"poison"))
            except OSError:
                pass
            sent.set()
        while connection.read_all():
            connection.send(ok(b"first"))

    asked = threading.Event()
    lane.upstream.script = script
    with lane.wire() as wire:
        assert wire.request(lane.head()).body == b"first"
        asked.set()
        assert sent.wait(5)
        for _ in range(3):
            assert wire.request(lane.head()).body == b"first"


# Interim responses.


def test_a_100_nobody_waits_for_does_not_end_the_response(lane):
    lane.upstream.script = answers(b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"final"))
    with lane.wire() as wire:
        for _ in range(2):
            assert wire.request(lane.head()).body == b"final"


def test_early_hints_come_before_the_response_or_not_at_all(lane):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    lane.upstream.script = answers(hints + hints + ok(b"final"))
    with lane.wire() as wire:
        for _ in range(2):
            response = wire.request(lane.head())
            assert (response.status, response.body) == (200, b"final")
            assert {r.status for r in response.interim} <= {103}


def test_endless_interim_responses_are_refused(lane):
    def script(connection):
        connection.read_all()
        for _ in range(20_000):
            connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        connection.send(ok(b"final"))
        connection.until_closed(3)

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head())
        response = wire.response()
        assert response.status in (200, 502)
        assert len(response.interim) <= 20_000


# Ends and beginnings.


def test_a_body_that_ends_with_the_connection_is_complete(lane):
    lane.upstream.script = once(OK + b"Content-Type: text/plain\r\n\r\nuntil the end")
    end, response = outcome(lane)
    assert (end, response.status, response.body) == ("complete", 200, b"until the end")


def test_a_client_keeps_its_connection_when_the_upstream_closes_its_own(lane):
    lane.upstream.script = once(OK + b"\r\nuntil the end")
    with lane.wire() as wire:
        for _ in range(2):
            response = wire.request(lane.head())
            assert response.body == b"until the end"
            assert response.framing == "chunked"


def test_http_1_0_upstreams_are_understood(lane):
    lane.upstream.script = once(b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nold but fine")
    with lane.wire() as wire:
        for _ in range(2):
            response = wire.request(lane.head())
            assert response.first == b"HTTP/1.1 200 OK"
            assert response.body == b"old but fine"


def test_a_connection_upstream_that_announces_its_end_is_not_used_again(lane):
    lane.upstream.script = lambda connection: (
        connection.read_all(),
        connection.send(ok(b"bye", b"Connection: close")),
        connection.until_closed(5),
    )
    with lane.wire() as wire:
        for _ in range(3):
            response = wire.request(lane.head())
            assert (response.status, response.body) == (200, b"bye")
            assert (response.get("connection") or "").lower() != "close"
    assert len(lane.upstream.connections) == 3


def test_equal_lengths_given_twice_are_one_length_or_refused(lane):
    """RFC 9110 section 8.6 leaves the choice; passing both on is not among the choices."""
    lane.upstream.script = once(OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")
    _, response = outcome(lane)
    assert response.status == 502 or (
        response.all("content-length") == ["5"] and response.body == b"hello"
    )


def test_an_answer_before_the_request_is_complete_is_passed_on(lane):
    def script(connection):
        connection.read_request()
        connection.send(ok(b"too much", b"Connection: close", status=b"413 Content Too Large"))
        connection.finish()
        connection.until_closed(5)

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head("POST / HTTP/1.1", "Content-Length: 1000000"))
        wire.send(b"x" * 1000)
        response = wire.response()
        assert (response.status, response.body) == (413, b"too much")


def test_an_early_answer_does_not_cut_the_upload_when_the_upstream_reads_on(lane):
    """The upstream answers at once and still wants the body: both ends are served."""
    total = 300_000

    def script(connection):
        request = connection.read_request()
        connection.send(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n")
        connection.read_body(request)
        connection.send(b"4\r\ndone\r\n0\r\n\r\n")
        connection.until_closed(2)

    lane.upstream.script = script
    with lane.wire() as wire:
        wire.send(lane.head("POST / HTTP/1.1", f"Content-Length: {total}"))
        wire.send(b"x" * 1000)
        deadline = time.monotonic() + 5
        while b"early" not in wire.buffer:
            wire.more(deadline)
        wire.send(b"x" * (total - 1000))
        assert wire.response().body == b"earlydone"
    assert len(lane.upstream.requests[0].body) == total


# Connections that went stale.


def stale(lane, second):
    """Serves one request a connection; the next one finds the connection closing in its face."""

    def script(connection):
        connection.read_all()
        connection.send(ok(b"number %d" % connection.index))
        if connection.index == 0:
            second(connection)
        else:
            while connection.read_all():
                connection.send(ok(b"number %d" % connection.index))

    lane.upstream.script = script


def close_unanswered(connection):
    connection.read_request()
    connection.close()


def reset_unanswered(connection):
    connection.read_request()
    connection.reset()


@pytest.mark.parametrize("end", [close_unanswered, reset_unanswered])
def test_get_on_a_stale_connection_is_sent_once_more(lane, end):
    stale(lane, end)
    with lane.wire() as wire:
        assert wire.request(lane.head()).body == b"number 0"
        response = wire.request(lane.head("GET /again HTTP/1.1"))
        assert (response.status, response.body) == (200, b"number 1")
    assert [r.target for r in lane.upstream.heads].count("/again") == 2


@pytest.mark.parametrize("end", [close_unanswered, reset_unanswered])
def test_a_post_that_cannot_be_replayed_is_not_sent_twice(lane, end):
    stale(lane, end)
    with lane.wire() as wire:
        assert wire.request(lane.head()).body == b"number 0"
        wire.send(lane.head("POST /pay HTTP/1.1", "Transfer-Encoding: chunked"))
        wire.send(b"5\r\nhello\r\n")
        response = wire.response()
        assert response.status == 503
    assert [r.target for r in lane.upstream.heads].count("/pay") == 1
    assert lane.log_entry(method="POST")["response_flags"] == "UC"


def test_a_request_is_sent_once_more_only_once(lane):
    def script(connection):
        if connection.index == 0:
            connection.read_all()
            connection.send(ok(b"first"))
        connection.read_request()
        connection.close()

    lane.upstream.script = script
    with lane.wire() as wire:
        assert wire.request(lane.head()).status == 200
        assert wire.request(lane.head("GET /again HTTP/1.1")).status == 503
    assert [r.target for r in lane.upstream.heads].count("/again") <= 2


def test_a_connection_the_upstream_closed_while_idle_costs_no_request(lane):
    closed = threading.Semaphore(0)

    def script(connection):
        connection.read_all()
        connection.send(ok(b"x"))
        connection.close()
        closed.release()

    lane.upstream.script = script
    with lane.wire() as wire:
        for n in range(20):
            assert wire.request(lane.head(f"POST /{n} HTTP/1.1", "Content-Length: 0")).status == 200
            assert closed.acquire(timeout=5)
            assert wire.is_quiet(0.02)  # lets the close arrive; the client's connection stays


def test_a_broken_account_is_impossible(lane):
    """The echo upstream is strict: whatever else these tests send arrives well-formed."""
    with lane.wire() as wire:
        for n in range(5):
            body = b"x" * n * 1000
            head = lane.head("POST / HTTP/1.1", f"Content-Length: {len(body)}")
            assert json.loads(wire.request(head + body).body)["length"] == len(body)
    assert not lane.upstream.complaints
