"""`isthmus demo` with a folder of rules, on ports of its own."""

import os
import re
import shutil
import signal
from pathlib import Path

from .binary import PROJECT, binary, curl, environment
from .gateway import fetch
from .page import bash
from .ports import free_port
from .process import Child
from .waiting import wait_for

# Where gateways/mtls and gateways/samples put the workloads that have sidecars: x of 127.0.0.x
# (sidecar in), 127.0.1.x (application) and 127.0.2.x (sidecar out).
PLACES = {
    "productpage-v1": 11,
    "details-v1": 12,
    "reviews-v1": 13,
    "reviews-v2": 14,
    "reviews-v3": 15,
    "ratings-v1": 16,
    "curl": 17,
    "details-v2": 18,
    "istio-egressgateway": 10,
}

# The ports of a demo that was started without a word about them.
HTTP, HTTPS, WORKLOAD, CALLS, TCP, ADMIN = 8080, 8443, 9080, 15001, 31400, 15000
# Of its outside hosts, for TLS; of Gateways for its egress gateway, and where that binds them.
OUTSIDE, EGRESS = 9443, {8080: 80, 8443: 443}


class Demo:
    """Started in a folder of its own; rules are what is in `rules`, below it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.rules = self.folder / "rules"
        self.rules.mkdir()
        self._marks = self.folder / "marks"
        self._marks.mkdir()
        (self.folder / "bin").mkdir()
        (self.folder / "bin/isthmus").symlink_to(binary())
        ports = (HTTP, HTTPS, WORKLOAD, CALLS, TCP, ADMIN, OUTSIDE, *EGRESS.values())
        self.map = {port: free_port() for port in ports}
        self._copy_rules()
        self.child = None
        # More than were ever there.
        self._files = 0

    def _copy_rules(self):
        """gateways as it is, but for the ports of hosts that entries lead to."""

        def copy(source, target):
            shutil.copy(source, target)
            if target.endswith(".yaml"):
                text = Path(target).read_text()
                for port in (WORKLOAD, OUTSIDE, CALLS):
                    text = text.replace(f"targetPort: {port},", f"targetPort: {self.map[port]},")
                text = text.replace(f"number: {OUTSIDE},", f"number: {self.map[OUTSIDE]},")
                Path(target).write_text(text)

        shutil.copytree(PROJECT / "gateways", self.folder / "gateways", copy_function=copy)

    def start(self):
        command = [binary(), "demo", "-f", "rules", "-f", "marks"]
        command += ["--port", self.map[HTTP], "--https-port", self.map[HTTPS]]
        command += ["--workload-port", self.map[WORKLOAD], "--admin-port", self.map[ADMIN]]
        mapped = (CALLS, TCP, OUTSIDE, *EGRESS.values())
        command += ["--port-map", ",".join(f"{port}={self.map[port]}" for port in mapped)]
        self.child = Child(command, self.folder, "demo", env=environment(), cwd=self.folder)

        def told():
            assert self.child.code is None, self.child.tail()
            return "Ctrl-C" in self.child.out

        wait_for(told, "the demo to be live", 30)
        return self

    def stop(self):
        code = self.child.stop(signal.SIGINT)
        self.child.assert_no_crash()
        assert code == 0, self.child.tail()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.map[HTTP]}"

    @property
    def roots(self):
        return re.search(r"--cacert (\S+)", self.child.out).group(1)

    # Calls

    def get(self, url, *options):
        """From inside the mesh, as curl's sidecar carries it: status and body."""
        proxy = f"127.0.2.{PLACES['curl']}:{self.map[CALLS]}"
        run = curl("-w", "\n%{http_code}", "-x", proxy, "--noproxy", "", *options, url)
        assert run.code == 0, run.err
        body, status = run.out.rsplit("\n", 1)
        return int(status), body

    def admin(self, workload, path):
        """A page of a sidecar's admin port; None is the gateway."""
        place = PLACES[workload] if workload else 1
        return fetch(f"http://127.0.0.{place}:{self.map[ADMIN]}{path}").text

    # Rules

    def until_live(self):
        """Until every proxy serves by the rules as they are in the folder now.

        Files that say nothing are put beside them, so that there are more than there ever were:
        who has read as many has read what was written before.
        """
        self._files = max(self._files, self._count()) + 1
        for number in range(self._files):
            if self._count() == self._files:
                break
            (self._marks / f"{number}.yaml").write_text("# a mark\n")
        for place in (1, *PLACES.values()):
            what = f"127.0.0.{place} to have read {self._files} files"
            wait_for(lambda: self._has_read_all(place), what, 10)

    def _count(self):
        return sum(1 for folder in (self.rules, self._marks) for _ in folder.glob("*.yaml"))

    def _has_read_all(self, place):
        dump = fetch(f"http://127.0.0.{place}:{self.map[ADMIN]}/config_dump").json
        assert dump["lastError"] is None, dump["lastError"]
        return dump["files"] == self._files and dump["liveWorkers"] == 1

    # Pages

    def type(self, command):
        """Runs what a page says, with this demo's ports for those that it names; and back again in
        what it printed. Rules that it changes are live afterwards."""
        before = self._stamps()
        printed = bash(self._ported(command), self.folder, self._environment())
        if self._stamps() != before:
            self.until_live()
        for declared, bound in self.map.items():
            for before in (":", " port "):
                printed = printed.replace(f"{before}{bound}", f"{before}{declared}")
        return printed

    def _environment(self):
        """The binary under test by its name, and no proxies: what is called is on this machine."""
        clean = environment(PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}")
        return {k: v for k, v in clean.items() if not k.lower().endswith("_proxy")}

    def _ported(self, command):
        """Ports behind an address, and that of a TCP rule in bash's way; names of services keep
        theirs."""

        def bound(found):
            port = int(found.group(2))
            if found.group(1)[:-1] == f"127.0.0.{PLACES['istio-egressgateway']}":
                port = EGRESS.get(port, port)
            return found.group(1) + str(self.map.get(port, port))

        command = re.sub(r"(127(?:\.\d+){3}[:/])(\d+)", bound, command)
        return re.sub(r"(localhost:)(\d+)", bound, command)

    def _stamps(self):
        stats = {file.name: file.stat() for file in self.rules.iterdir()}
        return {(name, stat.st_mtime_ns, stat.st_ino) for name, stat in stats.items()}
