"""Requests that two servers could read in two ways.

Each is sent to a gateway that forwards everything to an upstream which keeps every byte. The
gateway must say 400 (or the status named), close the connection, and send the upstream nothing:
not the request, and not what hides behind it. RFC 9112 sections 2.2, 3, 5, 6 and 11.2.
"""

import itertools
import time

import pytest

from harness import resources
from harness.gateway import Gateway
from harness.upstream import Upstream
from harness.wire import Quiet

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: any.test\r\n\r\n"

_sentinels = itertools.count()


@pytest.fixture(scope="module")
def upstream():
    with Upstream("everything") as upstream:
        yield upstream


@pytest.fixture(scope="module")
def edge(tmp_path_factory, upstream):
    """One worker, so that what was sent upstream for one request arrives before the next."""
    folder = tmp_path_factory.mktemp("smuggling")
    with Gateway(folder, resources.one_upstream(upstream.port), workers=1) as gateway:
        yield gateway


@pytest.fixture
def watch(edge, upstream):
    """A function: what the upstream was sent since the test began, up to now."""
    upstream.forget()

    def since():
        path = f"/sentinel-{next(_sentinels)}"
        assert edge.get(path).status == 200, "the gateway no longer serves honest requests"
        got = bytes(upstream.received)
        sentinel = got.find(f"GET {path} HTTP/1.1\r\n".encode())
        assert sentinel >= 0, "the upstream does not see honest requests"
        return got[:sentinel]

    return since


def attack(edge, data, statuses):
    """Sends it whole; the status, after checking that the connection was closed."""
    with edge.wire() as wire:
        wire.send_if_open(data)
        try:
            response = wire.response(seconds=5)
        except Quiet:
            pytest.fail("no answer: the gateway waits for more of a request it should refuse")
        assert response.status in statuses, f"{response.first!r} {response.body[:200]!r}"
        assert (response.get("connection") or "").lower() == "close"
        assert wire.ends(), "the connection stays open after a request that was refused"
        return response


def head(*lines):
    return b"\r\n".join(lines) + b"\r\n\r\n"


def get(*fields):
    return head(b"GET / HTTP/1.1", b"Host: any.test", *fields)


def post(*fields, body=b""):
    return head(b"POST / HTTP/1.1", b"Host: any.test", *fields) + body


CHUNKED = b"Transfer-Encoding: chunked"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"

REQUEST_LINES = {
    "two spaces before the target": b"GET  / HTTP/1.1",
    "two spaces before the version": b"GET /  HTTP/1.1",
    "a tab instead of a space": b"GET\t/ HTTP/1.1",
    "a tab before the version": b"GET /\tHTTP/1.1",
    "a vertical tab instead of a space": b"GET\x0b/ HTTP/1.1",
    "a space before the method": b" GET / HTTP/1.1",
    "a space after the version": b"GET / HTTP/1.1 ",
    "a tab after the version": b"GET / HTTP/1.1\t",
    "a space inside the target": b"GET /a b HTTP/1.1",
    "no target": b"GET HTTP/1.1",
    "no target and two spaces": b"GET  HTTP/1.1",
    "only a method": b"GET",
    "a method that is no token": b"G(T / HTTP/1.1",
    "a method with an at sign": b"G@T / HTTP/1.1",
    "a method with a slash": b"G/T / HTTP/1.1",
    "a method with a control character": b"G\x01T / HTTP/1.1",
    "a method with a NUL": b"GET\x00 / HTTP/1.1",
    "a method with a high byte": b"G\xc3\xa9T / HTTP/1.1",
    "a NUL in the target": b"GET /a\x00b HTTP/1.1",
    "a control character in the target": b"GET /a\x01b HTTP/1.1",
    "an escape character in the target": b"GET /a\x1bb HTTP/1.1",
    "a DEL in the target": b"GET /a\x7fb HTTP/1.1",
    "a bare CR in the target": b"GET /a\rb HTTP/1.1",
    "a bare CR before the version": b"GET /\rHTTP/1.1",
    "a target without a slash": b"GET index.html HTTP/1.1",
    "an asterisk for GET": b"GET * HTTP/1.1",
    "an absolute target without a host": b"GET http:///path HTTP/1.1",
    "an absolute target with user information": b"GET http://user@any.test/ HTTP/1.1",
    "an absolute target with a bad port": b"GET http://any.test:port/ HTTP/1.1",
    "a query in place of a path": b"GET ?a=b HTTP/1.1",
}

