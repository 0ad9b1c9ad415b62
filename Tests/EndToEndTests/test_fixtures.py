"""The fixtures themselves, against nginx: a strict client that accepts anything proves nothing.

These need no gateway. They say which side is wrong when everything else is red.
"""

import json

import pytest

from harness import accesslog, exposition
from harness.nginx import Nginx
from harness.upstream import Upstream, echo, ok, once
from harness.wire import CutShort, Malformed, Wire

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """nginx as a proxy before an echo upstream, and as a server of its own."""
    with Upstream("echo", echo) as upstream:
        proxy = (
            f"location / {{ proxy_pass http://127.0.0.1:{upstream.port}; "
            "proxy_http_version 1.1; proxy_set_header Connection ''; }"
        )
        own = 'location / { return 200 "nginx"; }'
        with Nginx(tmp_path_factory.mktemp("fixtures"), proxy, own) as nginx:
            nginx.upstream = upstream
            yield nginx


def test_the_client_reads_what_nginx_answers(nginx):
    with Wire(nginx.ports[1]) as wire:
        for _ in range(3):
            assert wire.request(GET).body == b"nginx"


def test_the_client_reads_pipelined_answers(nginx):
    with Wire(nginx.ports[1]) as wire:
        wire.send(GET * 20)
        assert [wire.response().body for _ in range(20)] == [b"nginx"] * 20


def test_the_upstream_understands_what_nginx_forwards(nginx):
    with Wire(nginx.ports[0]) as wire:
        wire.send(b"POST /a?b HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello")
        seen = json.loads(wire.response().body)
    assert (seen["target"], seen["body"]) == ("/a?b", "hello")
    assert not nginx.upstream.complaints


def test_the_client_sees_nginx_refuse_an_attack(nginx):
    before = nginx.upstream.received_bytes
    with Wire(nginx.ports[0]) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n")
        assert wire.response().status == 400
        assert wire.ends()
    assert nginx.upstream.received_bytes == before


def straight(data, method="GET"):
    """What the client makes of these bytes."""
    with Upstream("raw", once(data)) as upstream, Wire(upstream.port, seconds=3) as wire:
        wire.send(GET.replace(b"GET", method.encode()))
        return wire.response(method)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        OK,
        OK + b"Content-Length: 10\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ],
)
def test_the_client_sees_that_a_response_is_cut(data):
    with pytest.raises(CutShort):
        straight(data)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/2 200 OK\r\n\r\n",
        OK + b"X-A : b\r\n\r\n",
        OK + b"X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_the_client_refuses_what_is_malformed(data):
    with pytest.raises(Malformed):
        straight(data)


def test_the_client_notices_bytes_too_many():
    with Upstream("raw", once(ok(b"x") + b"more")) as upstream, Wire(upstream.port) as wire:
        wire.send(GET)
        wire.response()
        with pytest.raises(Malformed):
            wire.ends()


def test_the_upstream_complains_of_what_is_malformed():
    with Upstream("strict") as upstream, Wire(upstream.port) as wire:
        wire.send(b"GET / HTTP/1.1\r\nX-A : b\r\n\r\n")
        assert wire.ends()
        assert upstream.complaints and not upstream.requests


def test_the_upstream_remembers_every_byte():
    with Upstream("memory") as upstream, Wire(upstream.port) as wire:
        wire.request(GET)
        assert bytes(upstream.received) == GET


def test_the_access_log_reader_reads_istios_example():
    line = (
        '[2023-07-05T10:00:00.123Z] "GET /v1/status HTTP/1.1" 503 UC '
        'upstream_reset_before_response_started{connection_termination} - "-" 0 95 0 - '
        '"10.90.16.220" "curl/8" "3a7c" "health.abc.com" "10.80.47.192:8181" '
        "outbound|80||health-api.production.svc.cluster.local 10.80.45.233:37132 "
        "10.80.45.233:80 10.80.46.220:59375 - -"
    )
    entry = accesslog.parse(line)
    assert (entry["response_flags"], entry["route_name"]) == ("UC", "-")
    with pytest.raises(AssertionError):
        accesslog.parse(line.replace('"curl/8"', '"curl/8" 200 "x"'))


@pytest.mark.parametrize(
    "text",
    [
        'a{b="c"} 1',
        'a{b="c"} 1\na{b="c"} 2\n',
        "a 1\nb 1\na 2\n",
        'a{b="c",b="d"} 1\n',
        "# TYPE a counter\na -1\n",
        '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
        '# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n',
        "a b\n",
    ],
)
def test_the_reader_of_metrics_refuses(text):
    with pytest.raises((AssertionError, ValueError)):
        exposition.parse(text)


def test_the_reader_of_metrics_reads():
    families = exposition.parse(
        "# HELP a What a is.\n# TYPE a counter\n"
        'a{b="c \\"d\\" \\\\ \\n"} 3\n'
        '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 9\nh_count 2\n'
    )
    assert exposition.values(families, "a", b='c "d" \\ \n') == [3]
    assert exposition.values(families, "h_count") == [2]
