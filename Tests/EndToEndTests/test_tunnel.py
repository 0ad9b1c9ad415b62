"""Connections through an HTTP proxy: `tunnel` of a DestinationRule, by CONNECT and by POST.

The proxies are scripts whose every byte is looked at, one that speaks TLS and really dials, and a
sidecar of our own with its rules.
"""

import socket
import ssl
import threading
import time

import pytest

from harness import accesslog
from harness import certificates as c
from harness import resources as r
from harness.binary import curl, isthmus
from harness.nginx import Nginx
from harness.ports import free_port
from harness.sidecar import Sidecar
from harness.upstream import Upstream
from harness.waiting import wait_for
from test_forward_proxy import CALLER, Shop
from test_tcp import prefixed

PORT = 31400
YES = b"HTTP/1.1 200 Connection established\r\n\r\n"


def objects(proxy, target="far.test", port=9000, method=None, **policy):
    """Everything on a TCP port goes through the proxy at local port `proxy`."""
    tunnel = {"targetHost": target, "targetPort": port}
    if method:
        tunnel["protocol"] = method
    tcp = [{"route": [r.destination("proxy.test", port=3128)]}]
    return [
        r.gateway(port=PORT, protocol="TCP"),
        r.service_entry("proxy.test", proxy, port=3128, protocol="TCP"),
        r.destination_rule("proxy.test", {}, tunnel=tunnel, **policy),
        r.virtual_service("far", tcp=tcp),
    ]


def dial(gateway):
    return socket.create_connection(("127.0.0.1", gateway.port(PORT)), timeout=10)


def everything(sock):
    got = b""
    try:
        while data := sock.recv(65536):
            got += data
    except ConnectionResetError:
        pass
    return got


def entry(gateway):
    return accesslog.parse(wait_for(gateway.log_lines, "a line")[0])


def test_the_proxy_is_asked_before_a_byte_goes_through(started):
    seen = threading.Event()

    def script(connection):
        request = connection.read_request()
        assert request.first == b"CONNECT far.test:9000 HTTP/1.1"
        assert request.fields == [(b"host", b"far.test:9000")]
        time.sleep(0.2)
        assert not connection.buffer, "nothing goes out before the answer"
        # A server that speaks first, in the same segment as the proxy's answer.
        connection.send(b"HTTP/1.1 103 Early\r\nx: y\r\n\r\n" + YES + b"220 welcome\r\n")
        connection.until_closed(5)
        assert bytes(connection.buffer) == b"hello"
        connection.send(b"bye")
        seen.set()

    with Upstream("proxy", script) as proxy:
        gateway = started(*objects(proxy.port), ports=(PORT,))
        with dial(gateway) as sock:
            sock.sendall(b"hello")
            assert sock.recv(100) == b"220 welcome\r\n"
            sock.shutdown(socket.SHUT_WR)
            assert everything(sock) == b"bye"
        assert seen.wait(5), proxy.complaints


def test_an_answer_byte_by_byte_is_an_answer(started):
    def script(connection):
        connection.read_request()
        for byte in YES + b"greetings":
            connection.send(bytes([byte]))
            time.sleep(0.002)
        connection.until_closed(5)

    with Upstream("slow", script) as proxy:
        gateway = started(*objects(proxy.port, "2001:db8::1", 443), ports=(PORT,))
        with dial(gateway) as sock:
            got = b""
            while len(got) < len(b"greetings"):
                got += sock.recv(100)
            assert got == b"greetings"
        assert proxy.heads[0].first == b"CONNECT [2001:db8::1]:443 HTTP/1.1"


@pytest.mark.parametrize(
    "answer, why",
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "the answer is 403"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "the answer is 101"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is no HTTP"),
        (b"", "the connection ended without an answer"),
    ],
)
def test_a_refusal_closes_the_connection_and_says_why(started, answer, why):
    def script(connection):
        connection.read_request()
        connection.send(answer)
        if answer:
            connection.until_closed(5)

    with Upstream("no", script) as proxy:
        gateway = started(*objects(proxy.port), ports=(PORT,))
        with dial(gateway) as sock:
            assert everything(sock) == b""
        line = entry(gateway)
        assert line["response_flags"] == "UF"
        assert why in line["upstream_transport_failure_reason"].replace("_", " "), line


def test_a_proxy_that_says_nothing_is_given_up(started):
    def script(connection):
        connection.read_request()
        connection.until_closed(10)

    pool = {"connectionPool": {"tcp": {"connectTimeout": "0.5s"}}}
    with Upstream("mute", script) as proxy:
        gateway = started(*objects(proxy.port, **pool), ports=(PORT,))
        begin = time.monotonic()
        with dial(gateway) as sock:
            assert everything(sock) == b""
        assert 0.4 < time.monotonic() - begin < 5
        stats = gateway.admin("/stats").text
        assert "cluster.outbound|3128||proxy.test.upstream_cx_connect_timeout: 1" in stats
        assert "cluster.outbound|3128||proxy.test.upstream_cx_active: 0" in stats


