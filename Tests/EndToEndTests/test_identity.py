"""Proxies that get and renew their own certificate from `isthmus ca serve`."""

import json
import signal
import stat

import pytest

from harness import resources
from harness.binary import isthmus
from harness.certificateservice import CertificateService
from harness.exposition import parse, values
from harness.gateway import Gateway
from harness.waiting import wait_for

ACCOUNT = "istio-ingressgateway-service-account"
IDENTITY = f"spiffe://cluster.local/ns/istio-system/sa/{ACCOUNT}"


@pytest.fixture
def service(tmp_path):
    service = CertificateService(tmp_path)
    service.start()
    yield service
    service.stop()


class Proxy(Gateway):
    """A gateway whose identity comes from an authority."""

    def __init__(self, folder, service, token, name="gateway", keep=True):
        self.kept = folder / f"{name}-identity"
        self.token_file = folder / f"{name}.token"
        self.token_file.write_text(token)
        arguments = ["--ca", service.address, "--ca-root", service.certs / "root-cert.pem"]
        arguments += ["--token-file", self.token_file]
        if keep:
            arguments += ["--identity", self.kept]
        super().__init__(folder, [resources.gateway()], name=name, arguments=arguments)

    def metric(self, name):
        found = values(parse(self.metrics().text), name)
        assert found, f"no {name}"
        return found[0]


def token(service):
    return service.token(ACCOUNT, "-n", "istio-system")


def workloads(service):
    entries = json.loads(service.ca("list", "-o", "json").out)
    return [entry for entry in entries if entry["kind"] == "workload"]


def test_a_proxy_enrols_on_start_and_is_ready_with_its_identity(service, tmp_path):
    with Proxy(tmp_path, service, token(service)) as proxy:
        assert [entry["name"] for entry in workloads(service)] == [IDENTITY]
        assert proxy.metric("isthmus_identity_requests_total") == 1
        assert proxy.metric("isthmus_identity_failures_total") == 0
        assert 86000 < proxy.metric("isthmus_identity_seconds_to_expiry") <= 86400
        key = proxy.kept / "key.pem"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        run = isthmus(
            "ca", "verify", proxy.kept / "cert-chain.pem", "--dir", service.certs,
            "--identity", IDENTITY,
        )
        assert run.code == 0, run.err
        assert proxy.token_file.read_text() not in proxy.child.err


def test_a_used_token_leaves_a_proxy_unready_and_says_what_to_do(service, tmp_path):
    used = token(service)
    with Proxy(tmp_path, service, used, name="first"):
        pass
    proxy = Proxy(tmp_path, service, used, name="second")
    proxy.launch()
    wait_for(lambda: "isthmus ca token" in proxy.child.err, "advice")
    assert not proxy.is_ready()
    proxy.token_file.write_text(token(service))
    wait_for(proxy.is_ready, "readiness with a good token", 20)
    proxy.stop()


def test_a_restart_needs_no_token(service, tmp_path):
    proxy = Proxy(tmp_path, service, token(service))
    with proxy:
        before = (proxy.kept / "cert-chain.pem").read_bytes()
    again = Proxy(tmp_path, service, "used up")
    with again:
        assert (again.kept / "cert-chain.pem").read_bytes() == before
        assert again.metric("isthmus_identity_requests_total") == 0


def test_while_the_authority_is_away_a_proxy_keeps_its_identity_and_takes_a_new_one_after(
    service, tmp_path
):
    with Proxy(tmp_path, service, token(service)) as proxy:
        first = (proxy.kept / "cert-chain.pem").read_bytes()
        service.stop()
        proxy.child.send_signal(signal.SIGHUP)
        wait_for(lambda: proxy.metric("isthmus_identity_failures_total") >= 2, "failures", 20)
        assert proxy.is_ready()
        assert (proxy.kept / "cert-chain.pem").read_bytes() == first
        service.start()
        wait_for(lambda: proxy.metric("isthmus_identity_renewals_total") == 1, "a renewal", 30)
        assert (proxy.kept / "cert-chain.pem").read_bytes() != first
        assert len(workloads(service)) == 2
