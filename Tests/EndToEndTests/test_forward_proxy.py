"""A sidecar as the forward proxy of programs that know no mesh: HTTP_PROXY, HTTPS_PROXY."""

import contextlib
import socket
import ssl
import struct
import subprocess
import sys
import threading

import pytest

from harness import certificates as c
from harness import resources as r
from harness.binary import environment, isthmus
from harness.h2wire import H2Wire
from harness.nameserver import NameServer
from harness.namespace import own_address
from harness.sidecar import Sidecar
from harness.upstream import Upstream
from harness.waiting import wait_for

CALLER = r.workload_entry("caller", 1, {"app": "caller"}, address="127.0.0.1")
REGISTRY_ONLY = r.resource(
    "Sidecar",
    "caller",
    {"egress": [{"hosts": ["*/*"]}], "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
)
OUT = 15001


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return c.Authority(tmp_path_factory.mktemp("authority"))


class Shop:
    """An outside server of HTTPS on a port of its own: says which name it was asked by."""

    def __init__(self, authority, name, address="127.0.0.1"):
        pair = authority.issue(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        context.sni_callback = lambda sock, asked, _: self.names.append(asked)
        self.names, self.context = [], context
        self.listener = socket.create_server((address, 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

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
        # Closing alone does not wake who waits in accept: it would go on with whatever socket of a
        # later test gets the same number.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


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


class Turn:
    """Whoever connects to an address of this machine that is not loopback gets on to `target`, an
    address and a port: a load balancer with one server behind it."""

    def __init__(self, target=None):
        self.target, self.passed = target, 0
        self.listener = socket.create_server((own_address(), 0), backlog=512)
        self.authority = "%s:%d" % self.listener.getsockname()
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        # More than that is no answer that a test could want.
        while self.passed < 200:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.passed += 1
            far = socket.create_connection(self.target)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    @staticmethod
    def carry(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_request_that_a_load_balancer_leads_back_goes_round_once(start, workers):
    """No address tells: the one that is called is not this machine's, and only Via is left."""
    proxy = start(workers=workers)
    with Turn(("127.0.0.1", proxy.port(OUT))) as turn:
        run = curl(proxy, "-w", " %{http_code}", f"http://{turn.authority}/")
        assert run.stdout.endswith(" 502"), run.stdout + run.stderr
        assert "leads back to this proxy" in run.stdout
        assert turn.passed == 2, "as the client asked, and marked"
        wait_for(lambda: len(proxy.log_lines()) == 3, "three lines")
        line = proxy.log_entry(response_code_details="proxy_loop_detected")
        assert line["response_code"] == "502"


class Stream:
    """A CONNECT of an HTTP/2 connection, as a socket would be used."""

    def __init__(self, wire, authority):
        self.wire = wire
        fields = (":method", "CONNECT"), (":authority", authority)
        self.number = wire.ask(*fields, plain=False, end=False)
        self.seen = wire.streams[self.number]

    def opened(self):
        while not self.seen.status:
            assert self.wire.read()
        return self.seen

    def send(self, data, end=False):
        self.wire.data(self.number, data, end)

    def receive(self, count):
        while len(self.seen.body) < count and not self.seen.over:
            assert self.wire.read()
        got = bytes(self.seen.body[:count])
        del self.seen.body[:count]
        return got


class Secure:
    """TLS to the far end of a stream."""

    def __init__(self, stream, context, name):
        self.stream, self.coming, self.going = stream, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.coming, self.going, server_hostname=name)
        self.does(self.tls.do_handshake)

    def does(self, action, *arguments):
        while True:
            try:
                return action(*arguments)
            except ssl.SSLWantReadError:
                self.flush()
                got = self.stream.receive(1)
                assert got, self.stream.seen
                more = bytes(self.stream.seen.body)
                self.stream.seen.body.clear()
                self.coming.write(got + more)
            finally:
                self.flush()

    def flush(self):
        if data := self.going.read():
            self.stream.send(data)

    def ask(self, name):
        self.does(self.tls.write, f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        return self.does(self.tls.read, 1000)


def test_tunnels_are_streams_of_one_connection_over_http_2(start, authority, shop):
    """RFC 9113 section 8.5, beside a request of the same connection."""
    proxy = start(books(shop), REGISTRY_ONLY)
    context = ssl.create_default_context(cafile=authority.certificate)
    with H2Wire(proxy.port(OUT)) as wire:
        streams = [Stream(wire, "books.example.com:443") for _ in range(3)]
        for stream in streams:
            assert stream.opened().status == 200
            assert not stream.seen.over
        speakers = [Secure(stream, context, "books.example.com") for stream in streams]
        for _ in range(2):
            for speaker in speakers:
                assert b"books" in speaker.ask("books.example.com")
        refused = Stream(wire, "other.example.com:443")
        assert refused.opened().status == 502
        assert wire.finish(refused.number).body.startswith(b"other.example.com:443")
        # END_STREAM is FIN, both ways; the others go on.
        streams[0].send(b"", end=True)
        assert wire.finish(streams[0].number).ended
        assert b"books" in speakers[1].ask("books.example.com")
    assert shop.names == ["books.example.com"] * 3
    wait_for(lambda: len(proxy.log_lines()) == 4, "a line for each")
    line = proxy.log_entry(method="CONNECT", response_code="200")
    assert line["protocol"] == "HTTP/2" and int(line["bytes_sent"]) > 1000


@pytest.fixture
def echo():
    """A server of bytes: gives back what it gets, resets at `reset` and ends at the end."""
    def serve(listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(sock,), daemon=True).start()

    def answer(sock):
        with sock, contextlib.suppress(OSError):
            while data := sock.recv(65536):
                if data.endswith(b"reset"):
                    # Closing with no time to linger is RST.
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                sock.sendall(data)

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, args=(listener,), daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def bytes_of(port):
    return r.service_entry("bytes.test", port, port=7, protocol="TCP")


class Late(Shop):
    """Says nothing, not even of TLS, until it is let; then what it hears."""

    def __init__(self, authority, name):
        self.go = threading.Event()
        super().__init__(authority, name)

    def serve(self, raw):
        with contextlib.suppress(OSError):
            assert self.go.wait(20)
            with self.context.wrap_socket(raw, server_side=True) as sock:
                while data := sock.recv(65536):
                    sock.sendall(data)
                # Without a goodbye it would be cut off, and no clean end.
                sock.unwrap()


def test_what_a_stream_says_before_its_tunnel_stands_comes_first_and_holds_nothing_up(
    start, authority
):
    """All that its window takes: as soon as there is somebody to hear it, it may go on."""
    with Late(authority, "bytes.test") as late:
        tls = {"mode": "SIMPLE", "caCertificates": str(authority.certificate), "sni": "bytes.test"}
        proxy = start(
            bytes_of(late.port), r.destination_rule("bytes.test", {}, tls=tls), REGISTRY_ONLY
        )
        with H2Wire(proxy.port(OUT)) as wire:
            # The server's settings first, which say how large its windows are.
            assert wire.read()
            stream = Stream(wire, "bytes.test:7")
            window = wire.h2.local_flow_control_window(stream.number)
            data = bytes(range(256)) * 4096
            assert window < len(data)
            stream.send(data[:window])
            assert not stream.seen.status
            late.go.set()
            stream.send(data[window:], end=True)
            assert stream.receive(len(data)) == data
            assert stream.seen.status == 200
            assert wire.finish(stream.number).ended


def test_a_reset_at_the_far_end_of_a_stream_is_a_connect_error(start, echo):
    proxy = start(bytes_of(echo), REGISTRY_ONLY)
    with H2Wire(proxy.port(OUT)) as wire:
        stream = Stream(wire, "bytes.test:7")
        assert stream.opened().status == 200
        stream.send(b"reset")
        assert wire.finish(stream.number).reset == 10
        again = Stream(wire, "bytes.test:7")
        assert again.opened().status == 200
        again.send(b"here")
        assert again.receive(4) == b"here"


@pytest.mark.parametrize(
    "authority, status",
    [("bytes.test", 400), (":7", 400), ("bytes.test:x", 400), ("bytes.test:", 502)],
)
def test_connect_over_http_2_names_host_and_port(start, echo, authority, status):
    proxy = start(bytes_of(echo), REGISTRY_ONLY)
    with H2Wire(proxy.port(OUT)) as wire:
        stream = Stream(wire, authority)
        assert stream.opened().status == status
        assert Stream(wire, "bytes.test:7").opened().status == 200


def books(shop, **more):
    return r.service_entry("books.example.com", shop.port, port=443, protocol="TLS", **more)


def test_curl_and_python_reach_a_known_host_over_https_and_no_other(start, shop, authority):
    proxy = start(books(shop), REGISTRY_ONLY)
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
        proxy = start(
            r.service("a", 80), r.workload_entry("a-1", a.port, {"app": "a"}), REGISTRY_ONLY
        )
        done = curl(
            proxy, "--proxy-user", "me:secret", "-H", "Proxy-Connection: keep-alive",
            "http://a/some/path?q=1",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        head = a.heads[0]
        assert head.target == "/some/path?q=1" and head.get("host") == "a"
        assert head.get("proxy-connection") is None and head.get("proxy-authorization") is None
        unknown = curl(proxy, "-w", "%{http_code}", "http://nobody.example.com/")
        blocked = "nobody.example.com is blocked by outboundTrafficPolicy REGISTRY_ONLY of Sidecar"
        assert unknown.stdout.startswith(blocked), unknown
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
            books(shop), r.service("a", 80), r.workload_entry("a-1", a.port, {"app": "a"}),
            REGISTRY_ONLY,
        )  # fmt: skip
        status, text, ends = refusal(proxy, "books.example.com:25")
        assert (status, ends) == (502, True)
        assert text.startswith("books.example.com:25 is blocked by outboundTrafficPolicy")
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
        # Each of them is a line that says what, by which policy, and who asked.
        told = proxy.wait_for_talk("destination=nobody:443")
        line = next(x for x in told.splitlines() if "destination=books.example.com:25" in x)
        assert "REGISTRY_ONLY of Sidecar default/caller" in line
        assert "caller=127.0.0.1:" in line and "workload=caller" in line, line
        stats = proxy.admin("/stats").text
        assert "isthmus.egress_blocked_hosts_total: 4" in stats
        assert "isthmus.egress_blocked_ports_total: 1" in stats


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
    objects.write_text(r.text(CALLER, books(shop), REGISTRY_ONLY))
    asked = ["explain", "-f", objects, "--workload", "caller", "GET"]
    known = isthmus(*asked, "https://books.example.com/isbn/1")
    assert known.code == 0, known
    assert "CONNECT books.example.com:443" in known.out
    assert "outbound|443||books.example.com" in known.out
    unknown = isthmus(*asked, "https://other.example.com/")
    assert unknown.code == 1 and "502" in unknown.out, unknown
    objects.write_text(r.text(CALLER, books(shop)))
    passed = isthmus(*asked, "https://other.example.com/")
    assert passed.code == 0 and "PassthroughCluster" in passed.out, passed
    assert "any name and address), port as the request says" in passed.out, passed


# ALLOW_ANY


@pytest.fixture
def names(tmp_path):
    server = NameServer(tmp_path).start()
    yield server
    server.stop()


def test_allow_any_reaches_hosts_that_nothing_describes(start, names, authority):
    own = own_address()
    names.set("wild.test", own)
    with Shop(authority, "wild.test", own) as shop:
        proxy = start(arguments=["--dns", names.address])
        url = f"https://wild.test:{shop.port}/"
        done = curl(proxy, "--cacert", authority.certificate, url)
        assert (done.returncode, done.stdout) == (0, "books"), done.stderr
        entry = proxy.log_entry(method="CONNECT")
        assert entry["upstream_cluster"] == "PassthroughCluster", entry
        assert entry["upstream_host"] == f"{own}:{shop.port}", entry
        # By its address as well.
        done = curl(proxy, "-k", f"https://{own}:{shop.port}/")
        assert (done.returncode, done.stdout) == (0, "books"), done.stderr
    with Upstream("plain", address=own).start() as plain:
        done = curl(proxy, f"http://wild.test:{plain.port}/some/path?q=1")
        assert done.returncode == 0, done.stderr
        head = plain.heads[0]
        assert head.target == "/some/path?q=1" and head.get("host") == f"wild.test:{plain.port}"

    def counted():
        return 'destination_service_name="PassthroughCluster"' in proxy.metrics().text

    wait_for(counted, "the series of PassthroughCluster")


def test_allow_any_leads_nobody_inside(start, names):
    names.set("inside.test", "127.0.0.1")
    names.set("meta.test", "169.254.169.254")
    with Upstream("inside").start() as inside:
        proxy = start(arguments=["--dns", names.address])
        for authority in (
            f"inside.test:{inside.port}", f"127.0.0.1:{inside.port}", f"[::1]:{inside.port}",
            f"[::ffff:127.0.0.1]:{inside.port}", f"localhost:{inside.port}",
            f"0.0.0.0:{inside.port}", "meta.test:80", "169.254.169.254:80", "[fd00:ec2::254]:80",
        ):  # fmt: skip
            status, text, ends = refusal(proxy, authority)
            assert (status, ends) == (502, True), (authority, text)
            assert "is blocked: it is " in text and "no ServiceEntry lists it" in text, text
            asked = curl(proxy, "-w", "%{http_code}", f"http://{authority}/")
            assert asked.stdout.endswith("502"), asked
        for authority in (f"127.1:{inside.port}", f"2130706433:{inside.port}", "0x7f.1:80"):
            assert refusal(proxy, authority)[0] in (400, 503), authority
        assert inside.heads == []
        # So many lines a second are told, and the requests above were quick.
        line = "169.254.169.254, to which meta.test leads, is blocked"

        def is_told():
            refusal(proxy, "meta.test:80")
            return line in proxy.child.err

        wait_for(is_told, "a line about the address")


def test_what_is_refused_over_and_over_is_counted_and_told_now_and_then(start):
    proxy = start(REGISTRY_ONLY, workers=1)
    with proxy.wire(OUT) as wire:
        for number in range(200):
            head = f"GET http://nobody{number}.test/ HTTP/1.1\r\nHost: x\r\n\r\n"
            assert wire.request(head.encode()).status == 502
    assert "isthmus.egress_blocked_hosts_total: 200" in proxy.admin("/stats").text
    assert 10 <= proxy.child.err.count(" egress ") < 200


# A gateway's


def proxy_server(*hosts):
    return r.gateway(name="out", port=3128, protocol="HTTP_PROXY", hosts=hosts or ("*",))


def by_gateway(gateway, *arguments):
    address = f"http://127.0.0.1:{gateway.port(3128)}"
    return subprocess.run(
        ["curl", "-sS", "--max-time", "20", "-x", address, *map(str, arguments)],
        env=environment(), capture_output=True, text=True, timeout=25,
    )  # fmt: skip


def test_a_gateway_is_a_forward_proxy_to_what_entries_describe(started, shop, authority, names):
    own = own_address()
    names.set("a.app.test", own)
    names.set("inside.app.test", "127.0.0.1")
    with Upstream("web").start() as web, Shop(authority, "a.app.test", own) as app:
        ports = [{"number": 443, "name": "tls", "protocol": "TLS", "targetPort": app.port}]
        apps = r.service_entry("*.app.test", name="apps", ports=ports, resolution="DYNAMIC_DNS")
        gateway = started(
            proxy_server(), books(shop), apps, r.service_entry("web.test", web.port),
            ports=(3128,), arguments=["--dns", names.address],
        )  # fmt: skip
        root = authority.certificate
        for url in ("https://books.example.com/isbn/1", "https://a.app.test/"):
            done = by_gateway(gateway, "--cacert", root, url)
            assert (done.returncode, done.stdout) == (0, "books"), done.stderr
        assert by_gateway(gateway, "http://web.test/some/path").returncode == 0
        head = web.heads[0]
        assert (head.target, head.get("host")) == ("/some/path", "web.test")
        plain = by_gateway(gateway, "-w", "%{http_code}", "http://other.test/")
        assert plain.stdout.startswith("other.test is blocked by Gateway default/out"), plain
        assert plain.stdout.endswith("502")
        for url in ("https://other.test/", "https://inside.app.test/", "https://web.test:80/"):
            refused = by_gateway(gateway, "-k", url)
            assert refused.returncode == 56, refused
    told = gateway.wait_for_talk("destination=web.test:80")
    assert "destination=other.test:443" in told and "127.0.0.1, to which inside.app.test" in told
    # A port of HTTP that is none.
    web = r.gateway(name="web", port=80)
    with started(web, books(shop), name="plain").wire() as wire:
        wire.send(b"CONNECT books.example.com:443 HTTP/1.1\r\nHost: books\r\n\r\n")
        assert wire.response("GET").status == 404