VERSIONS = {
    "lower case": b"GET / http/1.1",
    "no slash": b"GET / HTTP1.1",
    "no minor version": b"GET / HTTP/1",
    "an empty minor version": b"GET / HTTP/1.",
    "two digits of minor version": b"GET / HTTP/1.10",
    "two digits of major version": b"GET / HTTP/01.1",
    "1.2": b"GET / HTTP/1.2",
    "2.0": b"GET / HTTP/2.0",
    "3.0": b"GET / HTTP/3.0",
    "another protocol": b"GET / RTSP/1.0",
    "a sign": b"GET / HTTP/+1.1",
    "a comma": b"GET / HTTP/1,1",
    "a letter": b"GET / HTTP/1.x",
}

HOSTS = {
    "none": [],
    "two": [b"Host: any.test", b"Host: other.test"],
    "two equal": [b"Host: any.test", b"Host: any.test"],
    "two that differ in the case of their name": [b"Host: any.test", b"HOST: any.test"],
    "empty": [b"Host: "],
    "a list": [b"Host: any.test, other.test"],
    "a space": [b"Host: any.test other.test"],
    "a slash": [b"Host: any.test/path"],
    "a backslash": [b"Host: any.test\\path"],
    "a query": [b"Host: any.test?a"],
    "a fragment": [b"Host: any.test#a"],
    "user information": [b"Host: user@any.test"],
    "a port that is no number": [b"Host: any.test:http"],
    "a port too large": [b"Host: any.test:65536"],
    "a negative port": [b"Host: any.test:-1"],
    "two ports": [b"Host: any.test:80:80"],
    "an open bracket": [b"Host: [::1"],
    "a closing bracket alone": [b"Host: ::1]"],
    "junk after a bracket": [b"Host: [::1]x"],
    "an empty bracket": [b"Host: []"],
    "a quote": [b'Host: any"test'],
    "an angle bracket": [b"Host: <any.test>"],
    "a control character": [b"Host: any\x01test"],
    "a high byte": [b"Host: any\xfftest"],
    "a broken escape": [b"Host: any%zztest"],
}

FIELDS = {
    "a space before the colon": b"X-A : b",
    "a tab before the colon": b"X-A\t: b",
    "an empty name": b": b",
    "no colon": b"X-A",
    "only a space": b" ",
    "a space inside the name": b"X A: b",
    "a NUL in the name": b"X-\x00A: b",
    "a control character in the name": b"X-\x01A: b",
    "a DEL in the name": b"X-\x7fA: b",
    "a high byte in the name": b"X-\xe9: b",
    "a parenthesis in the name": b"X(A): b",
    "a quote in the name": b'X"A: b',
    "an at sign in the name": b"X@A: b",
    "a bracket in the name": b"X[A]: b",
    "a slash in the name": b"X/A: b",
    "a brace in the name": b"X{A}: b",
    "a NUL in the value": b"X-A: b\x00c",
    "a control character in the value": b"X-A: b\x01c",
    "a backspace in the value": b"X-A: b\x08c",
    "a vertical tab in the value": b"X-A: b\x0bc",
    "a form feed in the value": b"X-A: b\x0cc",
    "an escape character in the value": b"X-A: b\x1bc",
    "a DEL in the value": b"X-A: b\x7fc",
    "a bare CR in the value": b"X-A: b\rc",
    "a bare CR and a field behind it": b"X-A: b\rTransfer-Encoding: chunked",
    "a bare LF and a field behind it": b"X-A: b\nTransfer-Encoding: chunked",
    "a bare CR at the end of the value": b"X-A: b\r",
    "a line folded by a space": b"X-A: b\r\n c",
    "a line folded by a tab": b"X-A: b\r\n\tc",
    "a folded Transfer-Encoding": b"Transfer-Encoding:\r\n chunked",
    "a folded Content-Length": b"Content-Length:\r\n 5",
}