class SecureProxy(Shop):
    """A forward proxy behind TLS: does as CONNECT asks, to whatever port of this machine."""

    def __init__(self, authority, name, port):
        self.asked = []
        self.far = port
        super().__init__(authority, name)

    def serve(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as sock:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += sock.recv(1)
                self.asked.append((head.split(b"\r\n")[0], sock.selected_alpn_protocol()))
                far = socket.create_connection(("127.0.0.1", self.far), timeout=10)
                sock.sendall(YES)
                with far:
                    while data := sock.recv(65536):
                        far.sendall(data)
                        sock.sendall(far.recv(65536))
        except OSError:
            pass


def test_the_way_to_the_proxy_may_be_tls(started, tmp_path):
    authority = c.Authority(tmp_path)
    with Upstream("far", prefixed(b"far")) as far:
        with SecureProxy(authority, "proxy.test", far.port) as proxy:
            proxy.context.set_alpn_protocols(["h2", "http/1.1"])
            tls = {
                "mode": "SIMPLE", "sni": "proxy.test", "subjectAltNames": ["proxy.test"],
                "caCertificates": str(authority.certificate),
            }  # fmt: skip
            gateway = started(*objects(proxy.port, tls=tls), ports=(PORT,))
            with dial(gateway) as sock:
                for word in (b"one", b"two"):
                    sock.sendall(word)
                    assert sock.recv(100) == b"far " + word
            assert proxy.asked == [(b"CONNECT far.test:9000 HTTP/1.1", "http/1.1")]
            assert proxy.names == ["proxy.test"]


class Relay(Shop):
    """A forward proxy in the clear or behind TLS, which carries both ways at once."""

    def __init__(self, authority, name, port, secure):
        self.asked, self.far, self.secure = [], port, secure
        super().__init__(authority, name)
        # It would take HTTP/2 itself, if it were offered.
        self.context.set_alpn_protocols(["h2", "http/1.1"])

    def serve(self, raw):
        try:
            sock = self.context.wrap_socket(raw, server_side=True) if self.secure else raw
            with sock, socket.create_connection(("127.0.0.1", self.far), timeout=10) as far:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += sock.recv(1)
                self.asked.append(head.split(b"\r\n")[0])
                sock.sendall(YES)
                back = threading.Thread(target=self.carry, args=(far, sock), daemon=True)
                back.start()
                self.carry(sock, far)
                back.join(10)
        except OSError:
            pass

    @staticmethod
    def carry(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture(scope="module")
def modern(tmp_path_factory):
    """(authority, port) of nginx that speaks HTTP/2 over TLS as `up.test`."""
    folder = tmp_path_factory.mktemp("modern")
    authority = c.Authority(folder)
    pair, port = authority.issue("modern", "up.test"), free_port()
    text = f"""listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};
        location / {{ return 200 "$server_protocol $request_uri"; }}"""
    with Nginx(folder, text):
        yield authority, port


@pytest.mark.parametrize("secure", [False, True], ids=["clear", "tls"])
def test_http_2_over_tls_goes_through_a_tunnel(started, modern, secure):
    """Its TLS is the two ends' own, and so is what they agree on inside."""
    authority, port = modern
    with Relay(authority, "proxy.test", port, secure) as proxy:
        policy = {}
        if secure:
            policy["tls"] = {
                "mode": "SIMPLE", "sni": "proxy.test", "subjectAltNames": ["proxy.test"],
                "caCertificates": str(authority.certificate),
            }  # fmt: skip
        gateway = started(*objects(proxy.port, "up.test", 443, **policy), ports=(PORT,))
        local = gateway.port(PORT)
        url = f"https://up.test:{local}"
        run = curl(
            *["--http2", "--cacert", authority.certificate, "--resolve"],
            *[f"up.test:{local}:127.0.0.1", "-w", " %{http_version}\\n", f"{url}/a", f"{url}/b"],
        )
        assert run.code == 0, run.err
        assert run.out == "HTTP/2.0 /a 2\nHTTP/2.0 /b 2\n"
        assert proxy.asked == [b"CONNECT up.test:443 HTTP/1.1"]


@pytest.mark.parametrize("protocol", ["HTTP2", "HTTP"])
def test_requests_go_past_the_tunnel_in_the_version_they_are_meant_in(started, modern, protocol):
    """A `tunnel` is for routes of bytes: what it says of the way to a proxy is nothing to them."""
    authority, port = modern
    version = {"HTTP2": "HTTP/2.0", "HTTP": "HTTP/1.1"}[protocol]
    gateway = started(
        r.gateway(),
        r.service_entry("up.test", port, protocol=protocol),
        r.destination_rule(
            "up.test", {},
            tunnel={"targetHost": "far.test", "targetPort": 443},
            tls={"mode": "SIMPLE", "caCertificates": str(authority.certificate)},
        ),
        r.virtual_service("all", r.rule("up.test")),
    )  # fmt: skip
    answer = gateway.get("/a", host="up.test")
    assert (answer.status, answer.body) == (200, f"{version} /a".encode())


def test_post_carries_the_bytes_as_bodies(started):
    ended = threading.Event()

    def script(connection):
        request = connection.read_request()
        assert request.first == b"POST / HTTP/1.1"
        assert request.get("host") == "far.test:9000"
        assert request.get("transfer-encoding") == "chunked"
        connection.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nwelcome \r\n"
        )
        connection.read_body(request)
        assert request.body == b"x" * 100_000, len(request.body)
        answer = b"b" * 70_000
        connection.send(b"%x;ext=1\r\n%s\r\n" % (len(answer), answer) + b"0\r\nt: v\r\n\r\n")
        ended.set()
        connection.until_closed(5)

    with Upstream("proxy", script) as proxy:
        gateway = started(*objects(proxy.port, method="POST"), ports=(PORT,))
        with dial(gateway) as sock:
            assert sock.recv(8, socket.MSG_WAITALL) == b"welcome "
            sock.sendall(b"x" * 100_000)
            sock.shutdown(socket.SHUT_WR)
            assert everything(sock) == b"b" * 70_000
        assert ended.wait(5), proxy.complaints


def test_post_whose_answer_breaks_off_is_no_clean_end(started):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with Upstream("proxy", script) as proxy:
        gateway = started(*objects(proxy.port, method="POST"), ports=(PORT,))
        with dial(gateway) as sock, pytest.raises(ConnectionResetError):
            while sock.recv(100):
                pass


def test_tls_by_server_name_through_a_sidecar_of_our_own(started, tmp_path):
    """Istio's task of an external HTTPS proxy, with a proxy that has rules of its own."""
    authority = c.Authority(tmp_path / "ca")
    (tmp_path / "proxy").mkdir()
    with Shop(authority, "books.test") as shop:
        outside = r.service_entry("books.test", shop.port, port=443, protocol="TLS")
        strict = r.resource(
            "Sidecar", "strict", {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
        )
        with Sidecar(
            tmp_path / "proxy", [CALLER, outside, strict], workload="caller", ports=(15001,)
        ) as sidecar:
            tunnels = {
                name: {"tunnel": {"targetHost": name, "targetPort": 443}}
                for name in ("books.test", "other.test")
            }
            rule = r.destination_rule("proxy.test", {})
            rule["spec"]["subsets"] = [
                {"name": name.split(".")[0], "trafficPolicy": policy}
                for name, policy in tunnels.items()
            ]
            tls = [
                {
                    "match": [{"sniHosts": [name]}],
                    "route": [r.destination("proxy.test", subset=name.split(".")[0])],
                }
                for name in tunnels
            ]
            gateway = started(
                r.gateway(port=443, protocol="TLS", tls={"mode": "PASSTHROUGH"}),
                r.service_entry("proxy.test", sidecar.port(15001), port=3128, protocol="TCP"),
                rule,
                r.virtual_service("all", tls=tls),
                ports=(443,),
            )
            context = ssl.create_default_context(cafile=authority.certificate)
            raw = socket.create_connection(("127.0.0.1", gateway.port(443)), timeout=10)
            with context.wrap_socket(raw, server_hostname="books.test") as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: books.test\r\n\r\n")
                assert b"books" in sock.recv(1000)
            raw = socket.create_connection(("127.0.0.1", gateway.port(443)), timeout=10)
            with raw, pytest.raises(OSError):
                context.wrap_socket(raw, server_hostname="other.test")
            wait_for(lambda: len(gateway.log_lines()) == 2, "both lines")
            refused = gateway.log_entry(response_flags="UF")
            reason = refused["upstream_transport_failure_reason"].replace("_", " ")
            assert "the answer is 502" in reason


def test_explain_tells_of_the_tunnel(tmp_path):
    made = objects(3128)
    made[0] = r.gateway(port=443, protocol="TLS", tls={"mode": "PASSTHROUGH"})
    route = made[3]["spec"].pop("tcp")[0]["route"]
    made[3]["spec"]["tls"] = [{"match": [{"sniHosts": ["far.test"]}], "route": route}]
    made[3]["spec"]["hosts"] = ["far.test"]
    (tmp_path / "a.yaml").write_text(r.text(*made))
    run = isthmus("explain", "-f", tmp_path / "a.yaml", "GET", "https://far.test/")
    assert "through a tunnel to far.test:9000" in run.out, run.out + run.err
