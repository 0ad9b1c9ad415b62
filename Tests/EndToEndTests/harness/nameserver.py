"""A name server for one test: dnsmasq, with records that change while it runs.

It answers for `.test` alone, from a file of its own, with a TTL of one second.
"""

import shutil
import signal
import socket

from .ports import free_port
from .process import Child
from .waiting import wait_for


class NameServer:
    def __init__(self, folder, ttl=1, **records):
        """`records`: host name with `_` for `.` -> list of addresses."""
        self.folder = folder
        self.port = free_port()
        self.hosts = folder / "names"
        self.ttl = ttl
        self.records = {name.replace("_", "."): list(found) for name, found in records.items()}
        self.child = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        program = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin:/sbin:/bin")
        assert program, "dnsmasq is not installed: scripts/install-deps test"
        self._write()
        options = ["--keep-in-foreground", "--log-facility=-", "--log-queries", "--no-resolv"]
        options += ["--no-hosts", "--conf-file=/dev/null", "--pid-file=", "--bind-interfaces"]
        options += ["--listen-address=127.0.0.1", f"--port={self.port}", "--local=/test/"]
        options += [f"--addn-hosts={self.hosts}", f"--local-ttl={self.ttl}", "--user=root"]
        options += ["--cache-size=0"]
        self.child = Child([program, *options], self.folder, "dnsmasq")
        wait_for(self._answers, "dnsmasq to listen")
        return self

    def _answers(self):
        assert self.child.code is None, self.child.tail()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _write(self):
        lines = [f"{address} {name}" for name, found in self.records.items() for address in found]
        self.hosts.write_text("\n".join([*lines, ""]))

    def set(self, name, *addresses):
        """From now on; no addresses: there is no such name."""
        self.records[name] = list(addresses)
        self._write()
        self.child.send_signal(signal.SIGHUP)

    def asked(self, name):
        """How often somebody asked for A records of it."""
        return sum(f"query[A] {name} from" in line for line in self.child.err.splitlines())

    def hang(self):
        """Packets arrive and nobody answers."""
        self.child.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.child.send_signal(signal.SIGCONT)

    def stop(self):
        self.go_on()
        self.child.stop()