LENGTHS = {
    "two different lengths": [b"Content-Length: 5", b"Content-Length: 6"],
    "two equal lengths": [b"Content-Length: 5", b"Content-Length: 5"],
    "a list of equal lengths": [b"Content-Length: 5, 5"],
    "a list of different lengths": [b"Content-Length: 5, 6"],
    "a list with an empty member": [b"Content-Length: 5,"],
    "a plus sign": [b"Content-Length: +5"],
    "a minus sign": [b"Content-Length: -5"],
    "minus zero": [b"Content-Length: -0"],
    "hexadecimal": [b"Content-Length: 0x5"],
    "a letter behind the digits": [b"Content-Length: 5a"],
    "a fraction": [b"Content-Length: 5.0"],
    "an exponent": [b"Content-Length: 5e0"],
    "a space inside": [b"Content-Length: 5 5"],
    "a vertical tab before the digits": [b"Content-Length: \x0b5"],
    "nothing": [b"Content-Length:"],
    "a word": [b"Content-Length: five"],
    "quotes": [b'Content-Length: "5"'],
    "an underscore between digits": [b"Content-Length: 1_0"],
    "digits of another script": ["Content-Length: \u0665".encode()],
    "2 to the power of 63": [b"Content-Length: 9223372036854775808"],
    "2 to the power of 64 and five": [b"Content-Length: 18446744073709551621"],
    "forty digits": [b"Content-Length: " + b"9" * 40],
    "a length for chunked": [CHUNKED, b"Content-Length: 5"],
    "chunked after a length": [b"Content-Length: 5", CHUNKED],
    "chunked after length zero": [b"Content-Length: 0", CHUNKED],
    "a space before the colon of the length": [b"Content-Length : 5"],
    "a space before the colon of chunked": [b"Transfer-Encoding : chunked"],
}

CODINGS = {
    "chunked twice in one line": b"Transfer-Encoding: chunked, chunked",
    "chunked twice in two lines": CHUNKED + b"\r\n" + CHUNKED,
    "chunked, then identity": b"Transfer-Encoding: chunked, identity",
    "identity, then chunked": b"Transfer-Encoding: identity, chunked",
    "identity": b"Transfer-Encoding: identity",
    "two lines, identity last": CHUNKED + b"\r\nTransfer-Encoding: identity",
    "xchunked": b"Transfer-Encoding: xchunked",
    "chunkedx": b"Transfer-Encoding: chunkedx",
    "chunked with a parameter": b"Transfer-Encoding: chunked;q=1",
    "quoted": b'Transfer-Encoding: "chunked"',
    "empty": b"Transfer-Encoding:",
    "a comma alone": b"Transfer-Encoding: ,",
    "a comma before": b"Transfer-Encoding: ,chunked",
    "a vertical tab before": b"Transfer-Encoding: \x0bchunked",
    "a form feed after": b"Transfer-Encoding: chunked\x0c",
    "a NUL after": b"Transfer-Encoding: chunked\x00",
    "a long s": "Transfer-Encoding: chun\u212aed".encode(),
    "gzip": b"Transfer-Encoding: gzip",
    "gzip, then chunked": b"Transfer-Encoding: gzip, chunked",
    "chunked, then gzip": b"Transfer-Encoding: chunked, gzip",
}

