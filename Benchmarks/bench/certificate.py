"""The certificate every proxy serves, and the one suite and curve every client asks for.

The client's offer decides what a TLS 1.3 server can choose, so no proxy is measured on a cheaper
cipher than another, whatever its own order of preference.
"""

from __future__ import annotations

import functools
import os
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

SUITE = "TLS_AES_128_GCM_SHA256"
GROUP = "X25519"


@dataclass(frozen=True)
class Certificate:
    """PEM files: a self-signed P-256 certificate of bench.example.com, its key, and both."""

    host = "bench.example.com"

    chain: Path
    key: Path
    both: Path
    settings: Path

    @functools.cached_property
    def context(self) -> ssl.SSLContext:
        """A client that trusts this certificate alone, and speaks TLS 1.3 alone."""
        context = ssl.create_default_context(cafile=str(self.chain))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context

    def environment(self) -> dict[str, str]:
        """For clients that take no such options: OpenSSL's own configuration file."""
        return {**os.environ, "OPENSSL_CONF": str(self.settings)}


def make(folder: Path) -> Certificate:
    if shutil.which("openssl") is None:
        raise SystemExit("Benchmarks/run: no openssl in PATH, which makes the certificate")
    made = Certificate(*(folder / name for name in ("cert.pem", "key.pem", "both.pem", "cnf")))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "30", "-subj", "/CN=bench.example.com",
         "-addext", "subjectAltName=DNS:bench.example.com,DNS:*.example.com",
         "-keyout", str(made.key), "-out", str(made.chain)],
        check=True, capture_output=True,
    )  # fmt: skip
    made.both.write_text(made.chain.read_text() + made.key.read_text())
    made.settings.write_text(
        f"""openssl_conf = all
[all]
ssl_conf = modules
[modules]
system_default = client
[client]
MinProtocol = TLSv1.3
Ciphersuites = {SUITE}
Groups = {GROUP}
"""
    )
    return made
