"""Which endpoint a request or a connection goes to: by key, by weight, by age.

Three nginx servers say which of them answered. Statistics allow six standard deviations of a fair
draw, which is no alarm in half a billion runs.
"""

import re
import socket
import time

import pytest

from harness import resources as r
from harness.binary import isthmus
from harness.nginx import Nginx
from harness.upstream import Upstream, ok
from harness.waiting import wait_for

SERVERS = ("one", "two", "three", "four")


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    texts = [f'location / {{ return 200 "{name}"; }}' for name in SERVERS]
    with Nginx(tmp_path_factory.mktemp("servers"), *texts) as nginx:
        yield nginx


def objects(ports, balancer, weights=(), **policy):
    """Everything on port 80 goes to `ports`, balanced by `balancer`."""
    entry = r.service_entry("all.test", *ports)
    for endpoint, weight in zip(entry["spec"]["endpoints"], weights):
        endpoint["weight"] = weight
    rule = r.destination_rule("all.test", {}, loadBalancer=balancer, **policy)
    return [r.gateway(), entry, rule, r.virtual_service("all", r.rule("all.test"))]


def asked(gateway, heads):
    """Who answered each of `heads`, over one connection."""
    found = []
    with gateway.wire(seconds=60) as wire:
        for begin in range(0, len(heads), 50):
            part = heads[begin : begin + 50]
            wire.send("".join(part).encode())
            for _ in part:
                response = wire.response()
                assert response.status == 200
                found.append(response.text)
    return found


def head(path="/", *fields):
    lines = [f"GET {path} HTTP/1.1", "Host: any.test", *fields]
    return "".join(line + "\r\n" for line in lines) + "\r\n"


def near(count, total, share):
    return abs(count - total * share) < 6 * (total * share * (1 - share)) ** 0.5


# Order and weights.


@pytest.mark.parametrize("simple", ["ROUND_ROBIN", "LEAST_REQUEST", "RANDOM"])
@pytest.mark.parametrize("weights", [(1, 1), (80, 20), (75, 25)])
def test_endpoints_get_their_weights_over_10000_requests(started, servers, simple, weights):
    gateway = started(
        *objects(servers.ports[:2], {"simple": simple}, weights), access_log=False, workers=1
    )
    found = asked(gateway, [head()] * 10_000)
    share = weights[0] / sum(weights)
    assert near(found.count("one"), 10_000, share), found.count("one")
    if simple == "ROUND_ROBIN":
        assert abs(found.count("one") - 10_000 * share) <= 1


# Keys.


