"""TLS servers: certificates, server names, client certificates, passthrough, rotation."""

import json
import shutil
import signal
import ssl
import subprocess
import threading
import time

import pytest

from harness import certificates as c
from harness import exposition
from harness import resources as r
from harness.binary import PROJECT, binary
from harness.gateway import Gateway
from harness.nginx import Nginx
from harness.sidecar import Mesh
from harness.upstream import Upstream, echo
from harness.waiting import wait_for


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return c.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pairs(authority):
    """Certificates by name, made once."""
    made = {name: authority.issue(name) for name in ("a.test", "b.test", "web.wild.test")}
    made["*.wild.test"] = authority.issue("wild", "*.wild.test")
    made["rsa"] = authority.issue("rsa", "a.test", kind="rsa")
    made["client"] = authority.issue("client", "client.test", "URI:spiffe://x/ns/a/sa/b")
    made["next"] = authority.issue("next", "a.test")
    return made


def says(text, host, gateway="edge"):
    rule = {"directResponse": {"status": 200, "body": {"string": text}}}
    return r.virtual_service(f"says-{text}", rule, hosts=[host], gateways=[gateway])


@pytest.fixture
def simple(started, pairs):
    """Two HTTPS servers on one port."""
    return started(
        c.gateway(
            c.server(["a.test"], "https-a", mode="SIMPLE", credentialName="a"),
            c.server(["b.test"], "https-b", mode="SIMPLE", credentialName="b"),
        ),
        c.secret("a", pairs["a.test"]),
        c.secret("b", pairs["b.test"], generic=True),
        says("one", "a.test"),
        says("two", "b.test"),
        ports=(443,),
    )


def curl(gateway, host, *arguments, path="/", number=443):
    port = gateway.port(number)
    program = shutil.which("curl")
    assert program, "curl is not installed; `make test` installs it"
    return subprocess.run(
        [
            *[program, "-sS", "--max-time", "10", "--noproxy", "*"],
            *["--resolve", f"{host}:{port}:127.0.0.1"],
            *[str(a) for a in arguments],
            f"https://{host}:{port}{path}",
        ],
        capture_output=True,
        text=True,
        timeout=20,
    )


def gauge(gateway, name):
    families = exposition.parse(gateway.metrics().text)
    return sum(families[name].series.values())


# SIMPLE


@pytest.mark.parametrize("flag, version", [("--http1.1", "1.1"), ("--http2", "2")])
def test_the_protocol_is_chosen_by_alpn(simple, authority, flag, version):
    done = curl(
        *[simple, "a.test", flag, "--cacert", authority.certificate, "-w", " %{http_version}"]
    )
    assert (done.returncode, done.stdout) == (0, f"one {version}"), done.stderr


def test_a_client_without_alpn_speaks_http_1(simple):
    with c.TLSWire(simple.port(443), "a.test") as wire:
        assert wire.sock.selected_alpn_protocol() is None
        assert wire.get("a.test").text == "one"


def test_the_server_name_chooses_certificate_and_routes(simple, pairs):
    for host, text in (("a.test", "one"), ("b.test", "two")):
        with c.TLSWire(simple.port(443), host) as wire:
            assert wire.served_serial() == pairs[host].serial
            assert wire.get(host).text == text


def test_server_names_know_no_case(simple):
    with c.TLSWire(simple.port(443), "A.Test") as wire:
        assert wire.get("a.test").text == "one"


@pytest.mark.parametrize("sni", ["c.test", "x.a.test", None])
def test_a_server_name_nobody_serves_is_closed_without_an_alert(simple, sni):
    error = c.refusal(simple.port(443), sni)
    assert error is not None
    assert "alert" not in str(error).lower(), error
    with c.TLSWire(simple.port(443), "a.test") as wire:
        assert wire.get("a.test").text == "one"


def test_a_star_takes_any_server_name_and_none(started, pairs):
    gateway = started(
        c.gateway(
            c.server(["*"], "https-any", mode="SIMPLE", credentialName="a"),
            c.server(["*.wild.test"], "https-wild", mode="SIMPLE", credentialName="wild"),
            c.server(["web.wild.test"], "https-web", mode="SIMPLE", credentialName="web"),
        ),
        c.secret("a", pairs["a.test"]),
        c.secret("wild", pairs["*.wild.test"]),
        c.secret("web", pairs["web.wild.test"]),
        says("any", "*"),
        ports=(443,),
    )
    for sni, expected in (
        ("other.test", "a.test"),
        (None, "a.test"),
        ("wild.test", "a.test"),
        ("x.wild.test", "*.wild.test"),
        ("y.x.wild.test", "*.wild.test"),
        ("web.wild.test", "web.wild.test"),
    ):
        with c.TLSWire(gateway.port(443), sni) as wire:
            assert wire.served_serial() == pairs[expected].serial, sni


