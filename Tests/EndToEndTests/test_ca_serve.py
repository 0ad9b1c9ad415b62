"""`isthmus ca serve` and `ca token`: Istio's certificate service, called by grpcio."""

import json
import random
import signal
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from harness.binary import curl, environment, isthmus
from harness.certificateservice import (
    CertificateService,
    Identity,
    csr,
    identities,
    new_key,
    openssl_verify,
    request,
)
from harness.waiting import wait_for

REVIEWS = "spiffe://cluster.local/ns/default/sa/reviews"
REFUSED = "request authenticate failure"


@pytest.fixture
def service(tmp_path):
    with CertificateService(tmp_path) as service:
        yield service


def refusal(call):
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code(), error.value.details()


def unauthenticated(call):
    code, details = refusal(call)
    assert (code, details) == (grpc.StatusCode.UNAUTHENTICATED, REFUSED)


def ledger(service):
    return json.loads(service.ca("list", "-o", "json").out)


def workloads(service):
    return [entry for entry in ledger(service) if entry["kind"] == "workload"]


def test_a_token_buys_a_chain_that_openssl_follows_from_the_leaf_to_the_root(service):
    identity = service.create(token=service.token())
    assert identities(identity.leaf) == [REVIEWS]
    assert identity.leaf.public_key() == identity.key.public_key()
    assert len(identity.entries) == 3, "leaf, intermediate, root"
    assert identity.entries[-1] == service.roots
    assert openssl_verify(identity, service.roots, "-x509_strict").returncode == 0
    life = identity.leaf.not_valid_after_utc - identity.leaf.not_valid_before_utc
    assert life.total_seconds() == 24 * 3600 + 120, "Istio's default, and two minutes put back"
    assert [entry["state"] for entry in workloads(service)] == ["valid"]


def test_a_token_is_printed_alone_and_talk_goes_to_standard_error(service):
    run = service.ca("token", "-n", "prod", "--service-account", "ratings", "--ttl", "5m")
    assert run.out.count("\n") == 1 and run.out.count(".") == 2 and " " not in run.out
    assert "spiffe://cluster.local/ns/prod/sa/ratings" in run.err
    assert run.out.strip() not in run.err
    key = service.certs / "token-key.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    assert service.create(token=run.out.strip()).leaf is not None


def test_a_token_longer_than_a_day_is_a_usage_error(service):
    run = service.ca("token", "--service-account", "reviews", "--ttl", "25h", code=64)
    assert "24h" in run.err or "1d" in run.err


def test_the_second_use_of_a_token_is_refused_by_every_process_and_after_a_restart(tmp_path):
    with CertificateService(tmp_path) as first:
        token = first.token()
        first.create(token=token)
        unauthenticated(lambda: first.create(token=token))
        with CertificateService(tmp_path, name="second") as second:
            unauthenticated(lambda: second.create(token=token))
    with CertificateService(tmp_path, name="later") as later:
        unauthenticated(lambda: later.create(token=token))
        assert len(workloads(later)) == 1


def test_of_many_who_come_with_one_token_at_once_one_gets_a_certificate(service, tmp_path):
    with CertificateService(tmp_path, name="second") as second:
        for _ in range(5):
            token = service.token()

            def attempt(number, token=token):
                try:
                    (service if number % 2 else second).create(token=token)
                    return 1
                except grpc.RpcError as error:
                    assert error.code() == grpc.StatusCode.UNAUTHENTICATED
                    return 0

            with ThreadPoolExecutor(8) as pool:
                assert sum(pool.map(attempt, range(8))) == 1


def test_a_bent_foreign_or_expired_token_is_refused(service, tmp_path):
    token = service.token()
    head, claims, signature = token.split(".")
    other = CertificateService(tmp_path / "other", certs=tmp_path / "other-certs")
    foreign = other.token()
    bent = [
        "x",
        "..",
        token + "x",
        token + "=",
        f"{head}.{claims}.",
        f"{head}.{claims}.{signature[:-2]}",
        f"{head}.{claims[:-3]}AAA.{signature}",
        # alg: none (RFC 8725 section 2.1)
        f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.",
        foreign,
        "a" * 9000,
    ]
    for text in bent:
        unauthenticated(lambda text=text: service.create(token=text))
    short = service.token("reviews", "--ttl", "1s")
    end = time.time() + 1.1
    wait_for(lambda: time.time() > end, "the token to end")
    unauthenticated(lambda: service.create(token=short))
    assert service.create(token=token).leaf is not None, "the good one is still good"


def test_without_anything_nobody_gets_anything(service):
    unauthenticated(lambda: service.create())
    channel = service.channel()
    call = channel.unary_unary("/istio.v1.auth.IstioCertificateService/CreateCertificate")
    for value in ("Basic dXNlcjpwYXNz", "Bearer", "Bearer."):
        with pytest.raises(grpc.RpcError) as error:
            call(request(csr(new_key())), timeout=10, metadata=[("authorization", value)])
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
    channel.close()
    assert workloads(service) == []