CHUNKS = {
    "a plus sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "a minus sign": b"-5\r\nhello\r\n0\r\n\r\n",
    "hexadecimal prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a space before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "a tab before the size": b"\t5\r\nhello\r\n0\r\n\r\n",
    "a space after the size": b"5 \r\nhello\r\n0\r\n\r\n",
    "an underscore in the size": b"0_5\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "a letter that is no digit": b"g\r\nhello\r\n0\r\n\r\n",
    "an extension without a size": b";a=b\r\nhello\r\n0\r\n\r\n",
    "17 digits": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "2 to the power of 64 less one": b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "2 to the power of 63": b"8000000000000000\r\nhello\r\n0\r\n\r\n",
    "a size line that ends in LF": b"5\nhello\r\n0\r\n\r\n",
    "a size line that ends in CR": b"5\rhello\r\n0\r\n\r\n",
    "a bare CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "a bare LF in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "a NUL in an extension": b"5;a\x00b\r\nhello\r\n0\r\n\r\n",
    "an extension without a semicolon": b"5 a=b\r\nhello\r\n0\r\n\r\n",
    "an endless extension": b"5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
    "data without CRLF": b"5\r\nhello0\r\n\r\n",
    "data that ends in LF": b"5\r\nhello\n0\r\n\r\n",
    "data that ends in CR": b"5\r\nhello\r0\r\n\r\n",
    "data longer than its size": b"4\r\nhello\r\n0\r\n\r\n",
    "CRLF doubled after data": b"5\r\nhello\r\n\r\n0\r\n\r\n",
    "an end that is LF": b"5\r\nhello\r\n0\n\n" + b"x",
    "a trailer without a colon": b"5\r\nhello\r\n0\r\nX-A\r\n\r\n",
    "a trailer with a space before the colon": b"5\r\nhello\r\n0\r\nX-A : b\r\n\r\n",
    "a folded trailer": b"5\r\nhello\r\n0\r\nX-A: b\r\n c\r\n\r\n",
    "a trailer with a NUL": b"5\r\nhello\r\n0\r\nX-A: b\x00\r\n\r\n",
    "a trailer with a bare CR": b"5\r\nhello\r\n0\r\nX-A: b\rc\r\n\r\n",
    "a trailer with a bare LF": b"5\r\nhello\r\n0\r\nX-A: b\nX-B: c\r\n\r\n",
    "an endless trailer": b"5\r\nhello\r\n0\r\nX-A: " + b"a" * 200_000 + b"\r\n\r\n",
}


def cases(table):
    return [pytest.param(value, id=name) for name, value in table.items()]


@pytest.mark.parametrize("line", cases(REQUEST_LINES))
def test_a_request_line_is_refused_for(edge, watch, line):
    attack(edge, head(line, b"Host: any.test") + HIDDEN, {400})
    assert watch() == b""


@pytest.mark.parametrize("line", cases(VERSIONS))
def test_a_version_is_refused_for(edge, watch, line):
    attack(edge, head(line, b"Host: any.test") + HIDDEN, {400, 426, 505})
    assert watch() == b""


@pytest.mark.parametrize("fields", cases(HOSTS))
def test_a_host_is_refused_for(edge, watch, fields):
    attack(edge, head(b"GET / HTTP/1.1", *fields) + HIDDEN, {400})
    assert watch() == b""


@pytest.mark.parametrize("line", cases(FIELDS))
def test_a_field_is_refused_for(edge, watch, line):
    attack(edge, post(line, b"X-Last: 1", body=b"hello") + HIDDEN, {400})
    assert watch() == b""


@pytest.mark.parametrize("line", cases(FIELDS))
def test_a_field_right_after_the_request_line_is_refused_for(edge, watch, line):
    attack(edge, head(b"GET / HTTP/1.1", line, b"Host: any.test") + HIDDEN, {400})
    assert watch() == b""


@pytest.mark.parametrize("fields", cases(LENGTHS))
def test_a_length_is_refused_for(edge, watch, fields):
    attack(edge, post(*fields, body=HELLO) + HIDDEN, {400})
    assert watch() == b""


@pytest.mark.parametrize("line", cases(CODINGS))
def test_a_transfer_coding_is_refused_for(edge, watch, line):
    attack(edge, post(line, body=HELLO) + HIDDEN, {400, 501})
    assert watch() == b""


@pytest.mark.parametrize("body", cases(CHUNKS))
def test_a_chunked_body_is_refused_for(edge, upstream, watch, body):
    """The head is honest and may be on its way when the body turns out bad; then the upstream
    must see a request without an end, and nothing of what follows the bad place."""
    complete = len(upstream.requests)
    attack(edge, post(CHUNKED, body=body) + HIDDEN, {400, 413, 431})
    upstream_got = watch()
    assert len(upstream.requests) == complete + 1, "the upstream saw a complete bad request"
    assert b"hidden" not in upstream_got
    assert b"0\r\n\r\n" not in upstream_got


