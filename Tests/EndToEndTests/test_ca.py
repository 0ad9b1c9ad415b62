"""`isthmus ca`: what it writes, judged by OpenSSL, Python's `cryptography` and pkilint."""

import base64
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store

from harness.binary import binary, environment, isthmus

SPIFFE = "spiffe://cluster.local/ns/default/sa/reviews"


class Authority:
    """A folder of `isthmus ca`, and runs of the command on it."""

    def __init__(self, folder, *init):
        self.folder = folder
        self.certs = folder / "certs"
        self.first = self.run("init", *init)

    def run(self, *arguments, code=0, **options):
        command, *rest = arguments
        run = isthmus("ca", command, "--dir", self.certs, *rest, **options)
        assert run.code == code, run.out + run.err
        return run

    def issue(self, name="reviews", *more, **options):
        out = self.folder / name
        return out, self.run(
            "issue", "-n", "default", "--service-account", name, "--out", out, *more, **options
        )

    def gateway(self, *hosts):
        out = self.folder / "gateway"
        self.run("issue", "--out", out, "--gateway", *hosts)
        return out

    def list(self):
        return json.loads(self.run("list", "-o", "json").out)

    def roots(self):
        return x509.load_pem_x509_certificates((self.certs / "root-cert.pem").read_bytes())


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def openssl(*arguments, code=0, stdin=None):
    done = subprocess.run(
        ["openssl", *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=20
    )
    assert (done.returncode == 0) == (code == 0), done.stdout + done.stderr
    return done.stdout + done.stderr


def chain(folder):
    return x509.load_pem_x509_certificates((folder / "cert-chain.pem").read_bytes())


def openssl_verify(authority, folder, *more, code=0):
    file = folder / "cert-chain.pem"
    roots = authority.certs / "root-cert.pem"
    return openssl(
        "verify", "-x509_strict", "-CAfile", roots, "-untrusted", file, *more, file, code=code
    )


# The judges


@pytest.mark.parametrize("key", ["p256", "p384", "rsa2048", "rsa4096", "ed25519"])
def test_openssl_accepts_every_kind_of_key(tmp_path, key):
    authority = Authority(tmp_path, "--key", key)
    workload, _ = authority.issue("reviews", "--key", key)
    openssl_verify(authority, workload, "-purpose", "sslclient")
    openssl_verify(authority, workload, "-purpose", "sslserver")
    gateway = authority.gateway("shop.example.com", "127.0.0.1")
    name = ("-verify_hostname", "shop.example.com")
    openssl_verify(authority, gateway, "-purpose", "sslserver", *name)
    openssl_verify(authority, gateway, "-verify_ip", "127.0.0.1")
    openssl_verify(authority, gateway, "-purpose", "sslclient", code=1)
    openssl("pkey", "-in", workload / "key.pem", "-noout", "-check")


def test_openssl_reads_in_it_what_istio_would_write(authority):
    workload, _ = authority.issue("reviews", "--dns", "reviews.default.svc", "--ip", "10.0.0.1")
    text = openssl("x509", "-in", workload / "cert-chain.pem", "-noout", "-text")
    assert "Version: 3" in text
    assert "Subject: \n" in text
    assert "X509v3 Subject Alternative Name: critical" in text
    assert f"URI:{SPIFFE}, DNS:reviews.default.svc, IP Address:10.0.0.1" in text
    assert "X509v3 Key Usage: critical\n                Digital Signature\n" in text
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in text
    text = openssl("x509", "-in", authority.certs / "ca-cert.pem", "-noout", "-text")
    assert "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0" in text
    assert "Certificate Sign, CRL Sign" in text
    assert "X509v3 Name Constraints: critical" in text and "URI:cluster.local" in text


@pytest.mark.parametrize("key", ["p256", "p384", "rsa2048"])
def test_pythons_verifier_accepts_workloads_and_gateways(tmp_path, key):
    # It cannot read URI name constraints and refuses what is under one, so it judges without.
    authority = Authority(tmp_path, "--no-name-constraints", "--key", key)
    workload, _ = authority.issue("reviews", "--key", key)
    gateway = authority.gateway("shop.example.com")
    builder = PolicyBuilder().store(Store(authority.roots()))
    leaf, *above = chain(workload)
    verified = builder.build_client_verifier().verify(leaf, above)
    assert [name.value for name in verified.subjects] == [SPIFFE]
    leaf, *above = chain(gateway)
    server = builder.build_server_verifier(x509.DNSName("shop.example.com"))
    assert len(server.verify(leaf, above)) == 3


def test_pythons_verifier_accepts_gateways_below_a_name_constraint(authority):
    leaf, *above = chain(authority.gateway("shop.example.com"))
    builder = PolicyBuilder().store(Store(authority.roots()))
    builder.build_server_verifier(x509.DNSName("shop.example.com")).verify(leaf, above)


def pkilint(tool, file, *arguments):
    """(code, severity) of everything from warnings on that it finds in a file's first object."""
    end = "-----END X509 CRL-----" if tool == "lint_crl" else "-----END CERTIFICATE-----"
    first = file.with_suffix(".first")
    first.write_text(file.read_text().split(end)[0] + end + "\n")
    command = [Path(sys.executable).parent / tool, "lint", "-s", "WARNING", "-f", "JSON"]
    done = subprocess.run(
        [*command, *arguments, first], capture_output=True, text=True, timeout=60
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    return [
        (finding["code"], finding["severity"])
        for result in report["results"]
        for finding in result["finding_descriptions"]
    ]


def test_pkilint_finds_nothing_in_authorities_gateways_and_lists(authority):
    gateway = authority.gateway("shop.example.com", "127.0.0.1")
    root = authority.certs / "root-cert.pem"
    for file in (root, authority.certs / "ca-cert.pem", gateway / "cert-chain.pem"):
        assert pkilint("lint_pkix_cert", file) == [], file
    workload, _ = authority.issue()
    authority.run("revoke", workload, "--reason", "keyCompromise")
    assert pkilint("lint_crl", authority.certs / "ca-crl.pem", "-t", "CRL", "-p", "PKIX") == []


def test_pkilint_finds_in_a_workload_only_that_it_does_not_know_spiffe(authority):
    # Its URI rule knows https and its like, and calls every spiffe:// URI a syntax error.
    workload, _ = authority.issue("reviews", "--dns", "reviews.default.svc.cluster.local")
    found = pkilint("lint_pkix_cert", workload / "cert-chain.pem")
    assert found == [("pkix.invalid_uri_syntax", "ERROR")]


def test_the_leaf_keeps_every_x509_svid_rule(authority):
    leaf = chain(authority.issue()[0])[0]
    extension = leaf.extensions.get_extension_for_class
    names = extension(x509.SubjectAlternativeName)
    assert names.critical and len(leaf.subject.rdns) == 0
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == [SPIFFE]
    with pytest.raises(x509.ExtensionNotFound):
        extension(x509.BasicConstraints)
    usage = extension(x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature
    assert not usage.value.key_cert_sign and not usage.value.crl_sign
    age = datetime.now(timezone.utc) - leaf.not_valid_before_utc
    assert timedelta(minutes=2) <= age < timedelta(minutes=3)
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert life == timedelta(hours=24, minutes=2)
    assert leaf.serial_number.bit_length() > 64


# The commands


def test_init_overwrites_nothing_and_keys_are_the_owners(authority):
    before = {f.name: f.read_bytes() for f in authority.certs.iterdir() if f.suffix == ".pem"}
    assert len(before) == 6
    run = authority.run("init", code=1)
    assert "exists" in run.err
    assert before == {
        f.name: f.read_bytes() for f in authority.certs.iterdir() if f.suffix == ".pem"
    }
    for file in authority.certs.iterdir():
        if file.name.endswith("-key.pem") or file.name.startswith("ca.db"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    workload, _ = authority.issue()
    assert stat.S_IMODE((workload / "key.pem").stat().st_mode) == 0o600


def test_a_passphrase_encrypts_keys_that_openssl_opens(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n")
    authority = Authority(tmp_path, "--passphrase-file", secret)
    key = (authority.certs / "ca-key.pem").read_bytes()
    load_pem_private_key(key, b"correct horse")
    openssl("pkey", "-in", authority.certs / "root-key.pem", "-passin", f"file:{secret}", "-noout")
    _, run = authority.issue("a", code=65)
    assert "--passphrase-file" in run.err and not (tmp_path / "a/key.pem").exists()
    authority.issue("b", env=environment(ISTHMUS_CA_PASSPHRASE_FILE=str(secret)))
    wrong = tmp_path / "wrong"
    wrong.write_text("incorrect\n")
    _, run = authority.issue("c", "--passphrase-file", wrong, code=65)
    assert "does not open" in run.err


def test_a_lifetime_above_90_days_is_a_usage_error(authority):
    _, run = authority.issue("a", "--ttl", "2161h", code=64)
    assert "90d" in run.err
    assert len(authority.list()) == 2
    authority.issue("b", "--ttl", "2160h")


def test_sign_believes_the_key_of_a_request_and_not_its_names(authority, tmp_path):
    csr = tmp_path / "csr.pem"
    openssl(
        *"req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=admin".split(),
        "-addext", "subjectAltName=URI:spiffe://cluster.local/ns/kube-system/sa/admin",
        "-addext", "basicConstraints=critical,CA:TRUE",
        "-keyout", tmp_path / "key.pem", "-out", csr,
    )  # fmt: skip
    run = authority.run("sign", "--csr", csr, "-n", "default", "--service-account", "reviews")
    leaf = x509.load_pem_x509_certificate(run.out.encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == [SPIFFE]
    assert len(leaf.subject.rdns) == 0
    key = load_pem_private_key((tmp_path / "key.pem").read_bytes(), None)
    assert leaf.public_key() == key.public_key()


def test_sign_refuses_a_request_without_proof_of_possession(authority, tmp_path):
    csr, der = tmp_path / "csr.pem", tmp_path / "csr.der"
    openssl(*"req -new -newkey rsa:2048 -nodes -subj / -keyout /dev/null -out".split(), csr)
    openssl("req", "-in", csr, "-outform", "DER", "-out", der)
    damaged = bytearray(der.read_bytes())
    damaged[-1] ^= 1
    der.write_bytes(damaged)
    openssl("req", "-in", der, "-inform", "DER", "-out", csr)
    names = ("-n", "default", "--service-account", "reviews")
    run = authority.run("sign", "--csr", csr, *names, code=65)
    assert "does not verify" in run.err
    assert len(authority.list()) == 2


def test_revoked_is_refused_by_us_and_by_openssl(authority):
    workload, issued = authority.issue()
    serial = issued.out.strip()
    other, _ = authority.issue("ratings")
    lists = ("-crl_check_all", "-CRLfile", authority.certs / "ca-crl.pem")
    openssl_verify(authority, workload, *lists)
    authority.run("revoke", serial, "--reason", "key-compromise")
    assert "revoked" in openssl_verify(authority, workload, *lists, code=1)
    openssl_verify(authority, other, *lists)
    run = authority.run("verify", workload / "cert-chain.pem", code=65)
    assert "revoked (keyCompromise)" in run.err
    authority.run("verify", other / "cert-chain.pem")
    crl = x509.load_pem_x509_crl((authority.certs / "ca-crl.pem").read_bytes())
    entry = crl.get_revoked_certificate_by_serial_number(int(serial, 16))
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.key_compromise
    assert "revoked" in authority.run("renew", workload, code=1).err
    states = {entry["serial"]: entry["state"] for entry in authority.list()}
    assert states[serial] == "revoked"


def test_renew_makes_a_new_key_for_the_same_names(authority):
    workload, _ = authority.issue("reviews", "--dns", "reviews", "--ttl", "1h")
    old, key = chain(workload)[0], (workload / "key.pem").read_bytes()
    authority.run("renew", workload)
    new = chain(workload)[0]
    names = [c.extensions.get_extension_for_class(x509.SubjectAlternativeName) for c in (old, new)]
    assert names[0] == names[1]
    assert new.serial_number != old.serial_number
    assert (workload / "key.pem").read_bytes() != key
    assert load_pem_private_key((workload / "key.pem").read_bytes(), None).public_key() == (
        new.public_key()
    )
    openssl_verify(authority, workload)


def test_an_expired_certificate_is_told_and_can_be_renewed(authority):
    workload, _ = authority.issue("reviews", "--ttl", "1s")
    time.sleep(2.1)
    run = authority.run("verify", workload / "cert-chain.pem", code=65)
    assert "expired" in run.err
    assert "expired" in isthmus("ca", "show", workload / "cert-chain.pem").out
    authority.run("renew", workload, "--ttl", "1h")
    authority.run("verify", workload / "cert-chain.pem")


def test_show_never_prints_a_private_key(authority):
    workload, _ = authority.issue()
    run = isthmus("ca", "show", workload / "key.pem", workload / "cert-chain.pem")
    assert run.code == 0 and SPIFFE in run.out and "hours left" in run.out
    secret = (workload / "key.pem").read_text().splitlines()[1]
    assert secret not in run.out + run.err


def test_verify_names_what_is_wrong(authority, tmp_path):
    workload, _ = authority.issue()
    file = workload / "cert-chain.pem"
    authority.run("verify", "--identity", SPIFFE, file)
    other = SPIFFE.replace("reviews", "ratings")
    assert "was expected" in authority.run("verify", "--identity", other, file, code=65).err
    alone = tmp_path / "alone.pem"
    openssl("x509", "-in", file, "-out", alone)
    assert "intermediate" in authority.run("verify", alone, code=65).err
    (tmp_path / "second").mkdir()
    stranger, _ = Authority(tmp_path / "second").issue()
    authority.run("verify", stranger / "cert-chain.pem", code=65)


def test_a_secret_is_what_a_gateway_with_credential_name_reads(authority, tmp_path):
    run = authority.run("issue", "--secret", "shop-credential", "--gateway", "shop.example.com")
    secret = yaml.safe_load(run.out)
    assert secret["type"] == "kubernetes.io/tls"
    assert secret["metadata"] == {"name": "shop-credential", "namespace": "istio-system"}
    data = {name: base64.b64decode(text) for name, text in secret["data"].items()}
    key = load_pem_private_key(data["tls.key"], None)
    assert x509.load_pem_x509_certificates(data["tls.crt"])[0].public_key() == key.public_key()
    assert data["ca.crt"] == (authority.certs / "root-cert.pem").read_bytes()
    file = tmp_path / "secret.yaml"
    file.write_text(run.out)
    assert isthmus("validate", "-f", file).code == 0
    assert not (tmp_path / "key.pem").exists()


def test_an_existing_root_and_istios_folder_are_taken_over(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "three").mkdir()
    one = Authority(tmp_path / "one")
    root = ("--root-cert", one.certs / "root-cert.pem", "--root-key", one.certs / "root-key.pem")
    two = Authority(tmp_path / "two", *root)
    assert not (two.certs / "root-key.pem").exists()
    openssl_verify(one, two.issue()[0])
    three = Authority(tmp_path / "three", "--cacerts", one.certs)
    openssl_verify(one, three.issue()[0])
    three.run("verify", one.issue()[0] / "cert-chain.pem")


def test_an_authority_of_an_old_tool_without_key_identifiers_is_taken_over(tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    config = old / "openssl.cnf"
    config.write_text(
        "[req]\ndistinguished_name=d\n[d]\n[ca]\nbasicConstraints=critical,CA:TRUE\n"
        "keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=none\n"
    )
    for name, subject in (("root", "/O=Old/CN=root"), ("ca", "/O=Old/CN=issuer")):
        key, csr, cert = old / f"{name}-key.pem", old / f"{name}.csr", old / f"{name}-cert.pem"
        openssl("genrsa", "-traditional", "-out", key, "2048")
        openssl("req", "-new", "-config", config, "-key", key, "-subj", subject, "-out", csr)
        signer = ("-signkey", key)
        if name == "ca":
            signer = ("-CA", old / "root-cert.pem", "-CAkey", old / "root-key.pem")
            signer += ("-CAcreateserial", "-CAserial", old / "serial")
        openssl(
            *("x509", "-req", "-in", csr, *signer, "-days", "100", "-out", cert),
            *("-extfile", config, "-extensions", "ca"),
        )
    authority = Authority(tmp_path, "--cacerts", old)
    workload, _ = authority.issue()
    file = workload / "cert-chain.pem"
    openssl("verify", "-CAfile", old / "root-cert.pem", "-untrusted", file, file)
    authority.run("verify", file)
    for _ in range(3):
        authority.run("crl")
    lists = (authority.certs / "ca-crl.pem").read_text()
    assert lists.count("BEGIN X509 CRL") == 1
    authority.run("revoke", workload)
    assert "revoked" in authority.run("verify", file, code=65).err


def test_replacing_a_root_breaks_nobody_at_any_moment(authority, tmp_path):
    old_root = tmp_path / "old-root.pem"
    old_root.write_bytes((authority.certs / "root-cert.pem").read_bytes())
    before, _ = authority.issue("before")
    authority.run("rotate", "--root")
    assert len(authority.roots()) == 2
    after, _ = authority.issue("after")
    for folder in (before, after):
        openssl_verify(authority, folder)
    # A peer that never got the new bundle follows the cross-signed certificate.
    file = after / "cert-chain.pem"
    openssl("verify", "-x509_strict", "-CAfile", old_root, "-untrusted", file, file)
    lists = ("-crl_check_all", "-CRLfile", authority.certs / "ca-crl.pem")
    openssl_verify(authority, after, *lists)
    assert "still needed" in authority.run("rotate", "--finish", code=1).err
    authority.run("rotate", "--finish", "--force")
    assert len(authority.roots()) == 1
    openssl_verify(authority, after)
    openssl_verify(authority, before, code=1)
    assert not list(authority.certs.glob("retired-*"))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["issue"], 64, "--namespace"),
        (["issue", "-n", "a/b", "--service-account", "c"], 65, "no namespace"),
        (["issue", "--gateway", "*.com"], 65, "too wide"),
        (["issue", "--gateway", "a.test", "-n", "x", "--service-account", "y"], 64, "two"),
        (["issue", "-n", "a", "--service-account", "b", "--ttl", "soon"], 64, "ttl"),
        (["revoke", "00112233445566778899"], 65, "ca list"),
        (["verify", "/does/not/exist"], 74, "/does/not/exist"),
        (["rotate", "--finish"], 1, "--root"),
    ],
)
def test_mistakes_end_with_their_code_and_advice(authority, tmp_path, arguments, code, words):
    run = authority.run(*arguments, code=code, cwd=tmp_path)
    assert words in run.err
    assert run.out == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_else_is_told_that_they_may_not(authority):
    authority.folder.chmod(0o755)
    stranger = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    copy = authority.folder / "isthmus"
    shutil.copy(binary(), copy)
    run = subprocess.run(
        [*stranger, copy, "ca", "list", "--dir", authority.certs],
        capture_output=True, text=True, cwd="/", env=environment(), timeout=20,
    )  # fmt: skip
    if "setpriv" in run.stderr or "copy" in run.stderr:
        pytest.skip(f"this machine lets nobody run it: {run.stderr.strip()}")
    assert run.returncode == 77, run.stderr
    assert "Permission denied" in run.stderr


def test_without_an_authority_the_command_says_how_to_make_one(tmp_path):
    run = isthmus("ca", "list", cwd=tmp_path)
    assert run.code == 74 and "isthmus ca init" in run.err


# The ledger


def test_processes_issue_at_once_without_losing_one(authority):
    def issue(number):
        return authority.issue(f"w{number}")[1].out.strip()

    with ThreadPoolExecutor(6) as pool:
        serials = list(pool.map(issue, range(24)))
    assert len(set(serials)) == 24
    issued = {entry["serial"] for entry in authority.list() if entry["state"] == "valid"}
    assert set(serials) <= issued


def test_two_inits_at_once_make_one_authority(tmp_path):
    certs = tmp_path / "certs"
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: isthmus("ca", "init", "--dir", certs).code, range(4)))
    assert sorted(codes) == [0, 1, 1, 1]
    run = isthmus("ca", "issue", "--dir", certs, "--gateway", "a.test", "--out", tmp_path / "out")
    assert run.code == 0, run.err


def test_killed_at_any_instant_the_ledger_has_every_certificate(authority, tmp_path):
    """Processes that issue, revoke, rotate and renew are killed after ever longer times."""
    commands = [
        lambda n: ["issue", "-n", "d", "--service-account", f"k{n}", "--out", tmp_path / f"k{n}"],
        lambda n: ["rotate"],
        lambda n: ["issue", "-n", "d", "--service-account", f"k{n}", "--out", tmp_path / f"k{n}"],
        lambda n: ["crl"],
    ]

    def killed(number):
        command, *rest = commands[number % len(commands)](number)
        child = subprocess.Popen(
            [str(binary()), "ca", command, "--dir", str(authority.certs), *map(str, rest)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
        )  # fmt: skip
        time.sleep(0.004 + 0.0015 * (number % 60))
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            return True
        return False

    with ThreadPoolExecutor(3) as pool:
        count = sum(pool.map(killed, range(120)))
    assert count > 20, "hardly anything was killed; the test proved nothing"
    # Whatever was left to do is done by the next command, and everything still works.
    workload, _ = authority.issue("afterwards")
    openssl_verify(authority, workload)
    authority.run("verify", workload / "cert-chain.pem")
    openssl_verify(
        authority, workload, "-crl_check_all", "-CRLfile", authority.certs / "ca-crl.pem"
    )
    entries = {entry["serial"]: entry for entry in authority.list()}
    for file in tmp_path.glob("k*/cert-chain.pem"):
        leaf = x509.load_pem_x509_certificate(file.read_bytes())
        entry = entries[hexadecimal(leaf.serial_number)]
        assert entry["state"] == "valid", entry
        openssl("verify", "-CAfile", authority.certs / "root-cert.pem", "-untrusted", file, file)
    assert not [f.name for f in authority.certs.iterdir() if f.name.startswith(".")]
    with sqlite3.connect(authority.certs / "ca.db") as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        twice = "SELECT count(*) - count(DISTINCT serial) FROM certificates"
        assert ledger.execute(twice).fetchone() == (0,)


def hexadecimal(number):
    """As the ledger writes serial numbers: two digits a byte."""
    digits = f"{number:x}"
    return digits if len(digits) % 2 == 0 else "0" + digits