def test_a_certificate_buys_the_next_one_for_the_same_identity_only(service):
    first = service.create(token=service.token())
    # The names it asks for are not believed.
    key = new_key()
    wanted = request(csr(key, "spiffe://cluster.local/ns/istio-system/sa/admin"))
    second = service.create(key=key, identity=first, message=wanted)
    assert identities(second.leaf) == [REVIEWS]
    assert second.serial != first.serial
    third = service.create(identity=second, seconds=600)
    assert openssl_verify(third, service.roots).returncode == 0


def test_names_in_a_request_are_ignored_in_favour_of_the_tokens(service):
    key = new_key()
    wanted = request(csr(key, "spiffe://evil.example/ns/a/sa/b"), metadata=b"\x0a\x00")
    identity = service.create(key=key, token=service.token(), message=wanted)
    assert identities(identity.leaf) == [REVIEWS]
    assert identity.leaf.subject.rfc4514_string() == ""


def test_a_revoked_certificate_is_refused_also_on_a_connection_that_is_open(service):
    identity = service.create(token=service.token())
    channel = service.channel(identity)
    assert service.create(channel=channel).leaf is not None
    service.ca("revoke", identity.serial)
    unauthenticated(lambda: service.create(channel=channel))
    channel.close()
    unauthenticated(lambda: service.create(identity=identity))


def test_an_expired_certificate_is_refused(service):
    identity = service.create(token=service.token(), seconds=1)
    end = identity.leaf.not_valid_after_utc.timestamp() + 1.1
    wait_for(lambda: time.time() > end, "the certificate to end")
    unauthenticated(lambda: service.create(identity=identity))


def test_certificates_of_others_and_of_gateways_are_refused(service, tmp_path):
    with CertificateService(tmp_path / "other", certs=tmp_path / "other-certs") as other:
        stranger = other.create(token=other.token())
    channel = service.channel(stranger)
    unauthenticated(lambda: service.create(channel=channel))
    channel.close()
    service.ca("issue", "--out", tmp_path / "gw", "--gateway", "shop.example")
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key((tmp_path / "gw/key.pem").read_bytes(), None)
    gateway = Identity(key, [(tmp_path / "gw/cert-chain.pem").read_bytes(), service.roots])
    unauthenticated(lambda: service.create(identity=gateway))


def test_a_bad_request_is_told_so_and_costs_no_token(service):
    token = service.token()
    good = csr(new_key())
    tampered = good.replace(b"A", b"B", 3)
    for bad in (b"", b"no PEM", tampered, good[:100]):
        code, details = refusal(lambda bad=bad: service.create(token=token, message=request(bad)))
        assert code == grpc.StatusCode.INVALID_ARGUMENT, details
        assert details.startswith("CSR signing error ("), details
    code, details = refusal(lambda: service.create(token=token, message=b"\xff\xff\xff"))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    code, details = refusal(lambda: service.create(token=token, seconds=91 * 86400))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert details.startswith("CSR signing error (requested TTL 91d is greater than"), details
    identity = service.create(token=token, seconds=90 * 86400)
    life = identity.leaf.not_valid_after_utc - identity.leaf.not_valid_before_utc
    assert life.total_seconds() == 90 * 86400 + 120


def test_unknown_methods_and_messages_beyond_the_limit_are_refused(service):
    token = service.token()
    code, _ = refusal(lambda: service.create(token=token, method="/istio.v1.auth.Other/Call"))
    assert code == grpc.StatusCode.UNIMPLEMENTED
    huge = request(csr(new_key()), metadata=b"\0" * 70_000)
    code, details = refusal(lambda: service.create(token=token, message=huge))
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "65536" in details
    channel = service.channel()
    call = channel.unary_unary("/istio.v1.auth.IstioCertificateService/CreateCertificate")
    with pytest.raises(grpc.RpcError) as error:
        call(request(csr(new_key())), timeout=10, compression=grpc.Compression.Gzip)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    channel.close()
    assert service.metrics()["isthmus_ca_oversized_total"] == 1


def test_many_at_once_get_one_each_and_the_ledger_has_them_all(service):
    first = service.create(token=service.token())
    wanted = request(csr(new_key()))
    channels = [service.channel(first) for _ in range(4)]

    def renew(number):
        return service.create(channel=channels[number % 4], message=wanted).serial

    with ThreadPoolExecutor(64) as pool:
        serials = list(pool.map(renew, range(400)))
    for channel in channels:
        channel.close()
    assert len(set(serials)) == 400
    states = {entry["serial"]: entry["state"] for entry in workloads(service)}
    assert all(states[serial] == "valid" for serial in serials)
    metrics = service.metrics()
    assert metrics["citadel_server_success_cert_issuance_count"] == 401
    assert metrics["isthmus_ca_batches_total"] < 401, "nothing was issued together"
    assert metrics["citadel_server_root_cert_expiry_seconds"] > 3649 * 86400


