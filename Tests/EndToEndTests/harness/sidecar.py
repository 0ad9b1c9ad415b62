"""`isthmus sidecar` processes, and the authority that gives workloads their identities."""

import subprocess

from . import certificates
from .binary import binary
from .gateway import Gateway


class Mesh:
    """An authority of our own; identities are folders, made by `ca issue`."""

    def __init__(self, folder):
        self.folder = folder
        self.run("init")

    def run(self, *arguments):
        done = subprocess.run(
            [binary(), "ca", arguments[0], "--dir", self.folder / "ca", *map(str, arguments[1:])],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def issue(self, account, namespace="default", ttl="1h", name=None):
        out = self.folder / (name or account)
        names = ["--namespace", namespace, "--service-account", account]
        self.run("issue", *names, "--ttl", ttl, "--out", out)
        return Identity(out)

    def revoke(self, identity):
        self.run("revoke", identity.certificate)
        return self.folder / "ca" / "ca-crl.pem"


class Identity(certificates.Pair):
    def __init__(self, folder):
        self.folder = folder
        super().__init__(folder / "cert-chain.pem", folder / "key.pem")

    def context(self, alpn=("istio-http/1.1", "istio", "http/1.1"), **more):
        """A client of the mesh: its certificate, its roots, its protocols."""
        return certificates.context(client=self, alpn=list(alpn), **more)


class Sidecar(Gateway):
    """Started and stopped as a gateway is."""

    def __init__(self, folder, objects=(), workload=None, identity=None, **options):
        self.workload, self.identity = workload, identity
        options.setdefault("name", f"sidecar-{workload}")
        super().__init__(folder, objects, **options)

    def command(self):
        command = super().command()
        command[1:2] = ["sidecar", "--workload", self.workload]
        if self.identity:
            command += ["--identity", self.identity.folder]
        at = command.index("--bind")
        return command[:at] + command[at + 2 :]