def test_two_certificates_of_different_kinds_serve_both_kinds_of_clients(started, pairs):
    gateway = started(
        c.gateway(c.server(["a.test"], mode="SIMPLE", credentialNames=["a", "rsa"])),
        c.secret("a", pairs["a.test"]),
        c.secret("rsa", pairs["rsa"]),
        says("one", "a.test"),
        ports=(443,),
    )
    for suites, expected in (("ECDHE+ECDSA", "a.test"), ("ECDHE+aRSA", "rsa")):
        context = c.context(version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(suites)
        with c.TLSWire(gateway.port(443), "a.test", context=context) as wire:
            assert wire.served_serial() == pairs[expected].serial


def test_certificates_come_from_files_and_follow_them(started, tmp_path, pairs):
    folder = tmp_path / "pem"
    folder.mkdir()

    def put(pair):
        for source, name in ((pair.key, "key.pem"), (pair.certificate, "cert.pem")):
            shutil.copy(source, folder / f".{name}")
            (folder / f".{name}").rename(folder / name)

    put(pairs["a.test"])
    files = {"serverCertificate": folder / "cert.pem", "privateKey": folder / "key.pem"}
    gateway = started(
        c.gateway(
            c.server(["a.test"], mode="SIMPLE", **{k: str(v) for k, v in files.items()})
        ),
        says("one", "a.test"),
        ports=(443,),
    )
    with c.TLSWire(gateway.port(443), "a.test") as before:
        assert before.served_serial() == pairs["a.test"].serial
        put(pairs["next"])

        def is_next():
            with c.TLSWire(gateway.port(443), "a.test") as wire:
                return wire.served_serial() == pairs["next"].serial

        wait_for(is_next, "the changed file to be served")
        # The open connection goes on as it was, and no configuration was loaded for it.
        assert before.get("a.test").text == "one"
        assert gauge(gateway, "isthmus_config_reloads_total") == 0


def test_requests_inside_of_tls_are_told_apart_upstream(started, pairs, upstream):
    gateway = started(
        c.gateway(c.server(["a.test"], mode="SIMPLE", credentialName="a")),
        c.secret("a", pairs["a.test"]),
        r.service_entry("backend.test", upstream.port),
        r.virtual_service("a", r.rule("backend.test"), hosts=["a.test"]),
        ports=(443,),
    )
    with c.TLSWire(gateway.port(443), "a.test") as wire:
        assert wire.get("a.test").status == 200
    [request] = upstream.requests
    assert request.get("x-forwarded-proto") == "https"


def test_a_match_on_the_scheme_holds_inside_of_tls(started, pairs):
    secure = {"match": [{"scheme": {"exact": "https"}}]}
    secure["directResponse"] = {"status": 200, "body": {"string": "secure"}}
    gateway = started(
        c.gateway(c.server(["a.test"], mode="SIMPLE", credentialName="a")),
        c.secret("a", pairs["a.test"]),
        r.virtual_service("a", secure, hosts=["a.test"]),
        ports=(443,),
    )
    with c.TLSWire(gateway.port(443), "a.test") as wire:
        assert wire.get("a.test").text == "secure"


def test_https_redirect_leads_from_80_to_443(started, pairs):
    plain = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["a.test"]}
    plain["tls"] = {"httpsRedirect": True}
    gateway = started(
        c.gateway(plain, c.server(["a.test"], mode="SIMPLE", credentialName="a")),
        c.secret("a", pairs["a.test"]),
        says("one", "a.test"),
        ports=(80, 443),
    )
    answer = gateway.get("/x?y=1", host="a.test")
    assert (answer.status, answer.get("location")) == (301, "https://a.test/x?y=1")
    with c.TLSWire(gateway.port(443), "a.test") as wire:
        assert wire.get("a.test").text == "one"


# Versions


def test_the_lowest_version_is_kept_to(started, pairs):
    tls = {"mode": "SIMPLE", "credentialName": "a"}
    gateway = started(
        c.gateway(
            c.server(["a.test"], "new", minProtocolVersion="TLSV1_3", **tls),
            c.server(["b.test"], "old", maxProtocolVersion="TLSV1_2", **tls),
            c.server(["c.test"], "usual", **tls),
        ),
        c.secret("a", pairs["a.test"]),
        says("any", "*"),
        ports=(443,),
    )
    port = gateway.port(443)
    v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    assert c.refusal(port, "a.test", version=v12)
    assert c.refusal(port, "b.test", version=v13)
    for sni, version, name in (
        ("a.test", v13, "TLSv1.3"),
        ("b.test", v12, "TLSv1.2"),
        ("c.test", v12, "TLSv1.2"),
        ("c.test", v13, "TLSv1.3"),
    ):
        with c.TLSWire(port, sni, context=c.context(version=version)) as wire:
            assert wire.sock.version() == name
    done = c.openssl(
        *["s_client", "-connect", f"127.0.0.1:{port}", "-servername", "c.test", "-tls1_1"],
        *["-cipher", "ALL:@SECLEVEL=0"],
        check=False,
    )
    assert done.returncode != 0


