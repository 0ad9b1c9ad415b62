"""Whatever comes in at one end, only well-formed HTTP goes out at the other.

Honest messages are bent at random, thousands of times, from a seed that is printed on failure and
can be set with ISTHMUS_SEED. The upstream and the client are the strict ones of the harness: they
complain of everything that is not HTTP/1.1 to the letter.
"""

import os
import random
import time

import pytest

from harness import resources as r
from harness.binary import isthmus
from harness.gateway import Gateway
from harness.upstream import ok
from harness.wire import CutShort, Malformed, Quiet, Wire

SEED = int(os.environ.get("ISTHMUS_SEED", "20261121"))
PARTS = [
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b"/", b"?", b"%", b"\x7f",
    b"\xff", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n",
    b"chunked", b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: x\r\n",
    b"Expect: 100-continue\r\n",
    b"0\r\n\r\n", b"5\r\nhello\r\n", b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0",
    b"99999999999999999999", b"-1", b"0x1", b"ffffffff", b"identity", b"HEAD", b"CONNECT", b"*",
    b"TE: trailers\r\n", b"Trailer: X\r\n", b"X: " + b"y" * 5000 + b"\r\n",
]  # fmt: skip

REQUESTS = [
    b"GET /a/../b?c=d HTTP/1.1\r\nHost: any.test\r\nUser-Agent: fuzz\r\nX-A: b\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: any.test\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /c HTTP/1.1\r\nHost: any.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: any.test\r\nConnection: keep-alive, X-A\r\nX-A: 1\r\n\r\n",
    b"GET http://any.test/x HTTP/1.1\r\nHost: any.test\r\n\r\n",
]

RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
    b"5\r\nhello\r\n6;e=1\r\n world\r\n0\r\nX: 1\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nETag: x\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nuntil the end",
]