KEYS = {
    "header": ({"httpHeaderName": "X-User"}, lambda user: head("/", f"x-user: {user}")),
    "query": ({"httpQueryParameterName": "user"}, lambda user: head(f"/a?b=c&user={user}&d=e")),
    "cookie": (
        {"httpCookie": {"name": "user"}},
        lambda user: head("/", f"Cookie: a=b; user={user}; c=d"),
    ),
}
TABLES = {
    "ring": {},
    "large ring": {"ringHash": {"minimumRingSize": 50_000}},
    "maglev": {"maglev": {}},
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("table", TABLES)
def test_a_key_stays_with_its_endpoint_and_keys_spread(started, servers, key, table):
    text, request = KEYS[key]
    gateway = started(
        *objects(servers.ports, {"consistentHash": {**text, **TABLES[table]}}), access_log=False
    )
    users = [f"user-{n}" for n in range(1000)]
    first = asked(gateway, [request(user) for user in users])
    assert set(first) == set(SERVERS)
    for name in SERVERS:
        # Points of a ring are uneven by themselves: a quarter, give or take its half.
        assert 125 < first.count(name) < 375, first.count(name)
    # Another connection, maybe another worker.
    assert asked(gateway, [request(user) for user in users]) == first


def test_requests_without_a_key_go_anywhere(started, servers):
    gateway = started(
        *objects(servers.ports, {"consistentHash": {"httpHeaderName": "x-user"}}), access_log=False
    )
    found = asked(gateway, [head()] * 400)
    assert set(found) == set(SERVERS)


@pytest.mark.parametrize("table", TABLES)
def test_an_endpoint_that_goes_moves_its_keys_and_few_others(started, servers, table):
    balancer = {"consistentHash": {"httpHeaderName": "x-user", **TABLES[table]}}
    gateway = started(*objects(servers.ports, balancer), access_log=False)
    requests = [head("/", f"x-user: {n}") for n in range(2000)]
    before = asked(gateway, requests)
    gateway.apply("resources.yaml", *objects(servers.ports[:3], balancer))
    after = asked(gateway, requests)
    moved = sum(old != new for old, new in zip(before, after))
    assert "four" not in after
    # Its own; besides, Maglev trades a few rows, and a ring of a given size is divided anew.
    others = {"ring": 0, "maglev": 200, "large ring": 600}[table]
    assert before.count("four") <= moved <= before.count("four") + others


def test_a_clients_address_is_a_key_for_requests_and_for_bytes(started, servers):
    hashed = {"consistentHash": {"useSourceIp": True}}
    tcp = r.service_entry("bytes.test", *servers.ports, protocol="TCP", port=9000)
    gateway = started(
        *objects(servers.ports, hashed),
        r.gateway("tcp", port=9000, protocol="TCP"),
        tcp,
        r.destination_rule("bytes.test", {}, loadBalancer=hashed),
        r.virtual_service(
            "bytes",
            gateways=["tcp"],
            tcp=[{"route": [r.destination("bytes.test", port=9000)]}],
        ),
        ports=(80, 9000),
        access_log=False,
    )

    def ask(address, number):
        with socket.create_connection(
            ("127.0.0.1", gateway.port(number)), 10, source_address=(address, 0)
        ) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: any.test\r\nConnection: close\r\n\r\n")
            data = b""
            while piece := sock.recv(4096):
                data += piece
        return data.rpartition(b"\r\n\r\n")[2].decode()

    for number in (80, 9000):
        found = {}
        for n in range(1, 25):
            address = f"127.0.1.{n}"
            answers = {ask(address, number) for _ in range(5)}
            assert len(answers) == 1, (number, address, answers)
            found[address] = answers.pop()
        assert len(set(found.values())) > 1, found


# Cookies that are made.


def test_a_cookie_is_made_once_and_then_decides(started, servers):
    cookie = {
        "name": "stick",
        "path": "/shop",
        "ttl": "90s",
        "attributes": [{"name": "SameSite", "value": "Lax"}],
    }
    gateway = started(*objects(servers.ports, {"consistentHash": {"httpCookie": cookie}}))
    seen = set()
    for _ in range(12):
        first = gateway.get()
        made = first.get("set-cookie")
        assert re.fullmatch(
            r'stick="[0-9a-f]{16}"; Max-Age=90; Path=/shop; SameSite=Lax; HttpOnly', made
        ), made
        value = made.split(";")[0].partition("=")[2]
        for text in (value, value.strip('"')):
            again = gateway.get(fields=[f"Cookie: stick={text}"])
            assert again.get("set-cookie") is None
            assert again.text == first.text
        seen.add(first.text)
    assert len(seen) > 1


def test_a_cookie_without_ttl_is_never_made_and_one_of_0s_ends_with_the_session(started, servers):
    never = started(*objects(servers.ports, {"consistentHash": {"httpCookie": {"name": "c"}}}))
    assert never.get().get("set-cookie") is None
    session = started(
        *objects(servers.ports, {"consistentHash": {"httpCookie": {"name": "c", "ttl": "0s"}}})
    )
    assert re.fullmatch(r'c="[0-9a-f]{16}"; HttpOnly', session.get().get("set-cookie"))


# Warm-up, and what cannot be done.


def test_an_endpoint_that_joins_gets_little_at_first_and_its_share_in_the_end(started, servers):
    balancer = {"simple": "ROUND_ROBIN", "warmup": {"duration": "3s", "minimumPercent": 10}}
    gateway = started(*objects(servers.ports[:1], balancer), access_log=False, workers=1)
    assert set(asked(gateway, [head()] * 10)) == {"one"}
    begun = time.monotonic()
    # Whoever was there has warmed up when the second joins.
    wait_for(lambda: time.monotonic() - begun > 3.1, "the first to be warm", 10)
    gateway.write("resources.yaml", *objects(servers.ports[:2], balancer))
    first = []

    def joined():
        first[:] = asked(gateway, [head()] * 100)
        return "two" in first

    wait_for(joined, "the second to join")
    # Even on a slow machine: far from the half it will get.
    assert first.count("two") < 45, first.count("two")
    wait_for(lambda: asked(gateway, [head()] * 100).count("two") >= 49, "the full share", 15)


def test_passthrough_and_a_table_of_no_prime_size_are_told(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(r.text(*objects([8080], {"simple": "PASSTHROUGH"})))
    run = isthmus("validate", "-f", file)
    assert run.code == 0
    assert "PASSTHROUGH" in run.out + run.err and "LEAST_REQUEST" in run.out + run.err
    for size in (0, 65536, 5_000_023):
        balancer = {"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": size}}}
        file.write_text(r.text(*objects([8080], balancer)))
        run = isthmus("validate", "-f", file)
        assert run.code != 0, size
        assert "prime" in run.out + run.err


