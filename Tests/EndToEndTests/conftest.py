"""What the tests share: one gateway with many lanes, and upstreams.

Most tests look at one request on its way through. Starting a process for each would be slow and
sharing an upstream would let one test's connections serve another, so one gateway is started with
many lanes: each a host name, a cluster and an upstream of its own, used once and thrown away.
Tests that change the gateway's state start their own.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import resources  # noqa: E402
from harness.binary import PROJECT, NoBinary, binary  # noqa: E402
from harness.gateway import Gateway  # noqa: E402
from harness.httpbin import Httpbin  # noqa: E402
from harness.upstream import Upstream, echo  # noqa: E402

LANES = 700


class Lane:
    """A host on the shared gateway and the upstream behind it."""

    def __init__(self, gateway, number, upstream):
        self.gateway = gateway
        self.host = f"lane{number}.test"
        self.cluster = f"outbound|80||{self.host}"
        self.upstream = upstream

    def wire(self, seconds=10.0):
        return self.gateway.wire(seconds=seconds)

    def head(self, line="GET / HTTP/1.1", *fields):
        """A request head with this lane's Host."""
        lines = [line, f"Host: {self.host}", *fields]
        return "".join(part + "\r\n" for part in lines).encode("latin-1") + b"\r\n"

    def get(self, path="/", *fields, method="GET", seconds=10.0):
        with self.wire(seconds) as wire:
            return wire.request(self.head(f"{method} {path} HTTP/1.1", *fields), method)

    def log_entry(self, **wanted):
        return self.gateway.log_entry(authority=self.host, **wanted)

    def curl_arguments(self, path="/"):
        port = self.gateway.port()
        return ["--resolve", f"{self.host}:{port}:127.0.0.1", f"http://{self.host}:{port}{path}"]


class Lanes:
    def __init__(self, folder):
        self.upstreams = [Upstream(f"lane{n}") for n in range(LANES)]
        objects = [resources.gateway()]
        for n, upstream in enumerate(self.upstreams):
            host = f"lane{n}.test"
            objects.append(resources.service_entry(host, upstream.port))
            rule = resources.rule(host)
            objects.append(resources.virtual_service(f"lane{n}", rule, hosts=[host]))
        self.gateway = Gateway(folder, objects)
        self.used = 0

    def take(self):
        assert self.used < LANES, "out of lanes: raise LANES in conftest.py"
        lane = Lane(self.gateway, self.used, self.upstreams[self.used])
        self.used += 1
        return lane


def pytest_sessionstart(session):
    if session.config.option.collectonly:
        return
    try:
        print(f"testing {binary()}")
    except NoBinary as missing:
        if not os.environ.get("ISTHMUS_FIXTURES_ONLY"):
            pytest.exit(str(missing), returncode=3)


@pytest.fixture(scope="session")
def lanes(tmp_path_factory):
    lanes = Lanes(tmp_path_factory.mktemp("lanes"))
    with lanes.gateway:
        yield lanes
    for upstream in lanes.upstreams:
        upstream.stop()


@pytest.fixture
def lane(lanes):
    """A fresh host with an echo upstream; a test may give the upstream another script."""
    lane = lanes.take()
    lane.upstream.start()
    yield lane
    lane.upstream.stop()
    assert lanes.gateway.child.code is None, lanes.gateway.child.tail()


@pytest.fixture
def dead_lane(lanes):
    """A fresh host whose upstream refuses connections."""
    lane = lanes.take()
    lane.upstream.stop()
    return lane


@pytest.fixture
def upstream():
    """An upstream with the echo script, for tests with a gateway of their own."""
    with Upstream(script=echo) as upstream:
        yield upstream


@pytest.fixture(scope="session")
def httpbin(tmp_path_factory):
    with Httpbin(tmp_path_factory.mktemp("httpbin")) as server:
        yield server


@pytest.fixture(scope="session")
def samples():
    """Istio's samples; ISTHMUS_SAMPLES, else ../shared/samples beside the checkout."""
    named = os.environ.get("ISTHMUS_SAMPLES")
    folder = Path(named) if named else PROJECT.parent / "shared/samples"
    if not (folder / "bookinfo/networking").is_dir():
        pytest.skip(f"Istio's samples are not at {folder}; set ISTHMUS_SAMPLES to test them")
    return folder


@pytest.fixture
def started(tmp_path):
    """Starts gateways that live as long as the test, and stops them in order."""
    running = []

    def start(*objects, **options):
        name = options.pop("name", f"gateway{len(running)}")
        gateway = Gateway(tmp_path, objects, name=name, **options).start()
        running.append(gateway)
        return gateway

    yield start
    failures = []
    for gateway in running:
        try:
            gateway.stop()
        except AssertionError as failure:
            failures.append(failure)
    for failure in failures:
        raise failure