def test_lines_that_end_in_bare_lf_are_refused(edge, watch):
    attack(edge, b"GET / HTTP/1.1\nHost: any.test\n\n" + HIDDEN, {400})
    assert watch() == b""


def test_a_request_line_that_ends_in_bare_lf_is_refused(edge, watch):
    attack(edge, b"GET / HTTP/1.1\nHost: any.test\r\n\r\n" + HIDDEN, {400})
    assert watch() == b""


def test_a_head_that_ends_in_bare_lf_is_refused(edge, watch):
    attack(edge, b"GET / HTTP/1.1\r\nHost: any.test\r\n\n" + HIDDEN, {400})
    assert watch() == b""


def test_a_head_that_ends_in_two_bare_cr_is_refused(edge, watch):
    attack(edge, b"GET / HTTP/1.1\r\nHost: any.test\r\r\n\r\n" + HIDDEN, {400})
    assert watch() == b""


def test_a_nul_escaped_in_the_path_is_refused(edge, watch):
    """Framing is in order, so the connection may live; the path must not reach anybody."""
    response = edge.get("/a%00b")
    assert (response.status, response.body) == (400, b"")
    assert watch() == b""


def test_http_0_9_is_refused(edge, watch):
    attack(edge, b"GET /\r\n\r\n", {400, 426})
    assert watch() == b""


def test_http_1_0_with_chunked_is_refused(edge, watch):
    attack(
        edge,
        head(b"POST / HTTP/1.0", b"Host: any.test", CHUNKED) + HELLO + HIDDEN,
        {400, 426},
    )
    assert watch() == b""


def test_the_preface_of_http_2_is_not_a_request(edge, watch):
    """The gateway speaks HTTP/2 from there, beginning with SETTINGS; test_http2.py goes on."""
    with edge.wire() as wire:
        wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        assert wire.more(time.monotonic() + 5)
        assert wire.buffer[3] == 4
    assert watch() == b""


def test_a_tls_hello_is_not_forwarded(edge, watch):
    """TLS on the plain port: any answer is fine but none may reach the upstream."""
    with edge.wire() as wire:
        wire.send_if_open(bytes.fromhex("1603010200010001fc0303") + b"\0" * 506)
        try:
            wire.response(seconds=5)
        except Exception:  # a close without an answer is fine too
            pass
        assert wire.ends()
    assert watch() == b""


def test_connect_opens_no_tunnel(edge, watch):
    with edge.wire() as wire:
        wire.send(head(b"CONNECT any.test:80 HTTP/1.1", b"Host: any.test:80"))
        assert wire.response(seconds=5).status >= 400
        wire.send_if_open(HIDDEN)
    assert b"hidden" not in watch()


def test_a_host_that_differs_from_an_absolute_target_is_ignored(edge, upstream, watch):
    """RFC 9112 section 3.2.2: the target's authority wins and Host is replaced."""
    with edge.wire() as wire:
        response = wire.request(
            head(b"GET http://target.test/path HTTP/1.1", b"Host: field.test")
        )
        assert response.status == 200
    assert b"field.test" not in watch()
    request = next(r for r in reversed(upstream.requests) if r.target.endswith("/path"))
    assert request.all("host") == ["target.test"]


@pytest.mark.parametrize(
    "name", ["Content-Length", "Transfer-Encoding", "Host", "Connection", "Content-Encoding"]
)
def test_a_trailer_cannot_carry(edge, upstream, name):
    """RFC 9110 section 6.5.1: framing, routing and content fields are no trailers. Refused, or
    dropped on the way; never passed on."""
    before = len(upstream.requests)
    body = b"5\r\nhello\r\n0\r\n" + name.encode() + b": chunked\r\nX-Fine: 1\r\n\r\n"
    with edge.wire() as wire:
        wire.send(post(CHUNKED, body=body))
        response = wire.response(seconds=5)
    assert response.status in (200, 400)
    for request in upstream.requests[before:]:
        assert name.lower().encode() not in [n.lower() for n, _ in request.trailers]


