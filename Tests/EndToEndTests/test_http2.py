"""HTTP/2 in the clear, as gRPC clients inside a network speak it (RFC 9113 section 3.3)."""

import hashlib
import json
import os
import subprocess

import pytest

from harness import resources as r
from harness.binary import curl
from harness.gateway import Gateway
from harness.upstream import Upstream, answers, echo, once, ok

PRIOR = "--http2-prior-knowledge"


@pytest.fixture(scope="module")
def upstream():
    with Upstream("h1", echo) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def edge(tmp_path_factory, upstream):
    objects = [
        r.gateway(port=80, protocol="HTTP2"),
        r.service_entry("b.test", upstream.port),
        r.virtual_service("all", r.rule("b.test"), hosts=["h2.test", "127.0.0.1"]),
    ]
    with Gateway(tmp_path_factory.mktemp("h2"), objects) as gateway:
        yield gateway


def fetch(edge, path="/", *arguments):
    """curl over HTTP/2: (status, version, body)."""
    told = ["-w", "\n%{http_code} %{http_version}"]
    run = curl(PRIOR, *told, *arguments, edge.url(path))
    assert run.code == 0, run.err
    body, _, last = run.out.rpartition("\n")
    status, version = last.split()
    assert version == "2"
    return int(status), body


def test_a_request_is_served(edge):
    status, body = fetch(edge, "/a/b?c=d")
    seen = json.loads(body)
    assert (status, seen["method"], seen["target"]) == (200, "GET", "/a/b?c=d")


def test_the_authority_becomes_the_host(edge):
    _, body = fetch(edge, "/", "-H", "Host: h2.test")
    seen = {n.lower(): v for n, v in json.loads(body)["headers"]}
    assert seen["host"] == "h2.test"
    assert seen["x-forwarded-proto"] == "http"
    assert "x-request-id" in seen


def test_http_1_is_served_on_the_same_port(edge):
    assert edge.get(host="h2.test").status == 200


def test_a_body_goes_up(edge, tmp_path):
    file = tmp_path / "upload"
    file.write_bytes(os.urandom(3_000_000))
    status, body = fetch(edge, "/up", "-T", file)
    assert status == 200
    assert json.loads(body)["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_body_comes_down(tmp_path):
    data = os.urandom(1 << 20) * 8
    with Upstream("big", answers(ok(data))) as upstream:
        objects = r.one_upstream(upstream.port)
        with Gateway(tmp_path, objects) as gateway:
            file = tmp_path / "download"
            run = curl(PRIOR, "-o", file, gateway.url())
            assert run.code == 0, run.err
            assert file.read_bytes() == data


def test_head_and_204_have_no_body(edge):
    run = curl(PRIOR, "-I", edge.url())
    assert run.code == 0 and run.out.startswith("HTTP/2 200"), run.err


def test_a_host_nobody_serves_is_404(edge):
    status, body = fetch(edge, "/", "-H", "Host: nobody.test")
    assert (status, body) == (404, "")


def test_many_streams_share_a_connection(edge, upstream):
    urls = [edge.url(f"/stream/{n}") for n in range(100)]
    arguments = [part for url in urls for part in ("-o", "/dev/null", url)]
    run = curl(PRIOR, "--parallel", "--parallel-max", 50, "-w", "%{http_code}\n", *arguments)
    assert run.code == 0, run.err
    assert run.out.split() == ["200"] * 100


def test_a_response_cut_short_upstream_is_a_reset_stream(tmp_path):
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
    with Upstream("cut", once(data)) as upstream:
        with Gateway(tmp_path, r.one_upstream(upstream.port)) as gateway:
            run = curl(PRIOR, "-w", "%{http_code}", gateway.url())
            assert run.code in (18, 56, 92) or run.out.endswith(("502", "503")), (run.code, run.out)


def test_a_broken_response_is_a_502(tmp_path):
    with Upstream("junk", once(b"junk\r\n\r\n")) as upstream:
        with Gateway(tmp_path, r.one_upstream(upstream.port)) as gateway:
            assert fetch(gateway)[0] == 502


def test_the_log_tells_the_version(edge):
    fetch(edge, "/logged-2", "-H", "Host: h2.test")
    assert edge.log_entry(path="/logged-2")["protocol"] == "HTTP/2"


def test_the_preface_and_garbage_do_not_hurt(edge):
    with edge.wire() as wire:
        wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1000)
        wire.sock.settimeout(5)
        try:
            while wire.sock.recv(1000):
                pass
        except ConnectionResetError:
            pass
    assert fetch(edge)[0] == 200


def test_a_client_that_gives_up_does_no_harm(edge):
    """curl closes in the middle; the gateway lives on."""
    command = ["curl", "-s", "--max-time", "1", PRIOR, "--limit-rate", "10", edge.url()]
    subprocess.run(command, capture_output=True, timeout=10)
    assert fetch(edge)[0] == 200