def test_cipher_suites_are_kept_to_and_unknown_ones_dropped(started, pairs):
    suites = ["ECDHE-ECDSA-AES256-GCM-SHA384", "NO-SUCH-SUITE"]
    gateway = started(
        c.gateway(
            c.server(["a.test"], mode="SIMPLE", credentialName="a", cipherSuites=suites)
        ),
        c.secret("a", pairs["a.test"]),
        says("one", "a.test"),
        ports=(443,),
    )
    assert "NO-SUCH-SUITE" in gateway.child.err
    only = c.context(version=ssl.TLSVersion.TLSv1_2)
    with c.TLSWire(gateway.port(443), "a.test", context=only) as wire:
        assert wire.sock.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"


# Client certificates


def mutual(started, authority, pairs, mode="MUTUAL", secrets=None, **tls):
    return started(
        c.gateway(c.server(["a.test"], mode=mode, credentialName="a", **tls)),
        *(secrets or [c.secret("a", pairs["a.test"], ca=authority.certificate)]),
        says("one", "a.test"),
        ports=(443,),
    )


def works(gateway, client=None, **more):
    context = c.context(client=client, **more)
    with c.TLSWire(gateway.port(443), "a.test", context=context) as wire:
        return wire.get("a.test").text == "one"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A client whose CA nobody knows."""
    return c.Authority(tmp_path_factory.mktemp("other"), "other").issue("stranger", "client.test")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_mutual_takes_known_clients_only(started, authority, pairs, stranger, version):
    gateway = mutual(started, authority, pairs)
    assert works(gateway, pairs["client"], version=version)
    port = gateway.port(443)
    assert c.refusal(port, "a.test", version=version)
    assert c.refusal(port, "a.test", client=stranger, version=version)


def test_the_ca_secret_beside_the_certificate_comes_first(started, authority, pairs, stranger):
    other = stranger.certificate.parent / "other.pem"
    secrets = [
        c.secret("a", pairs["a.test"], ca=authority.certificate),
        c.secret("a-cacert", ca=other, generic=True),
    ]
    gateway = mutual(started, authority, pairs, secrets=secrets)
    assert works(gateway, stranger)
    assert c.refusal(gateway.port(443), "a.test", client=pairs["client"])


def test_a_ca_secret_of_its_own_beats_the_others(started, authority, pairs, stranger):
    other = stranger.certificate.parent / "other.pem"
    secrets = [
        c.secret("a", pairs["a.test"], ca=authority.certificate),
        c.secret("whom", ca=other),
    ]
    gateway = mutual(started, authority, pairs, secrets=secrets, caCertCredentialName="whom")
    assert works(gateway, stranger)
    assert c.refusal(gateway.port(443), "a.test", client=pairs["client"])


def test_optional_mutual_asks_and_checks_what_it_gets(started, authority, pairs, stranger):
    gateway = mutual(started, authority, pairs, mode="OPTIONAL_MUTUAL")
    assert works(gateway)
    assert works(gateway, pairs["client"])
    assert c.refusal(gateway.port(443), "a.test", client=stranger)


def test_only_listed_names_are_let_in(started, authority, pairs):
    gateway = mutual(started, authority, pairs, subjectAltNames=["spiffe://x/ns/a/sa/b"])
    assert works(gateway, pairs["client"])
    assert c.refusal(gateway.port(443), "a.test", client=pairs["b.test"])


def test_only_pinned_clients_are_let_in(started, authority, pairs):
    for pin in (
        {"verifyCertificateSpki": [pairs["client"].pin()]},
        {"verifyCertificateHash": [pairs["client"].fingerprint()]},
    ):
        gateway = mutual(started, authority, pairs, **pin)
        assert works(gateway, pairs["client"])
        assert c.refusal(gateway.port(443), "a.test", client=pairs["b.test"])


def test_untrusted_clients_are_taken_where_that_is_asked_for(started, authority, pairs, stranger):
    gateway = mutual(started, authority, pairs, insecureSkipVerify=True)
    assert works(gateway, stranger)
    assert c.refusal(gateway.port(443), "a.test")


# Passthrough and TCP


@pytest.fixture
def secure_nginx(tmp_path, pairs):
    servers = [f"location / {{ return 200 'nginx-{n} $ssl_server_name'; }}" for n in "ab"]
    with Nginx(tmp_path, *servers, tls={0: pairs["a.test"], 1: pairs["b.test"]}) as nginx:
        yield nginx


def sni_rule(name, host, *destinations):
    match = [{"port": 443, "sniHosts": [name]}]
    shares = [d if isinstance(d, dict) else r.destination(d) for d in (host, *destinations)]
    return {"match": match, "route": shares}


def test_passthrough_reaches_the_upstream_by_server_name(started, pairs, secure_nginx):
    gateway = started(
        c.gateway(c.server(["*.test"], mode="PASSTHROUGH")),
        *[
            r.service_entry(f"{n}.backend", port, port=443, protocol="TLS")
            for n, port in zip("ab", secure_nginx.ports)
        ],
        r.virtual_service(
            *["pass"],
            hosts=["a.test", "b.test"],
            tls=[sni_rule(f"{n}.test", f"{n}.backend") for n in "ab"],
        ),
        ports=(443,),
    )
    for n in "ab":
        with c.TLSWire(gateway.port(443), f"{n}.test") as wire:
            assert wire.served_serial() == pairs[f"{n}.test"].serial
            assert wire.get(f"{n}.test").text == f"nginx-{n} {n}.test"
    with c.TLSWire(gateway.port(443), "a.test") as wire:
        # What is said inside is between the two of them: nobody here sees another Host.
        assert wire.get("b.test").text == "nginx-a a.test"
    assert c.refusal(gateway.port(443), "c.test")


def test_passthrough_and_termination_share_a_port(started, pairs, secure_nginx):
    gateway = started(
        c.gateway(
            c.server(["a.test"], "pass", protocol="TLS", mode="PASSTHROUGH"),
            c.server(["b.test"], "end", mode="SIMPLE", credentialName="b"),
        ),
        c.secret("b", pairs["b.test"]),
        r.service_entry("a.backend", secure_nginx.ports[0], port=443, protocol="TLS"),
        r.virtual_service("pass", hosts=["a.test"], tls=[sni_rule("a.test", "a.backend")]),
        says("two", "b.test"),
        ports=(443,),
    )
    with c.TLSWire(gateway.port(443), "a.test") as wire:
        assert wire.get("a.test").text == "nginx-a a.test"
    with c.TLSWire(gateway.port(443), "b.test") as wire:
        assert wire.get("b.test").text == "two"


def test_weights_of_tls_rules_count_by_connection(started, secure_nginx):
    gateway = started(
        c.gateway(c.server(["a.test"], mode="PASSTHROUGH")),
        *[
            r.service_entry(f"{n}.backend", port, port=443, protocol="TLS")
            for n, port in zip("ab", secure_nginx.ports)
        ],
        r.virtual_service(
            *["pass"],
            hosts=["a.test"],
            tls=[
                sni_rule(
                    *["a.test"],
                    r.destination("a.backend", weight=80),
                    r.destination("b.backend", weight=20),
                )
            ],
        ),
        ports=(443,),
    )
    seen = {"a": 0, "b": 0}
    for _ in range(200):
        with c.TLSWire(gateway.port(443), "a.test") as wire:
            seen[wire.get("a.test").text[len("nginx-")]] += 1
    # 160 of 200, five standard deviations each way.
    assert 131 < seen["a"] < 189, seen


def test_tls_of_protocol_tls_ends_and_bytes_go_on(started, pairs):
    with Upstream("bytes", echo) as upstream:
        tcp = [{"match": [{"port": 443}], "route": [r.destination("raw.backend")]}]
        gateway = started(
            c.gateway(c.server(["a.test"], protocol="TLS", mode="SIMPLE", credentialName="a")),
            c.secret("a", pairs["a.test"]),
            r.service_entry("raw.backend", upstream.port, port=9000, protocol="TCP"),
            r.virtual_service("raw", hosts=["a.test"], tcp=tcp),
            ports=(443,),
        )
        with c.TLSWire(gateway.port(443), "a.test") as wire:
            assert wire.get("inner.host").status == 200
        [request] = upstream.requests
        # Nobody looked at the bytes: no field was added.
        assert request.get("x-request-id") is None


# 421


def test_another_servers_authority_on_the_same_connection_is_421(simple):
    port = simple.port(443)
    done = subprocess.run(
        [
            *[shutil.which("curl"), "-sSk", "--http2", "--noproxy", "*", "--max-time", "10"],
            *["--resolve", f"a.test:{port}:127.0.0.1"],
            *["-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n"],
            f"https://a.test:{port}/",
            *["--next", "-sSk", "--http2", "-H", f"Host: b.test:{port}", "-o", "/dev/null"],
            *["-w", "%{http_code} %{num_connects}\n", f"https://a.test:{port}/"],
            *["--next", "-sSk", "--http2", "-H", "Host: nobody.test", "-o", "/dev/null"],
            *["-w", "%{http_code} %{num_connects}\n", f"https://a.test:{port}/"],
        ],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stdout.split("\n")[:3] == ["200 1", "421 0", "404 0"], done


def test_an_egress_gateway_serves_a_host_under_its_own_server_name_alone(tmp_path, upstream):
    mesh = Mesh(tmp_path)
    identity, client = mesh.issue("egress"), mesh.issue("caller").context()
    objects = []
    for name in ("news", "bank"):
        host = f"{name}.example.com"
        door = c.gateway(c.server([host], name, mode="ISTIO_MUTUAL"), name=name)
        door["spec"]["selector"] = {"istio": "egressgateway"}
        rule = r.virtual_service(name, r.rule(host), hosts=[host], gateways=[name])
        objects += [door, r.service_entry(host, upstream.port), rule]
    arguments = ["--label", "istio=egressgateway", "--identity", identity.folder]
    with Gateway(tmp_path, objects, ports=(443,), arguments=arguments) as gateway:
        port = gateway.port(443)
        with c.TLSWire(port, "news.example.com", context=client) as wire:
            assert wire.get("news.example.com").status == 200
            # Whoever may call one host by this gateway may perhaps not call the other.
            assert wire.get("bank.example.com").status == 421
            assert wire.get("other.example.com").status == 404
            # The connection goes on.
            assert wire.get("news.example.com").status == 200
        hosts = [request.get("host") for request in upstream.requests]
        assert hosts == ["news.example.com"] * 2
        assert gateway.log_entry(response_code="421")["authority"] == "bank.example.com"
        # A name that nobody serves is no connection at all, and neither is one without a
        # certificate of the mesh.
        assert c.refusal(port, "other.example.com", context=client)
        assert c.refusal(port, "news.example.com")


# Secrets that are not as they should be


def broken_secrets(pairs):
    half = c.secret("half", pairs["b.test"])
    del half["data"]["tls.key"]
    mixed = c.secret("mixed", pairs["b.test"])
    mixed["data"]["tls.key"] = c.secret("x", pairs["a.test"])["data"]["tls.key"]
    noise = c.secret("noise", pairs["b.test"])
    noise["data"]["tls.crt"] = "bm90IFBFTQ=="
    text = c.secret("text", pairs["b.test"])
    text["data"]["tls.key"] = "*** not base64 ***"
    return {"gone": None, "half": half, "mixed": mixed, "noise": noise, "text": text}


def test_a_missing_or_broken_secret_leaves_the_others_working(started, pairs):
    broken = broken_secrets(pairs)
    gateway = started(
        c.gateway(
            c.server(["a.test"], "good", mode="SIMPLE", credentialName="a"),
            *[
                c.server([f"{name}.test"], name, mode="SIMPLE", credentialName=name)
                for name in broken
            ],
        ),
        c.secret("a", pairs["a.test"]),
        *[secret for secret in broken.values() if secret],
        says("any", "*"),
        ports=(443,),
    )
    port = gateway.port(443)
    page = gateway.admin("/listeners").text
    [status] = gateway.admin("/listeners?format=json").json["listener_statuses"]
    told = {problem["credential"] for problem in status["tls_credential_errors"]}
    for name in broken:
        assert c.refusal(port, f"{name}.test"), name
        assert f"Secret istio-system/{name}" in told
        assert f"https.443.{name}.edge.default" in page
        assert f'credential="Secret istio-system/{name}"' in gateway.child.err, name
    assert gauge(gateway, "isthmus_tls_credential_errors") == len(broken)
    with c.TLSWire(port, "a.test") as wire:
        assert wire.get("a.test").text == "any"


def test_a_secret_that_comes_later_is_taken(started, pairs):
    gateway = started(
        c.gateway(c.server(["a.test"], mode="SIMPLE", credentialName="a")),
        says("one", "a.test"),
        ports=(443,),
    )
    assert c.refusal(gateway.port(443), "a.test")
    gateway.write("secret.yaml", c.secret("a", pairs["a.test"]))
    wait_for(lambda: not c.refusal(gateway.port(443), "a.test"), "the Secret to be served")
    assert gauge(gateway, "isthmus_tls_credential_errors") == 0


def test_the_gateways_own_namespace_is_the_second_place_to_look(started, pairs):
    secrets = [c.secret("a", pairs["a.test"], namespace="shop")]
    gateway = started(
        c.gateway(
            c.server(["a.test"], mode="SIMPLE", credentialName="a"), namespace="shop"
        ),
        *secrets,
        says("one", "a.test", gateway="shop/edge"),
        ports=(443,),
    )
    with c.TLSWire(gateway.port(443), "a.test") as wire:
        assert wire.served_serial() == pairs["a.test"].serial
    gateway.write("nearer.yaml", c.secret("a", pairs["next"]))

    def is_next():
        with c.TLSWire(gateway.port(443), "a.test") as wire:
            return wire.served_serial() == pairs["next"].serial

    wait_for(is_next, "the Secret of the gateway's namespace to come first")


def test_a_rotated_secret_drops_no_request(simple, pairs):
    """Old and new connections under way while the certificate changes thirty times."""
    port = simple.port(443)
    over = threading.Event()
    failures, counts = [], [0, 0]

    def keep_asking():
        try:
            with c.TLSWire(port, "a.test") as wire:
                while not over.is_set():
                    assert wire.get("a.test").text == "one"
                    counts[0] += 1
        except Exception as failure:
            failures.append(failure)

    def keep_connecting():
        while not over.is_set():
            try:
                with c.TLSWire(port, "a.test") as wire:
                    assert wire.get("a.test").text == "one"
                    counts[1] += 1
            except Exception as failure:
                failures.append(failure)

    threads = [threading.Thread(target=t) for t in (keep_asking, keep_connecting) * 2]
    for thread in threads:
        thread.start()
    objects = simple.objects
    for n in range(30):
        pair = pairs["next" if n % 2 == 0 else "a.test"]
        simple.write("resources.yaml", objects[0], c.secret("a", pair), *objects[2:])
        time.sleep(0.06)
    simple.write("resources.yaml", objects[0], c.secret("a", pairs["next"]), *objects[2:])

    def is_next():
        with c.TLSWire(port, "a.test") as wire:
            return wire.served_serial() == pairs["next"].serial

    wait_for(is_next, "the last certificate to be served")
    over.set()
    for thread in threads:
        thread.join(10)
    assert not failures, failures[:3]
    assert min(counts) > 50, counts


def test_hangup_reads_changed_files_of_certificates(started, tmp_path, pairs):
    """A file replaced in a folder reached by a link, where no event tells of it."""
    real = tmp_path / "real"
    real.mkdir()
    for pair, name in ((pairs["a.test"], "one"), (pairs["next"], "two")):
        (real / name).mkdir()
        shutil.copy(pair.certificate, real / name / "cert.pem")
        shutil.copy(pair.key, real / name / "key.pem")
    link = tmp_path / "link"
    link.symlink_to(real / "one")
    gateway = started(
        c.gateway(
            c.server(
                ["a.test"],
                mode="SIMPLE",
                serverCertificate=str(link / "cert.pem"),
                privateKey=str(link / "key.pem"),
            )
        ),
        says("one", "a.test"),
        ports=(443,),
    )
    link.unlink()
    link.symlink_to(real / "two")
    gateway.child.send_signal(signal.SIGHUP)

    def is_next():
        with c.TLSWire(gateway.port(443), "a.test") as wire:
            return wire.served_serial() == pairs["next"].serial

    wait_for(is_next, "the changed file to be served", seconds=2)


# Sessions


def test_a_session_resumes_on_any_worker(started, pairs):
    gateway = started(
        c.gateway(c.server(["a.test"], mode="SIMPLE", credentialName="a")),
        c.secret("a", pairs["a.test"]),
        says("one", "a.test"),
        ports=(443,),
        workers=4,
    )
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = c.context(version=version)
        with c.TLSWire(gateway.port(443), "a.test", context=context) as wire:
            wire.get("a.test")
            session = wire.sock.session
        # The kernel spreads connections by their ports: some of these meet every worker.
        for _ in range(24):
            with c.TLSWire(gateway.port(443), "a.test", context=context, session=session) as wire:
                assert wire.sock.session_reused, version
                assert wire.get("a.test").text == "one"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_of_one_server_opens_no_other(started, authority, pairs, version):
    """CVE-2025-23419: a ticket got without a certificate, shown where one is required."""
    gateway = started(
        c.gateway(
            c.server(["a.test"], "open", mode="SIMPLE", credentialName="a"),
            c.server(["b.test"], "closed", mode="MUTUAL", credentialName="b"),
        ),
        c.secret("a", pairs["a.test"]),
        c.secret("b", pairs["b.test"], ca=authority.certificate),
        says("any", "*"),
        ports=(443,),
    )
    context = c.context(version=version)
    with c.TLSWire(gateway.port(443), "a.test", context=context) as wire:
        wire.get("a.test")
        session = wire.sock.session
    assert c.refusal(gateway.port(443), "b.test", context=context, session=session)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_with_a_certificate_is_looked_at_each_time(started, authority, pairs, version):
    """A resumed session would be believed as of the day on which it was made."""
    gateway = mutual(started, authority, pairs)
    context = c.context(client=pairs["client"], version=version)
    with c.TLSWire(gateway.port(443), "a.test", context=context) as wire:
        assert wire.get("a.test").text == "one"
        session = wire.sock.session
    with c.TLSWire(gateway.port(443), "a.test", context=context, session=session) as wire:
        assert wire.get("a.test").text == "one"
        assert not wire.sock.session_reused


def test_when_the_ca_changes_clients_of_the_old_one_leave(started, authority, pairs, stranger):
    gateway = mutual(started, authority, pairs)
    context = c.context(client=pairs["client"])
    with c.TLSWire(gateway.port(443), "a.test", context=context) as wire:
        assert wire.get("a.test").text == "one"
        other = stranger.certificate.parent / "other.pem"
        objects = [o for o in gateway.objects if o["kind"] != "Secret"]
        gateway.write("resources.yaml", *objects, c.secret("a", pairs["a.test"], ca=other))
        assert wire.sock.recv(1) == b""
    assert c.refusal(gateway.port(443), "a.test", client=pairs["client"])


# Revocation and stapling, as an outside client sees them


def revoked_list(authority, tmp_path, *revoked):
    """A list that OpenSSL's own authority writes."""
    folder = tmp_path / "crl"
    folder.mkdir(exist_ok=True)
    (folder / "index.txt").write_text("")
    (folder / "number").write_text("01\n")
    config = folder / "ca.cnf"
    config.write_text(
        "[ca]\ndefault_ca=a\n[a]\n"
        f"database={folder}/index.txt\ncrlnumber={folder}/number\n"
        "default_md=sha256\ndefault_crl_days=7\n"
    )
    signer = ["-config", config, "-cert", authority.certificate, "-keyfile", authority.key]
    for pair in revoked:
        c.openssl("ca", *signer, "-revoke", pair.certificate)
    path = folder / "list.pem"
    c.openssl("ca", *signer, "-gencrl", "-out", path)
    return path


