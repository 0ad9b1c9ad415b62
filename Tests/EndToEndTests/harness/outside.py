"""Hosts that are not of the mesh: nginx with certificates of an authority of their own, and a name
server that knows where they are."""

from . import certificates, namespace
from .nameserver import NameServer
from .nginx import Nginx


class Outside:
    """At an address of this machine that is not loopback. `servers` as nginx has them; those whose
    numbers are in `tls` speak it, with one certificate for all `hosts`."""

    def __init__(self, folder, hosts, *servers, tls):
        self.authority = certificates.Authority(folder / "authority", name="outside")
        self.pair = self.authority.issue("server", *hosts)
        self.address = namespace.own_address()
        pairs = {number: self.pair for number in tls}
        self.nginx = Nginx(folder, *servers, address=self.address, tls=pairs)
        records = {name.replace(".", "_"): [self.address] for name in hosts}
        self.names = NameServer(folder, **records)

    @property
    def ports(self):
        return self.nginx.ports

    @property
    def roots(self):
        return self.authority.certificate

    def __enter__(self):
        self.names.start()
        self.nginx.__enter__()
        return self

    def __exit__(self, *why):
        self.nginx.__exit__(*why)
        self.names.stop()
