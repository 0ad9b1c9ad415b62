"""Certificates made by the openssl command, and TLS clients of several kinds."""

import base64
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

from .wire import Wire


def openssl(*arguments, check=True, data=None):
    program = shutil.which("openssl")
    assert program, "openssl is not installed; `make test` installs it"
    done = subprocess.run(
        [program, *map(str, arguments)], input=data, capture_output=True, timeout=60
    )
    assert not check or done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done


class Pair:
    """A certificate and its key, as files."""

    def __init__(self, certificate, key):
        self.certificate, self.key = Path(certificate), Path(key)

    @property
    def serial(self):
        text = openssl("x509", "-in", self.certificate, "-noout", "-serial").stdout.decode()
        return text.strip().split("=")[1].lower()

    def pin(self):
        """SHA-256 of the public key, base64."""
        public = openssl("x509", "-in", self.certificate, "-noout", "-pubkey").stdout
        der = openssl("pkey", "-pubin", "-outform", "DER", data=public).stdout
        digest = openssl("dgst", "-sha256", "-binary", data=der).stdout
        return base64.b64encode(digest).decode()

    def fingerprint(self):
        """SHA-256 of the certificate, hex with colons."""
        text = openssl("x509", "-in", self.certificate, "-noout", "-fingerprint", "-sha256")
        return text.stdout.decode().strip().split("=")[1]


class Authority(Pair):
    """A root that signs leaves of one day to a month."""

    def __init__(self, folder, name="root"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        super().__init__(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        openssl(
            *["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
            *["-keyout", self.key, "-out", self.certificate, "-days", 30],
            *["-subj", f"/O=isthmus tests/CN={name}"],
            *["-addext", "basicConstraints=critical,CA:TRUE"],
            *["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
        )

    def issue(self, name, *names, kind="ec"):
        """A leaf called `name` with these subjectAltNames, `DNS:` where they say no kind."""
        pair = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.ext"
        key = ["rsa:2048"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl(
            *["req", "-new", "-newkey", *key, "-nodes", "-subj", f"/CN={name}"],
            *["-keyout", pair.key, "-out", request],
        )
        alternatives = ",".join(n if ":" in n else f"DNS:{n}" for n in names or [name])
        extensions.write_text(f"subjectAltName={alternatives}\nbasicConstraints=CA:FALSE\n")
        openssl(
            *["x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key],
            *["-CAcreateserial", "-days", 30, "-extfile", extensions, "-out", pair.certificate],
        )
        return pair


def secret(name, pair=None, ca=None, namespace="istio-system", generic=False, **more):
    """A Secret: certificate and key of `pair`, CA certificates of the file `ca`."""
    data = {}
    if pair:
        data["cert" if generic else "tls.crt"] = pair.certificate.read_bytes()
        data["key" if generic else "tls.key"] = pair.key.read_bytes()
    if ca:
        data["cacert" if generic else "ca.crt"] = Path(ca).read_bytes()
    data.update(more)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque" if generic else "kubernetes.io/tls",
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }


def server(hosts, name="https", port=443, protocol="HTTPS", **tls):
    """A server of a Gateway."""
    return {
        "port": {"number": port, "name": name, "protocol": protocol},
        "hosts": list(hosts),
        "tls": tls,
    }


def gateway(*servers, name="edge", namespace=None):
    metadata = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": metadata,
        "spec": {"selector": {"istio": "ingressgateway"}, "servers": list(servers)},
    }


def context(ca=None, client=None, alpn=None, version=None):
    """A client's context; without `ca` nothing is verified."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if ca:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(ca)
    if client:
        made.load_cert_chain(client.certificate, client.key)
    if alpn:
        made.set_alpn_protocols(alpn)
    if version:
        made.minimum_version = made.maximum_version = version
    return made


class TLSWire(Wire):
    """HTTP/1.1 inside of TLS, written by hand."""

    def __init__(self, port, sni, seconds=10.0, context=None, session=None):
        super().__init__(port, seconds=seconds)
        made = context or globals()["context"]()
        try:
            self.sock = made.wrap_socket(self.sock, server_hostname=sni, session=session)
        except BaseException:
            self.sock.close()
            raise

    def get(self, host, path="/", *fields):
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *fields]
        return self.request(("\r\n".join(lines) + "\r\n\r\n").encode())

    def served_serial(self):
        """Of the certificate that the server showed."""
        der = self.sock.getpeercert(binary_form=True)
        text = openssl("x509", "-inform", "DER", "-noout", "-serial", data=der).stdout.decode()
        return text.strip().split("=")[1].lower()


def refusal(port, sni, session=None, **more):
    """How a handshake ends that must not succeed: the error, or None where it did succeed.
    `more` are for `context`, or `context` is one that is made already.

    With TLS 1.3 a client learns that its certificate is refused when it first reads.
    """
    try:
        made = more.get("context") or context(**more)
        with TLSWire(port, sni, context=made, session=session) as wire:
            wire.sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return None if wire.sock.recv(1) else EOFError("closed without an answer")
    except (ssl.SSLError, ConnectionError, socket.timeout) as error:
        return error