def test_a_client_on_the_list_is_refused_and_leaves(started, authority, pairs, tmp_path):
    """`caCrl`: s_client is told by an alert, and who is connected already is sent away."""
    crl = tmp_path / "live.pem"
    shutil.copy(revoked_list(authority, tmp_path), crl)
    gateway = started(
        c.gateway(
            c.server(
                ["a.test"],
                mode="MUTUAL",
                serverCertificate=str(pairs["a.test"].certificate),
                privateKey=str(pairs["a.test"].key),
                caCertificates=str(authority.certificate),
                caCrl=str(crl),
            )
        ),
        says("one", "a.test"),
        ports=(443,),
    )
    port = gateway.port(443)
    bad, good = pairs["client"], pairs["next"]

    def s_client(pair):
        return c.openssl(
            *["s_client", "-connect", f"127.0.0.1:{port}", "-servername", "a.test", "-quiet"],
            *["-cert", pair.certificate, "-key", pair.key],
            check=False,
            data=b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
        )

    assert b"200 OK" in s_client(bad).stdout
    context = c.context(client=bad)
    other = c.context(client=good)
    with (
        c.TLSWire(port, "a.test", context=context) as wire,
        c.TLSWire(port, "a.test", context=other) as still,
    ):
        assert wire.get("a.test").text == "one"
        assert still.get("a.test").text == "one"
        new = crl.with_suffix(".new")
        shutil.copy(revoked_list(authority, tmp_path, bad), new)
        new.rename(crl)
        assert wire.sock.recv(1) == b""
        assert still.get("a.test").text == "one"
    refused = s_client(bad)
    assert b"200 OK" not in refused.stdout
    assert b"alert certificate revoked" in refused.stderr.lower(), refused.stderr
    assert b"200 OK" in s_client(good).stdout
    stats = gateway.admin("/stats?filter=ssl").text
    assert "ssl.fail_verify_error: 2" in stats, stats
    assert "ssl.peer_dismissed: 1" in stats, stats


