"""TLS 1.3 connections after their handshake: every suite, padding, changes of keys, the end.

The other end is OpenSSL's own s_client, which can be told to do what few clients do by themselves.
"""

import os
import select
import subprocess
import time

import pytest

from harness import certificates as c
from harness import resources as r

SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]


@pytest.fixture
def gateway(started, tmp_path):
    pair = c.Authority(tmp_path).issue("a.test")
    rule = {"directResponse": {"status": 200, "body": {"string": "answered"}}}
    return started(
        c.gateway(c.server(["a.test"], mode="SIMPLE", credentialName="a")),
        c.secret("a", pair),
        r.virtual_service("says", rule, hosts=["a.test"], gateways=["edge"]),
        ports=(443,),
    )


class SClient:
    """`openssl s_client`, typed to and read from."""

    def __init__(self, gateway, *arguments):
        address = f"127.0.0.1:{gateway.port(443)}"
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-connect", address, "-servername", "a.test", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def until(self, text, seconds=10):
        """Reads until `text` has come; gives all that came, and forgets it."""
        deadline = time.monotonic() + seconds
        pipe = self.process.stdout.fileno()
        while text not in self.seen:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([pipe], [], [], left)[0], self.seen
            data = os.read(pipe, 65536)
            assert data, f"s_client ended:\n{self.seen}"
            self.seen += data.decode(errors="replace")
        seen, self.seen = self.seen, ""
        return seen

    def ask(self):
        self.type("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert "HTTP/1.1 200" in self.until("answered")


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_carries_requests(gateway, suite):
    with SClient(gateway, "-tls1_3", "-ciphersuites", suite) as client:
        assert suite in client.until("Verify return code")
        for _ in range(3):
            client.ask()


def test_tls_1_2_goes_on_as_before(gateway):
    with SClient(gateway, "-tls1_2") as client:
        assert "TLSv1.2" in client.until("Verify return code")
        for _ in range(3):
            client.ask()


def test_padding_is_taken_off(gateway):
    with SClient(gateway, "-tls1_3", "-record_padding", "700") as client:
        client.until("Verify return code")
        for _ in range(3):
            client.ask()


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("letter", ["k", "K"])
def test_keys_change_when_the_client_says_so(gateway, suite, letter):
    """`k` changes the client's key; `K` asks the server to change its own as well."""
    with SClient(gateway, "-tls1_3", "-ciphersuites", suite) as client:
        client.until("Verify return code")
        for _ in range(3):
            client.ask()
            client.type(letter + "\n")
            client.until("KEYUPDATE")
        client.ask()


def test_the_end_is_told_apart_from_a_cut(gateway):
    with SClient(gateway, "-tls1_3") as client:
        client.until("Verify return code")
        client.type("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        # s_client says this at a close_notify, and "unexpected eof" without one.
        assert "unexpected eof" not in client.until("closed")
