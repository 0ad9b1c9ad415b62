"""`isthmus ca serve` as a child, and Istio's certificate service as grpcio calls it.

The two messages are written by hand: four fields are less than a build step.
"""

import subprocess
import tempfile
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .binary import binary, environment, isthmus
from .process import Child
from .waiting import wait_for

METHOD = "/istio.v1.auth.IstioCertificateService/CreateCertificate"


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def request(csr, seconds=0, metadata=b""):
    """`IstioCertificateRequest`: csr = 1, validity_duration = 3, metadata = 4."""
    message = field(1, csr)
    if seconds:
        message += varint(3 << 3) + varint(seconds)
    if metadata:
        message += field(4, metadata)
    return message


def response(message):
    """The entries of `IstioCertificateResponse.cert_chain`."""
    chain, at = [], 0

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    while at < len(message):
        key = number()
        assert key == 1 << 3 | 2, f"field {key >> 3} of type {key & 7}"
        count = number()
        chain.append(message[at : at + count])
        at += count
    return chain


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def csr(key, *names):
    """A request; `names` are URIs that it asks for, which nobody believes."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names:
        uris = [x509.UniformResourceIdentifier(name) for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(uris), critical=False)
    signed = builder.sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def identities(certificate):
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return [str(name.value) for name in names.value]


class Identity:
    """A key and the chain that came back for it."""

    def __init__(self, key, entries):
        self.key = key
        self.entries = entries
        self.leaf = x509.load_pem_x509_certificate(entries[0])
        self.roots = x509.load_pem_x509_certificates(entries[-1])

    @property
    def chain(self):
        return b"".join(self.entries[:-1])

    @property
    def serial(self):
        return self.leaf.serial_number.to_bytes(20, "big").lstrip(b"\0").hex()


class CertificateService:
    """A folder of `isthmus ca`, and a server on it."""

    def __init__(self, folder, *arguments, certs=None, name="ca", port=0):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.certs = Path(certs) if certs else self.folder / "certs"
        self.arguments = arguments
        self.name = name
        self.port = port
        self.child = None
        if not self.certs.exists():
            self.ca("init")

    def ca(self, command, *arguments, code=0):
        run = isthmus("ca", command, "--dir", self.certs, *arguments)
        assert run.code == code, run.out + run.err
        return run

    def start(self, seconds=10.0):
        command = [binary(), "ca", "serve", "--dir", self.certs]
        command += ["--listen", f"127.0.0.1:{self.port}", "--metrics", "127.0.0.1:0"]
        command += self.arguments
        self.child = Child(command, self.folder, self.name, env=environment())
        wait_for(self._ready, "the service to say where it is", seconds)
        self.port = int(self.child.out.strip().rsplit(":", 1)[1])
        return self

    def _ready(self):
        assert self.child.code is None, self.child.tail()
        return self.child.out.endswith("\n")

    def stop(self):
        if self.child is None:
            return
        code = self.child.stop()
        self.child.assert_no_crash()
        assert code == 0, self.child.tail()
        self.child = None

    def kill(self):
        """At once, as a power cut does."""
        self.child.kill()
        self.child = None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        elif self.child:
            print(self.child.tail())
            self.child.kill()

    # What a workload has

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def roots(self):
        return (self.certs / "root-cert.pem").read_bytes()

    def token(self, account="reviews", *arguments):
        return self.ca("token", "--service-account", account, *arguments).out.strip()

    def channel(self, identity=None, roots=None):
        if identity is None:
            credentials = grpc.ssl_channel_credentials(roots or self.roots)
        else:
            credentials = grpc.ssl_channel_credentials(
                roots or self.roots, key_pem(identity.key), identity.chain
            )
        return grpc.secure_channel(self.address, credentials)

    def create(
        self, key=None, token=None, identity=None, seconds=0, message=None, channel=None, **options
    ):
        """An identity, or grpc.RpcError."""
        key = key or new_key()
        message = message if message is not None else request(csr(key), seconds)
        metadata = [("authorization", f"Bearer {token}")] if token else []
        own = None if channel else self.channel(identity)
        try:
            call = (channel or own).unary_unary(options.get("method", METHOD))
            return Identity(key, response(call(message, timeout=20, metadata=metadata)))
        finally:
            if own:
                own.close()

    def metrics(self):
        for line in self.child.err.splitlines():
            if " metrics " in line:
                address = line.split("http://")[1].strip()
        from .binary import curl

        values = {}
        for line in curl(f"http://{address}/metrics").out.splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values


def openssl_verify(identity, roots, *arguments):
    """What OpenSSL says of a chain."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"leaf": identity.entries[0], "chain": identity.chain, "roots": roots}
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        return subprocess.run(
            ["openssl", "verify", *arguments, "-CAfile", "roots", "-untrusted", "chain", "leaf"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