def test_a_staple_is_given_to_who_asks(started, authority, pairs, tmp_path):
    """`tls.ocsp-staple`: s_client -status verifies what openssl's own responder has signed."""
    pair = pairs["a.test"]
    index = tmp_path / "index.txt"
    index.write_text(f"V\t491231235959Z\t\t{pair.serial.upper()}\tunknown\t/CN=a.test\n")
    request, response = tmp_path / "request.der", tmp_path / "response.der"
    issuer = ["-issuer", authority.certificate]
    c.openssl("ocsp", *issuer, "-cert", pair.certificate, "-reqout", request, "-no_nonce")
    c.openssl(
        *["ocsp", "-index", index, "-CA", authority.certificate, "-rsigner"],
        *[authority.certificate, "-rkey", authority.key, "-reqin", request],
        *["-respout", response, "-ndays", 1],
    )
    gateway = started(
        c.gateway(c.server(["a.test"], mode="SIMPLE", credentialName="a")),
        c.secret("a", pair, **{"tls.ocsp-staple": response.read_bytes()}),
        says("one", "a.test"),
        ports=(443,),
    )

    def status(*more):
        done = c.openssl(
            *["s_client", "-connect", f"127.0.0.1:{gateway.port(443)}", "-servername", "a.test"],
            *["-CAfile", authority.certificate, *more],
            check=False,
            data=b"",
        )
        return done.stdout.decode()

    for version in ("-tls1_2", "-tls1_3"):
        assert "Cert Status: good" in status("-status", version), version
        assert "Verify return code: 0 (ok)" in status("-status", version), version
        assert "OCSP" not in status(version), version


