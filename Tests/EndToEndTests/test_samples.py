"""Istio's own samples load as they are, and serve."""

import pytest

from harness import resources as r
from harness.binary import isthmus
from harness.gateway import Gateway
from harness.waiting import wait_for


def files(folder, *patterns):
    found = sorted(f for pattern in patterns for f in folder.glob(pattern))
    assert found, f"no sample in {folder}"
    return found


def test_every_networking_sample_of_bookinfo_is_valid(samples):
    for file in files(samples / "bookinfo/networking", "*.yaml"):
        run = isthmus("validate", "-f", file)
        assert run.code == 0, run.out + run.err


@pytest.mark.parametrize(
    "folder, pattern",
    [
        ("bookinfo/platform/kube", "bookinfo.yaml"),
        ("httpbin", "*.yaml"),
        ("tcp-echo", "*.yaml"),
        ("helloworld", "helloworld*.yaml"),
    ],
)
def test_the_samples_of_a_folder_are_valid(samples, folder, pattern):
    for file in files(samples / folder, pattern):
        run = isthmus("validate", "-f", file)
        assert run.code == 0, run.out + run.err


def test_bookinfo_with_its_gateway_is_served(samples, started, upstream):
    gateway = started(r.endpoint_slice("productpage", upstream.port), ports=(8080,))
    gateway.copy(
        samples / "bookinfo/platform/kube/bookinfo.yaml",
        samples / "bookinfo/networking/bookinfo-gateway.yaml",
        samples / "bookinfo/networking/destination-rule-all.yaml",
    )

    def served():
        try:
            return gateway.get("/productpage", number=8080).status == 200
        except ConnectionRefusedError:
            return False

    wait_for(served, "the sample to be live")
    assert gateway.get("/other", number=8080).status == 404


def test_httpbin_with_its_gateway_is_served(samples, started, httpbin):
    gateway = started(r.endpoint_slice("httpbin", httpbin.port))
    gateway.copy(samples / "httpbin/httpbin.yaml", samples / "httpbin/httpbin-gateway.yaml")

    def served():
        try:
            return gateway.get("/status/201").status == 201
        except ConnectionRefusedError:
            return False

    wait_for(served, "the sample to be live")


@pytest.fixture(scope="module")
def through(tmp_path_factory, httpbin):
    folder = tmp_path_factory.mktemp("httpbin-edge")
    with Gateway(folder, r.one_upstream(httpbin.port)) as gateway:
        yield gateway


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_httpbin_gets_every_method(through, method):
    response = through.get(f"/{method.lower()}?a=b", method=method)
    assert response.status == 200
    assert b'"a": "b"' in response.body


@pytest.mark.parametrize("status", [200, 204, 301, 304, 400, 404, 418, 500, 503])
def test_httpbin_answers_with_every_status(through, status):
    assert through.get(f"/status/{status}").status == status


@pytest.mark.parametrize(
    "path, size", [("/bytes/100000", 100_000), ("/stream-bytes/100000?chunk_size=777", 100_000)]
)
def test_httpbin_streams(through, path, size):
    assert len(through.get(path).body) == size


def test_httpbin_drips(through):
    assert through.get("/drip?duration=0.5&numbytes=10&delay=0").body == b"*" * 10


def test_httpbin_compresses(through):
    response = through.get("/gzip", fields=["Accept-Encoding: gzip"])
    assert response.get("content-encoding") == "gzip"
    assert response.body.startswith(b"\x1f\x8b")