def bend(chance, data):
    """One to four small changes."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            data[at:at] = chance.choice(PARTS)
        elif kind == 1:
            del data[at : at + chance.randint(1, 8)]
        elif kind == 2 and at < len(data):
            data[at] = chance.randrange(256)
        elif kind == 3:
            end = min(len(data), at + chance.randint(1, 30))
            data[at:at] = data[at:end]
        else:
            data[at : at + 1] = chance.choice(PARTS)
    return bytes(data)


@pytest.fixture
def edge(tmp_path, upstream):
    with Gateway(tmp_path, r.one_upstream(upstream.port), workers=2) as gateway:
        yield gateway


def talk(edge, data):
    """Sends it and reads what comes until the gateway closes or waits."""
    with edge.wire(seconds=5) as wire:
        wire.send_if_open(data)
        try:
            wire.half_close()
        except OSError:
            pass
        deadline = time.monotonic() + 5
        try:
            while wire.more(deadline):
                pass
        except Quiet:
            return None
        return bytes(wire.buffer)


def test_3000_bent_requests_reach_the_upstream_well_formed_or_not_at_all(edge, upstream):
    chance = random.Random(SEED)
    unanswered = 0
    for n in range(3000):
        data = bend(chance, chance.choice(REQUESTS))
        before = len(upstream.complaints)
        answer = talk(edge, data)
        hint = f"seed {SEED}, round {n}: {data!r}"
        assert answer is not None, f"no end after a half-close; {hint}"
        assert not answer or answer.startswith(b"HTTP/1.1 "), f"{answer[:80]!r}; {hint}"
        unanswered += not answer
        malformed = [c for c in upstream.complaints[before:] if "connection ended" not in c]
        assert not malformed, f"{malformed}; {hint}"
        assert edge.child.code is None, f"the gateway ended; {hint}\n{edge.child.tail()}"
    assert unanswered < 1500, "the bent requests are too broken to tell anything"
    assert len(upstream.requests) > 300, "too few got through to tell anything"
    assert edge.get().status == 200


def test_2000_bent_responses_reach_the_client_well_formed_or_cut(edge, upstream):
    chance = random.Random(SEED + 1)
    sent, statuses = {}, []

    def script(connection):
        request = connection.read_all()
        while request:
            n = int(request.get("x-round") or -1)
            connection.send(sent.get(n, ok(b"plain")))
            if n in sent:
                connection.finish()
                connection.until_closed(2)
                return
            request = connection.read_all()

    upstream.script = script
    for n in range(2000):
        sent[n] = bend(chance, chance.choice(RESPONSES))
        method = chance.choice(["GET", "GET", "HEAD"])
        head = f"{method} / HTTP/1.1\r\nHost: any.test\r\nX-Round: {n}\r\n\r\n"
        hint = f"seed {SEED}, round {n}, {method}: {sent[n]!r}"
        with edge.wire(seconds=5) as wire:
            wire.send(head.encode())
            try:
                response = wire.response(method)
                statuses.append(response.status)
                assert wire.is_quiet(0) or wire.ended, f"more than a response; {hint}"
                assert len(response.all("server")) == 1, hint
            except CutShort:
                pass
            except Malformed as complaint:
                pytest.fail(f"{complaint}; {hint}")
            except Quiet:
                pytest.fail(f"no end; {hint}")
        assert edge.child.code is None, f"the gateway ended; {hint}\n{edge.child.tail()}"
    assert statuses.count(502) > 200 and len(set(statuses)) > 3, "too little variety"
    assert edge.get().status == 200


CONFIGURATION = r.text(
    r.gateway(hosts=["*.a.test", "team/b.test"]),
    r.service_entry("b.test", 8080, labels=[{"version": "v1"}]),
    r.destination_rule("b.test", {"v1": {"version": "v1"}}, loadBalancer={"simple": "RANDOM"}),
    r.service("shop", 80),
    r.endpoint_slice("shop", 8080),
    r.workload_entry("w", 8080, {"app": "shop"}),
    r.virtual_service(
        "all",
        r.rule(
            r.destination("b.test", weight=30, subset="v1"),
            r.destination("shop", weight=70, headers={"request": {"set": {"a": "%PROTOCOL%"}}}),
            match=[r.uri("regex", "/a/(b|c)+", method={"exact": "GET"}, headers={"h": {}})],
            rewrite={"uriRegexRewrite": {"match": "/a/(.*)", "rewrite": "/\\1"}},
            name="first",
        ),
        {"match": [r.uri("prefix", "/d")], "redirect": {"uri": "/e", "redirectCode": 302}},
        {"directResponse": {"status": 418, "body": {"string": "x"}}},
        hosts=["x.a.test"],
    ),
)
YAML_PARTS = [
    "[", "]", "{", "}", ":", "-", "&a ", "*a", "!!binary ", "|", ">", "'", '"', "#", "\t", "\n",
    "%", "\\", "~", "null", "true", "0x10", "1e309", "-1", "99999999999999999999", ".inf",
    "\u0000", "---", "...", "<<: *a", "\ufeff", "? ", "@", "`", "\u2028", "kind: List", "items:",
    "(", "*", "{}", "[]",
]  # fmt: skip


def bend_text(chance, text):
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            text = text[:at] + chance.choice(YAML_PARTS) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + chance.randint(1, 12) :]
        elif kind == 2:
            lines = text.split("\n")
            one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[one], lines[two] = lines[two], lines[one]
            text = "\n".join(lines)
        else:
            words = text.split(" ")
            words[chance.randrange(len(words))] = chance.choice(YAML_PARTS)
            text = " ".join(words)
    return text


def test_1500_bent_configurations_are_judged_and_nothing_ends(tmp_path):
    """Each file by itself is good or has an error with a place; no process goes down."""
    chance = random.Random(SEED + 2)
    for batch in range(15):
        folder = tmp_path / f"batch{batch}"
        folder.mkdir()
        for n in range(100):
            text = bend_text(chance, CONFIGURATION)
            (folder / f"{n}.yaml").write_text(text, errors="surrogatepass")
        run = isthmus("validate", "-f", folder, seconds=30)
        if run.code not in (0, 65):
            for file in sorted(folder.iterdir()):
                alone = isthmus("validate", "-f", file, seconds=10)
                hint = f"seed {SEED}: {file.read_text()}\n{alone.err[-2000:]}"
                assert alone.code in (0, 65), hint
        assert run.code in (0, 65), f"seed {SEED}, batch {batch}: {run.code}\n{run.err[-3000:]}"


def test_bent_configurations_never_stop_a_gateway(edge):
    chance = random.Random(SEED + 3)
    for n in range(150):
        edge.write("bent.yaml", bend_text(chance, CONFIGURATION))
        if n % 10 == 0:
            assert edge.get(host="any.test").status in (200, 404, 418)
        assert edge.child.code is None, edge.child.tail()
    (edge.config / "bent.yaml").unlink()
    end = time.monotonic() + 5
    while edge.get().status != 200:
        assert time.monotonic() < end, "the good configuration did not come back"


def test_the_upstream_of_these_tests_is_strict(upstream):
    """A fuzzer whose judge sleeps finds nothing."""
    with Wire(upstream.port) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-A : b\r\n\r\n")
        assert wire.ends()
    assert any("connection ended" not in complaint for complaint in upstream.complaints)