# What is shown


def test_no_page_and_no_log_shows_a_key(simple, pairs):
    keys = [pairs[n].key.read_text().splitlines()[1] for n in ("a.test", "b.test")]
    keys += [c.secret("x", pairs[n])["data"]["tls.key"][:60] for n in ("a.test", "b.test")]
    pages = [simple.admin(p).text for p in ("/config_dump", "/certs", "/listeners", "/stats")]
    for text in (*pages, simple.child.err, simple.child.out):
        assert "PRIVATE" not in text
        assert not any(key in text for key in keys)


def test_certs_lists_what_is_shown_to_clients(simple, pairs):
    entries = simple.admin("/certs").json["certificates"]
    leaves = {entry["cert_chain"][0]["path"]: entry for entry in entries}
    assert set(leaves) == {"Secret istio-system/a", "Secret istio-system/b"}
    leaf = leaves["Secret istio-system/a"]["cert_chain"][0]
    assert leaf["serial_number"] == pairs["a.test"].serial
    assert leaf["subject_alt_names"] == [{"dns": "a.test"}]
    assert leaf["subject"] == "CN=a.test"
    assert leaf["days_until_expiration"] == "29"
    [user] = leaves["Secret istio-system/a"]["used_by"]
    assert user.endswith("/https.443.https-a.edge.default")