# The PROXY header.


class Announced:
    """An upstream that wants a PROXY header and answers with its text, or its address in V2."""

    def __init__(self):
        self.connections = 0

    def __call__(self, connection):
        self.connections += 1
        connection.more(time.monotonic() + 10)
        data = bytes(connection.buffer)
        if data.startswith(b"\r\n\r\n\0\r\nQUIT\n"):
            count = int.from_bytes(data[14:16], "big")
            assert data[12:14] == b"\x21\x11" and count == 12, data[:16]
            source = ".".join(map(str, data[16:20]))
            port = int.from_bytes(data[24:26], "big")
            said, used = f"V2 {source} {port}", 16 + count
        else:
            line, _, _ = data.partition(b"\r\n")
            said, used = line.decode(), len(line) + 2
        del connection.buffer[:used]
        while connection.read_all():
            connection.send(ok(said.encode()))


@pytest.mark.parametrize("version", ["V1", "V2"])
@pytest.mark.parametrize("limits", [{}, {"connectionPool": {"tcp": {"maxConnections": 10}}}])
def test_a_proxy_header_names_the_client_of_each_request(started, version, limits):
    script = Announced()
    with Upstream(script=script) as upstream:
        policy = {"proxyProtocol": {"version": version}, **limits}
        gateway = started(*objects([upstream.port], {"simple": "RANDOM"}, **policy))
        for address in ("127.0.0.1", "127.0.1.7"):
            with socket.create_connection(
                ("127.0.0.1", gateway.port()), 10, source_address=(address, 0)
            ) as sock:
                port = sock.getsockname()[1]
                for _ in range(2):
                    sock.sendall(b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n")
                    data = b""
                    wanted = (
                        f"PROXY TCP4 {address} 127.0.0.1 {port} {gateway.port()}"
                        if version == "V1"
                        else f"V2 {address} {port}"
                    ).encode()
                    while not data.endswith(wanted):
                        piece = sock.recv(4096)
                        assert piece, data
                        data += piece
        assert script.connections == 4


def test_a_proxy_header_goes_before_the_bytes_of_a_tcp_route(started):
    script = Announced()
    with Upstream(script=script) as upstream:
        gateway = started(
            r.gateway("tcp", port=9000, protocol="TCP"),
            r.service_entry("bytes.test", upstream.port, protocol="TCP", port=9000),
            r.destination_rule("bytes.test", {}, proxyProtocol={"version": "V1"}),
            r.virtual_service(
                "bytes",
                gateways=["tcp"],
                tcp=[{"route": [r.destination("bytes.test", port=9000)]}],
            ),
            ports=(9000,),
        )
        with gateway.wire(9000) as wire:
            port = wire.sock.getsockname()[1]
            answer = wire.request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert answer.text == f"PROXY TCP4 127.0.0.1 127.0.0.1 {port} {gateway.port(9000)}"