def test_killed_at_any_instant_a_token_never_buys_two(tmp_path):
    """A power cut between any two steps: what comes back up has one certificate at most for it."""
    seed = 7
    dice = random.Random(seed)
    service = CertificateService(tmp_path)
    for turn in range(12):
        account = f"turn{turn}"
        service.port = 0
        service.start()
        token = service.token(account)
        wanted = request(csr(new_key()))
        channel = service.channel()
        call = channel.unary_unary("/istio.v1.auth.IstioCertificateService/CreateCertificate")
        future = call.future(wanted, timeout=5, metadata=[("authorization", f"Bearer {token}")])
        end = time.monotonic() + dice.random() * 0.03
        wait_for(lambda end=end: time.monotonic() > end, "the moment", pause=0.0005)
        service.kill()
        try:
            future.result()
        except grpc.RpcError:
            pass
        channel.close()
        service.port = 0
        service.start()
        mine = [e for e in workloads(service) if e["name"].endswith("/" + account)]
        try:
            service.create(token=token)
            assert mine == [], "the token was used, and bought another one"
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAUTHENTICATED
            assert len(mine) == 1, f"the token is gone and bought nothing (turn {turn})"
        service.stop()


def test_roots_and_revocations_are_read_with_http2_and_http1_and_are_fresh(service):
    base = ["--cacert", service.certs / "root-cert.pem"]
    for version in ("--http2", "--http1.1"):
        roots = curl(version, *base, f"https://{service.address}/roots.pem")
        assert roots.out.encode() == service.roots, roots.err
    identity = service.create(token=service.token())
    before = curl("-i", *base, f"https://{service.address}/crl.pem").out
    tag = [line for line in before.splitlines() if line.startswith("etag: ")][0][6:]
    again = curl(
        "-o", "/dev/null", "-w", "%{http_code}", *base, "-H", f"if-none-match: {tag}",
        f"https://{service.address}/crl.pem",
    )
    assert again.out == "304"
    service.ca("revoke", identity.serial)
    after = curl(*base, f"https://{service.address}/crl.pem").out
    assert after.encode() == (service.certs / "ca-crl.pem").read_bytes()
    assert after not in before
    missing = curl("-o", "/dev/null", "-w", "%{http_code}", *base, f"https://{service.address}/key")
    assert missing.out == "404"


def test_a_rotation_is_live_at_once_and_the_last_entry_has_both_roots(service):
    first = service.create(token=service.token())
    old_root = service.roots
    service.ca("rotate")
    second = service.create(identity=first)
    assert second.entries[1] != first.entries[1], "the new intermediate signs"
    service.ca("rotate", "--root")
    # Who knows the old root alone still finds the service, and is given both.
    channel = service.channel(second, roots=old_root)
    third = service.create(channel=channel)
    channel.close()
    assert len(third.roots) == 2
    assert openssl_verify(third, old_root).returncode == 0
    assert openssl_verify(third, third.entries[-1]).returncode == 0
    fourth = service.create(identity=first)
    assert identities(fourth.leaf) == [REVIEWS], "the first certificate is good to its end"


def test_the_services_own_certificate_has_the_names_it_was_given(tmp_path):
    more = ["--host", "ca.mesh.example", "10.1.2.3"]
    with CertificateService(tmp_path, *more) as service:
        context = ssl.create_default_context(cafile=service.certs / "root-cert.pem")
        context.set_alpn_protocols(["h2"])
        for name in ("ca.mesh.example", "10.1.2.3", "localhost", "istiod.istio-system.svc"):
            with socket.create_connection(("127.0.0.1", service.port)) as plain:
                with context.wrap_socket(plain, server_hostname=name) as tls:
                    assert tls.selected_alpn_protocol() == "h2"
                    assert tls.version() == "TLSv1.3"
        with pytest.raises(ssl.SSLCertVerificationError):
            with socket.create_connection(("127.0.0.1", service.port)) as plain:
                context.wrap_socket(plain, server_hostname="other.example")


def test_what_is_no_tls_or_no_http2_ends_and_the_service_goes_on(service):
    context = ssl.create_default_context(cafile=service.certs / "root-cert.pem")
    context.set_alpn_protocols(["h2"])
    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 200, b"\0" * 50):
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as plain:
            plain.sendall(junk)
            try:
                while plain.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as tls:
            tls.sendall(b"no preface of HTTP/2 at all, and more of it\r\n\r\n" * 5)
            while tls.recv(4096):
                pass
    assert service.create(token=service.token()).leaf is not None
    metrics = service.metrics()
    assert metrics["isthmus_ca_handshake_failures_total"] >= 2
    assert metrics["isthmus_ca_protocol_errors_total"] == 1


def test_an_end_answers_what_is_under_way_and_a_taken_port_is_said(service, tmp_path):
    run = isthmus(
        "ca", "serve", "--dir", service.certs, "--listen", service.address, "--metrics", "off",
        env=environment(),
    )
    assert run.code == 74 and service.address in run.err
    channel = service.channel(service.create(token=service.token()))
    service.create(channel=channel)
    service.child.send_signal(signal.SIGTERM)
    assert service.child.wait() == 0
    channel.close()