def test_explain_names_the_server_and_its_certificate(simple):
    def explain(url, *more):
        command = [binary(), "explain", "-f", simple.config, "GET", url, *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=20)

    done = explain("https://a.test/")
    assert "https.443.https-a.edge.default" in done.stdout, done
    assert "certificate from Secret istio-system/a" in done.stdout
    assert "421" in explain("https://a.test/", "-H", "Host: b.test").stdout
    assert "no server takes this server name" in explain("https://c.test/").stdout


def test_validate_names_the_missing_secret(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(
        r.text(c.gateway(c.server(["a.test"], mode="SIMPLE", credentialName="web-cret")))
    )
    command = [binary(), "validate", "-f", file, "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done
    [finding] = [f for f in json.loads(done.stdout)["findings"] if "Secret" in f["message"]]
    assert finding["field"] == "spec.servers[0].tls.credentialName"
    assert "istio-system/web-cret" in finding["message"]


def test_the_scenario_of_the_repository_works_as_its_readme_says(started, tmp_path):
    """The README's own lines make the keys and the Secrets."""
    folder = PROJECT / "gateways/tls"
    lines = (folder / "README.md").read_text().splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("    openssl req -x509"))
    end = next(n for n, line in enumerate(lines) if line.startswith("    isthmus gateway"))
    commands = [line[4:] for line in lines[begin:end] if line.startswith("    ")]
    script = subprocess.run(
        ["sh", "-e", "-c", "\n".join(commands)], cwd=tmp_path, capture_output=True, text=True
    )
    assert script.returncode == 0, script.stderr
    gateway = started(paths=[folder, tmp_path / "secrets.yaml"], ports=(80, 443))
    ca, pair = tmp_path / "ca.crt", ["--cert", tmp_path / "client.crt"]
    pair += ["--key", tmp_path / "client.key"]
    assert gateway.get("/", host="shop.example.com").status == 301
    shop = curl(gateway, "shop.example.com", "--cacert", ca)
    assert shop.stdout == "welcome to the shop\n", shop
    assert curl(gateway, "partner.example.com", "--cacert", ca).returncode != 0
    partner = curl(gateway, "partner.example.com", "--cacert", ca, *pair)
    assert partner.stdout == "welcome, partner\n", partner
    assert gauge(gateway, "isthmus_tls_credential_errors") == 0