# What must not be refused: without these a gateway that says 400 to everything would pass.


@pytest.mark.parametrize(
    "data",
    cases(
        {
            "an empty line before the request": b"\r\n" + get(),
            "an underscore in a field name": get(b"X_A: b"),
            "every character of a token": get(b"!#$%&'*+-.^_`|~09AZaz: b"),
            "no space after the colon": get(b"X-A:b"),
            "tabs around a value": get(b"X-A:\t b \t"),
            "an empty value": get(b"X-A:"),
            "a value with high bytes": get(b"X-A: \xc3\xa9\xff"),
            "a value with a tab inside": get(b"X-A: b\tc"),
            "chunked in capitals": post(b"Transfer-Encoding: CHUNKED", body=HELLO),
            "chunk sizes in capitals": post(CHUNKED, body=b"A\r\n0123456789\r\n0\r\n\r\n"),
            "chunk sizes with zeros": post(CHUNKED, body=b"0005\r\nhello\r\n000\r\n\r\n"),
            "a chunk extension": post(CHUNKED, body=b'5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n'),
            "length zero": post(b"Content-Length: 0"),
            "a length with zeros before it": post(b"Content-Length: 005", body=b"hello"),
            "a body without a length": post(),
            "a body with GET": head(b"GET / HTTP/1.1", b"Host: a", b"Content-Length: 1") + b"x",
            "a method nobody knows": head(b"BREW / HTTP/1.1", b"Host: any.test"),
            "a host with a port": head(b"GET / HTTP/1.1", b"Host: any.test:8080"),
            "a host in brackets": head(b"GET / HTTP/1.1", b"Host: [::1]:8080"),
            "an IPv4 host": head(b"GET / HTTP/1.1", b"Host: 192.0.2.1"),
            "a host in capitals": head(b"GET / HTTP/1.1", b"HOST: ANY.TEST"),
            "an absolute target": head(b"GET http://any.test/a?b HTTP/1.1", b"Host: any.test"),
            "a target with every allowed character": head(
                b"GET /-._~!$&'()*+,;=:@%41?/?-._~!$&'()*+,;=:@ HTTP/1.1", b"Host: any.test"
            ),
        }
    ),
)
def test_an_honest_request_passes_with(edge, data):
    with edge.wire() as wire:
        response = wire.request(data)
        assert response.status == 200
        assert wire.request(get()).status == 200, "the connection does not serve a second one"


# Limits.


def test_a_field_of_a_million_bytes_is_431(edge, watch):
    attack(edge, get(b"X-Long: " + b"a" * 1_000_000), {431})
    assert watch() == b""


def test_ten_thousand_fields_are_431(edge, watch):
    attack(edge, get(*[b"X-%d: 1" % n for n in range(10_000)]), {431})
    assert watch() == b""


def test_many_short_fields_are_431(edge, watch):
    """They fit into the bytes allowed; the count is limited too."""
    attack(edge, get(*[b"A:"] * 5_000), {431})
    assert watch() == b""


def test_a_target_of_a_million_bytes_is_414(edge, watch):
    attack(edge, head(b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1", b"Host: any.test"), {414, 431})
    assert watch() == b""


def test_a_method_of_a_million_bytes_is_refused(edge, watch):
    attack(edge, b"G" * 1_000_000, {400, 414, 431, 501})
    assert watch() == b""


def test_a_million_empty_lines_are_refused(edge, watch):
    """One empty line before a request is forgiven, a stream of them is not a request."""
    attack(edge, b"\r\n" * 500_000, {400, 431})
    assert watch() == b""


def test_a_head_of_20_kb_passes(edge):
    assert edge.get("/", fields=["X-Long: " + "a" * 20_000]).status == 200


def test_a_target_of_8000_bytes_passes(edge):
    """RFC 9110 section 4.1 asks for at least 8000."""
    assert edge.get("/" + "a" * 7_980).status == 200
