"""A sidecar as the forward proxy of programs that know no mesh: HTTP_PROXY, HTTPS_PROXY."""

import socket
import ssl
import subprocess
import sys
import threading

import pytest

from harness import certificates as c
from harness import resources as r
from harness.binary import environment, isthmus
from harness.sidecar import Sidecar
from harness.upstream import Upstream
from harness.waiting import wait_for

CALLER = r.workload_entry("caller", 1, {"app": "caller"}, address="127.0.0.1")
OUT = 15001


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return c.Authority(tmp_path_factory.mktemp("authority"))


class Shop:
    """An outside server of HTTPS on a port of its own: says which name it was asked by."""

    def __init__(self, authority, name):
        pair = authority.issue(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        context.sni_callback = lambda sock, asked, _: self.names.append(asked)
        self.names, self.context = [], context
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def serve(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as sock:
                while data := sock.recv(65536):
                    if data.endswith(b"\r\n\r\n"):
                        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbooks")
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


@pytest.fixture
def shop(authority):
    with Shop(authority, "books.example.com") as one:
        yield one


@pytest.fixture
def start(tmp_path):
    running = []

    def started(*objects, **options):
        made = Sidecar(tmp_path, [CALLER, *objects], workload="caller", ports=(OUT,), **options)
        running.append(made)
        return made.start()

    yield started
    for one in running:
        one.stop()


def by(proxy, **more):
    address = f"http://127.0.0.1:{proxy.port(OUT)}"
    return environment(
        HTTP_PROXY=address, http_proxy=address, HTTPS_PROXY=address, https_proxy=address, **more
    )


def curl(proxy, *arguments, seconds=20):
    return subprocess.run(
        ["curl", "-sS", "--max-time", str(seconds), *map(str, arguments)],
        env=by(proxy), capture_output=True, text=True, timeout=seconds + 5,
    )  # fmt: skip


def books(shop, **more):
    return r.service_entry("books.example.com", shop.port, port=443, protocol="TLS", **more)


def test_curl_and_python_reach_a_known_host_over_https_and_no_other(start, shop, authority):
    proxy = start(books(shop))
    root = authority.certificate
    done = curl(proxy, "--cacert", root, "https://books.example.com/isbn/1")
    assert (done.returncode, done.stdout) == (0, "books"), done.stderr
    assert shop.names == ["books.example.com"]
    entry = proxy.log_entry(method="CONNECT")
    assert entry["response_code"] == "200" and entry["authority"] == "books.example.com:443", entry
    assert entry["upstream_cluster"] == "outbound|443||books.example.com", entry
    assert int(entry["bytes_received"]) > 0 and int(entry["bytes_sent"]) > 0, entry

    program = (
        "import ssl, urllib.request as u;"
        f"print(u.urlopen('https://books.example.com/', timeout=10,"
        f" context=ssl.create_default_context(cafile={str(root)!r})).read().decode())"
    )
    python = subprocess.run(
        [sys.executable, "-c", program], env=by(proxy), capture_output=True, text=True, timeout=30
    )
    assert python.stdout == "books\n", python.stderr

    refused = curl(proxy, "--cacert", root, "https://other.example.com/")
    assert refused.returncode == 56 and "502" in refused.stderr, refused.stderr

    def counted():
        return 'destination_service_name="BlackHoleCluster"' in proxy.metrics().text

    wait_for(counted, "the series of BlackHoleCluster")


def test_openssl_speaks_tls_through_it(start, shop, authority):
    proxy = start(books(shop))
    done = subprocess.run(
        ["openssl", "s_client", "-proxy", f"127.0.0.1:{proxy.port(OUT)}", "-connect",
         "books.example.com:443", "-CAfile", authority.certificate, "-verify_return_error"],
        input=b"GET / HTTP/1.1\r\nHost: books.example.com\r\n\r\n", capture_output=True, timeout=20,
    )  # fmt: skip
    assert b"Verify return code: 0 (ok)" in done.stdout, done.stdout + done.stderr


def test_http_goes_as_absolute_form_and_what_is_for_the_proxy_stays_there(start):
    with Upstream("a").start() as a:
        proxy = start(r.service("a", 80), r.workload_entry("a-1", a.port, {"app": "a"}))
        done = curl(
            proxy, "--proxy-user", "me:secret", "-H", "Proxy-Connection: keep-alive",
            "http://a/some/path?q=1",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        head = a.heads[0]
        assert head.target == "/some/path?q=1" and head.get("host") == "a"
        assert head.get("proxy-connection") is None and head.get("proxy-authorization") is None
        unknown = curl(proxy, "-w", "%{http_code}", "http://nobody.example.com/")
        assert unknown.stdout.startswith("nobody.example.com is not known here")
        assert unknown.stdout.endswith("\n502")


def refusal(proxy, authority, *, behind=b""):
    """What a CONNECT is told, and whether the connection ends then."""
    with proxy.wire(OUT) as wire:
        wire.send(
            f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode() + behind
        )
        answer = wire.response("GET")
        return answer.status, answer.body.decode(), wire.ends()


def test_a_tunnel_goes_to_declared_ports_of_known_hosts_alone(start, shop):
    with Upstream("a").start() as a:
        proxy = start(
            books(shop), r.service("a", 80), r.workload_entry("a-1", a.port, {"app": "a"})
        )
        status, text, ends = refusal(proxy, "books.example.com:25")
        assert (status, ends) == (502, True)
        assert text.startswith("books.example.com:25 is not known")
        status, text, ends = refusal(proxy, "127.0.0.1:22")
        assert (status, ends) == (502, True)
        status, text, ends = refusal(proxy, "169.254.169.254:80")
        assert (status, ends) == (502, True)
        status, text, ends = refusal(proxy, "a:80")
        assert (status, ends) == (403, True) and "ask for http://" in text
        # What came behind the refused request was for the tunnel, and is no request of its own.
        smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        status, text, ends = refusal(proxy, "nobody:443", behind=smuggled)
        assert (status, ends) == (502, True)
        assert a.heads == []


def test_an_endpoint_that_is_not_there_is_503(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    entry = r.service_entry("gone.example.com", port, port=443, protocol="TLS")
    status, text, ends = refusal(start(entry), "gone.example.com:443")
    assert (status, ends) == (503, True) and "remote connection failure" in text


def echo_bytes(connection):
    while data := connection.sock.recv(65536):
        connection.sock.sendall(data)
    connection.finish()


def test_bytes_pass_both_ways_from_the_first_one_on_and_ends_are_passed_on(start):
    with Upstream("tcp", echo_bytes).start() as tcp:
        proxy = start(r.service_entry("db.example.com", tcp.port, port=5432, protocol="TCP"))
        count = 4_000_000
        with proxy.wire(OUT) as wire:
            # The first of it comes with the request, before there is a tunnel.
            wire.send(b"CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db\r\n\r\nearly")
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += wire.sock.recv(1)
            lines = head.lower().split(b"\r\n")
            assert lines[0].startswith(b"http/1.1 200"), head
            # RFC 9110 section 9.3.6: neither field goes with it.
            assert not [x for x in lines if x.startswith((b"content-length", b"transfer-enc"))]

            def send():
                wire.sock.sendall(b"x" * count)
                wire.half_close()

            sender = threading.Thread(target=send)
            sender.start()
            got = bytearray()
            while data := wire.sock.recv(1 << 16):
                got += data
            sender.join()
        assert bytes(got) == b"early" + b"x" * count
        entry = proxy.log_entry(method="CONNECT")
        assert entry["bytes_received"] == entry["bytes_sent"] == str(count + 5), entry


def test_a_rule_for_the_server_name_decides_where_a_tunnel_goes(start, shop, authority):
    with Shop(authority, "elsewhere.example.com") as elsewhere:
        rules = r.resource(
            "VirtualService",
            "books",
            {
                "hosts": ["books.example.com"],
                "tls": [
                    {
                        "match": [{"port": 443, "sniHosts": ["books.example.com"]}],
                        "route": [
                            {"destination": {"host": "egress.example.com", "port": {"number": 443}}}
                        ],
                    }
                ],
            },
        )
        egress = r.service_entry(
            "egress.example.com", elsewhere.port, port=443, protocol="TLS", name="egress"
        )
        proxy = start(books(shop), egress, rules)
        done = curl(proxy, "-k", "https://books.example.com/")
        assert (done.returncode, done.stdout) == (0, "books"), done.stderr
        assert elsewhere.names == ["books.example.com"] and shop.names == []


def test_explain_says_what_connect_would_be_told(tmp_path, shop):
    objects = tmp_path / "all.yaml"
    objects.write_text(r.text(CALLER, books(shop)))
    asked = ["explain", "-f", objects, "--workload", "caller", "GET"]
    known = isthmus(*asked, "https://books.example.com/isbn/1")
    assert known.code == 0, known
    assert "CONNECT books.example.com:443" in known.out
    assert "outbound|443||books.example.com" in known.out
    unknown = isthmus(*asked, "https://other.example.com/")
    assert unknown.code == 1 and "502" in unknown.out, unknown
