"""TLS and HTTP/2 to endpoints, by DestinationRules, against servers of other makes: openssl's for
what can be wrong with a certificate, nginx and hypercorn for HTTP/2.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import textwrap

import pytest

from harness import certificates as c
from harness import resources as r
from harness.binary import curl
from harness.gateway import Gateway
from harness.nginx import Nginx
from harness.ports import free_port
from harness.process import Child
from harness.waiting import wait_for
from harness.wire import Wire


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return c.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return c.Authority(tmp_path_factory.mktemp("stranger"), "stranger")


class SServer:
    """`openssl s_server -www`: answers every request with a page about the connection."""

    def __init__(self, folder, pair, *arguments):
        self.port = free_port()
        command = [shutil.which("openssl"), "s_server", "-accept", f"127.0.0.1:{self.port}"]
        command += ["-cert", pair.certificate, "-key", pair.key, "-www", *arguments]
        self.child = Child(command, folder, f"s_server{self.port}")

    def __enter__(self):
        def up():
            assert self.child.code is None, self.child.tail()
            try:
                Wire(self.port).close()
            except OSError:
                return False
            return True

        wait_for(up, "s_server to listen")
        return self

    def __exit__(self, *_):
        self.child.kill()


def objects(port, tls, protocol="HTTP", **policy):
    return [
        r.gateway(),
        r.service_entry("up.test", port, protocol=protocol),
        r.destination_rule("up.test", {}, tls=tls, **policy),
        # One try, so that what is counted is what one failure counts.
        r.virtual_service("all", r.rule("up.test", retries={})),
    ]


def simple(authority, **more):
    return {"mode": "SIMPLE", "caCertificates": str(authority.certificate), **more}


def expect_failure(gateway, reason, **stats):
    answer = gateway.get(host="up.test")
    assert answer.status == 503
    text = answer.body.decode()
    assert text.startswith(
        "upstream connect error or disconnect/reset before headers. reset reason: "
    )
    assert reason in text
    entry = gateway.log_entry(response_code="503")
    assert entry["response_flags"] in ("UF", "UC")
    assert reason in entry["upstream_transport_failure_reason"]
    page = gateway.admin("/stats").text
    for name, value in stats.items():
        line = f"cluster.outbound|80||up.test.ssl.{name}: {value}"
        assert line in page, line


def test_a_request_is_encrypted_with_its_host_as_server_name(tmp_path, authority):
    pair = authority.issue("good", "up.test")
    with SServer(tmp_path, pair, "-servername", "up.test", "-cert2", pair.certificate,
                 "-key2", pair.key) as server:  # fmt: skip
        with Gateway(tmp_path, objects(server.port, simple(authority))) as gateway:
            answer = gateway.get(host="up.test")
            assert answer.status == 200
            assert b"TLSv1.3" in answer.body
            page = gateway.admin("/stats").text
            assert "cluster.outbound|80||up.test.ssl.handshake: 1" in page


@pytest.mark.parametrize("case", ["name", "authority", "expired", "client"])
def test_what_is_wrong_with_a_certificate_is_told(tmp_path, authority, stranger, case):
    arguments = []
    pair = authority.issue(f"bad-{case}", "other.test" if case == "name" else "up.test")
    verified = "CERTIFICATE_VERIFY_FAILED"
    wanted = (verified, {"fail_verify_error": 1, "connection_error": 1})
    if case == "name":
        wanted = (f"{verified}:verify cert failed: verify SAN list", {"fail_verify_san": 1})
    elif case == "authority":
        pair = stranger.issue("bad", "up.test")
    elif case == "expired":
        text = c.openssl(
            *["x509", "-req", "-in", authority.folder / "bad-expired.csr", "-days", "-1"],
            *["-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial"],
            *["-extfile", authority.folder / "bad-expired.ext"],
        ).stdout
        pair.certificate.write_bytes(text)
    else:
        arguments = ["-Verify", 1, "-CAfile", authority.certificate, "-verify_return_error"]
        wanted = ("CERTIFICATE_REQUIRED", {"handshake": 1})
    with SServer(tmp_path, pair, *arguments) as server:
        with Gateway(tmp_path, objects(server.port, simple(authority))) as gateway:
            expect_failure(gateway, wanted[0], **wanted[1])


def test_a_client_certificate_is_shown_where_it_is_asked_for(tmp_path, authority):
    pair = authority.issue("server", "up.test")
    mine = authority.issue("gateway", "gateway.test")
    tls = {
        "mode": "MUTUAL",
        "clientCertificate": str(mine.certificate),
        "privateKey": str(mine.key),
        "caCertificates": str(authority.certificate),
        "sni": "up.test",
    }
    arguments = ["-Verify", 1, "-CAfile", authority.certificate, "-verify_return_error"]
    with SServer(tmp_path, pair, *arguments) as server:
        with Gateway(tmp_path, objects(server.port, tls)) as gateway:
            answer = gateway.get(host="anything.test")
            assert answer.status == 200
            assert b"CN = gateway" in answer.body or b"CN=gateway" in answer.body


def test_a_credential_that_is_not_there_is_told(tmp_path, authority):
    tls = {"mode": "SIMPLE", "credentialName": "nowhere"}
    with Gateway(tmp_path, objects(free_port(), tls)) as gateway:
        expect_failure(gateway, "Secret is not supplied by SDS", context_missing=1)


def test_a_server_without_tls_is_told(tmp_path, authority, upstream):
    with Gateway(tmp_path, objects(upstream.port, simple(authority))) as gateway:
        expect_failure(gateway, "TLS_error:|", connection_error=1)


# HTTP/2


FORM = """
location / {{ add_header x-seen-protocol $server_protocol; return 200 "$request_method $uri"; }}
location /file {{ alias {folder}/; add_header x-seen-protocol $server_protocol; }}
"""


@pytest.fixture(scope="module", params=["clear", "tls"])
def nginx(request, tmp_path_factory, authority):
    """(gateway, folder): nginx that speaks HTTP/2 behind it, with files from the folder."""
    folder = tmp_path_factory.mktemp(f"nginx-{request.param}")
    files = folder / "files"
    files.mkdir()
    (files / "large").write_bytes(os.urandom(20_000_000))
    pair = authority.issue(f"nginx-{request.param}", "up.test")
    port = free_port()
    tls = f"ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};"
    flags = "ssl http2" if request.param == "tls" else "http2"
    text = f"listen 127.0.0.1:{port} {flags}; {tls} " + FORM.format(folder=files)
    made = [
        r.gateway(),
        r.service_entry("up.test", port, protocol="HTTP2"),
        r.virtual_service("all", r.rule("up.test")),
    ]
    if request.param == "tls":
        made.append(r.destination_rule("up.test", {}, tls=simple(authority)))
    with Nginx(folder, text), Gateway(folder, made, workers=1) as gateway:
        yield gateway, files


def test_nginx_is_spoken_to_in_http_2(nginx):
    gateway, _ = nginx
    for _ in range(3):
        answer = gateway.get("/a", host="up.test")
        assert (answer.status, answer.body) == (200, b"GET /a")
        assert answer.get("x-seen-protocol") == "HTTP/2.0"
    page = gateway.admin("/stats").text
    assert "cluster.outbound|80||up.test.upstream_cx_http2_total: 1\n" in page


def test_a_large_file_arrives_whole_from_nginx(nginx):
    gateway, files = nginx
    wanted = hashlib.sha256((files / "large").read_bytes()).hexdigest()
    for arguments in ([], ["--http2-prior-knowledge"]):
        target = files.parent / "fetched"
        run = curl(*arguments, "-H", "Host: up.test", "-o", target, gateway.url("/file/large"))
        assert run.code == 0, run.err
        assert hashlib.sha256(target.read_bytes()).hexdigest() == wanted


def test_head_and_not_modified_have_no_body(nginx):
    gateway, _ = nginx
    head = gateway.get("/file/large", host="up.test", method="HEAD")
    assert (head.status, head.get("content-length")) == (200, "20000000")
    etag = head.get("etag")
    again = gateway.get("/file/large", host="up.test", fields=[f"If-None-Match: {etag}"])
    assert (again.status, again.body) == (304, b"")


APPLICATION = textwrap.dedent(
    """
    import hashlib, json

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    return
                text = message.get("text")
                if text is not None:
                    await send({"type": "websocket.send", "text": text.upper()})
                else:
                    await send({"type": "websocket.send", "bytes": message["bytes"][::-1]})
        digest, size = hashlib.sha256(), 0
        while True:
            message = await receive()
            digest.update(message.get("body", b""))
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        seen = {
            "protocol": scope["http_version"], "method": scope["method"], "path": scope["path"],
            "scheme": scope["scheme"], "sha256": digest.hexdigest(), "size": size,
            "headers": [[n.decode(), v.decode()] for n, v in scope["headers"]],
        }
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(seen).encode()})
    """
)


class Hypercorn:
    """An ASGI application behind HTTP/2, in the clear or over TLS."""

    def __init__(self, folder, pair=None):
        self.folder = folder
        self.port = free_port()
        (folder / "application.py").write_text(APPLICATION)
        command = [sys.executable, "-m", "hypercorn"]
        command += ["--bind", f"127.0.0.1:{self.port}", "application:app"]
        if pair:
            command += ["--certfile", str(pair.certificate), "--keyfile", str(pair.key)]
        self.command = command

    def __enter__(self):
        self.child = Child(self.command, self.folder, "hypercorn", cwd=self.folder)

        def up():
            assert self.child.code is None, self.child.tail()
            try:
                Wire(self.port).close()
            except OSError:
                return False
            return True

        wait_for(up, "hypercorn to listen", 20)
        return self

    def __exit__(self, *_):
        self.child.kill()


@pytest.fixture(scope="module")
def hypercorn(tmp_path_factory, authority):
    folder = tmp_path_factory.mktemp("hypercorn")
    pair = authority.issue("hypercorn", "up.test")
    with Hypercorn(folder, pair) as server:
        pool = {"http": {"h2UpgradePolicy": "UPGRADE"}}
        made = objects(server.port, simple(authority, sni="up.test"), connectionPool=pool)
        with Gateway(folder, made) as gateway:
            yield gateway


def test_a_destination_rule_upgrades_to_http_2(hypercorn):
    seen = json.loads(hypercorn.get("/x", host="up.test").body)
    assert (seen["protocol"], seen["scheme"], seen["path"]) == ("2", "https", "/x")
    names = [name for name, _ in seen["headers"]]
    assert "host" not in names[1:] and "connection" not in names and "te" not in names


def test_uploads_arrive_whole_at_hypercorn(hypercorn, tmp_path):
    file = tmp_path / "upload"
    file.write_bytes(os.urandom(5_000_000))
    wanted = hashlib.sha256(file.read_bytes()).hexdigest()
    for arguments in ([], ["--http2-prior-knowledge"], ["-H", "Transfer-Encoding: chunked"]):
        run = curl(*arguments, "-H", "Host: up.test", "-T", file, hypercorn.url("/up"))
        assert run.code == 0, run.err
        seen = json.loads(run.out)
        assert (seen["sha256"], seen["size"], seen["protocol"]) == (wanted, 5_000_000, "2")


def test_h2load_finds_nothing_wrong(hypercorn):
    """Many streams on few connections, each answered."""
    program = shutil.which("h2load")
    if not program:
        pytest.skip("h2load is not installed")
    run = subprocess.run(
        [program, "-n", "400", "-c", "4", "-m", "10", hypercorn.url("/")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "400 succeeded, 0 failed, 0 errored" in run.stdout, run.stdout
