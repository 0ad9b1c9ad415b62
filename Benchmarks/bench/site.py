"""What the proxies are asked to serve: one upstream for everything, or many hosts of four routes.

Every peer renders the same Site in its own language, so that no one is given an easier one.
"""

from __future__ import annotations

from dataclasses import dataclass

from .certificate import Certificate

SMALL_BYTES = 128
LARGE_BYTES = 10_000_000


@dataclass(frozen=True)
class Site:
    """`hosts` = 0 means one catch-all route; otherwise host 0 to `hosts` - 1, four routes each.

    The regular expressions differ from host to host, as they do in life, unless `shared_regex`.
    `file_each` writes one file a host, where the peer reads folders. With `tls` the proxy speaks
    HTTP/1.1 and HTTP/2 over TLS 1.3, as ALPN decides, and nothing in the clear. With `policies` the
    catch-all route has everything a rule can ask of forwarding: Isthmus alone.
    `down`: nobody listens at `upstream`, so that no route answers 200.
    With `tcp` it passes connections on as they are, and knows nothing of HTTP.
    With `origin` the upstream speaks TLS 1.3 with that certificate, and the proxy makes TLS of what
    clients say in the clear: verified, with the server's name, over kept connections.
    With `names` there are so many outside hosts, looked up by the DNS server at port `dns`.
    """

    upstream: int
    hosts: int = 0
    shared_regex: bool = False
    file_each: bool = False
    tls: Certificate | None = None
    policies: bool = False
    down: bool = False
    tcp: bool = False
    origin: Certificate | None = None
    names: int = 0
    dns: int = 0

    def name(self, index: int) -> str:
        return f"name-{index:05d}.example.net"

    def host(self, index: int) -> str:
        return f"host-{index:05d}.example.com"

    def exact(self, index: int) -> str:
        return "/login"

    def prefix(self, index: int) -> str:
        return "/api/"

    def regex(self, index: int) -> str:
        name = "items" if self.shared_regex else f"items-{index:05d}"
        return f"/{name}/[0-9]+(/details)?"

    def paths(self, index: int) -> list[str]:
        """One request path for each of the four routes: exact, prefix, regex, everything else."""
        name = "items" if self.shared_regex else f"items-{index:05d}"
        return ["/login", "/api/v1/things", f"/{name}/4711/details", "/about"]
