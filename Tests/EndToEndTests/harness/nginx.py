"""nginx from the distribution: as upstream, and as the proxy the fixtures are proven against."""

import os
import shutil
from pathlib import Path

from .ports import free_port
from .process import Child
from .waiting import wait_for
from .wire import Wire


class Nginx:
    """`servers` is a list of texts that go into a `server` block each, after its `listen`; the
    port of the n-th server is `ports[n]`, at `address`. `tls`: by number, the certificates of
    those that speak it."""

    def __init__(self, folder, *servers, name="nginx", address="127.0.0.1", tls=None):
        self.folder = Path(folder) / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.address = address
        self.ports = [free_port() for _ in servers]
        self.blocks = []
        for number, text in enumerate(servers):
            self._add(number, "backlog=1024", text, (tls or {}).get(number))
        self.file = self.folder / "nginx.conf"
        self._write()
        self.child = None

    def _add(self, number, options, text, pair):
        said = ""
        if pair:
            options = f"ssl {options}"
            said = f"ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};"
        listen = f"listen {self.address}:{self.ports[number]} {options};"
        self.blocks.append(f"server {{ {listen} {said} {text} }}")

    def add(self, number, text, pair):
        """Before it is started: one more server, over TLS, at the port of the n-th."""
        self._add(number, "", text, pair)
        self._write()

    def _write(self):
        blocks = "\n".join(self.blocks)
        # Files under a test's folder are this user's alone.
        user = "user root;" if os.geteuid() == 0 else ""
        self.file.write_text(
            f"""
            {user}
            worker_processes 1; daemon off; pid {self.folder}/pid; error_log stderr warn;
            events {{ worker_connections 4096; }}
            http {{
              access_log off; keepalive_requests 1000000; default_type text/plain;
              client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
              fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u;
              scgi_temp_path {self.folder}/s;
              {blocks}
            }}
            """
        )

    def __enter__(self):
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        assert program, "nginx is not installed; `make test` installs it"
        self.child = Child([program, "-p", self.folder, "-c", self.file], self.folder, self.name)

        def up():
            assert self.child.code is None, self.child.tail()
            try:
                Wire(self.ports[0], self.address).close()
            except OSError:
                return False
            return True

        wait_for(up, "nginx to listen")
        return self

    def __exit__(self, *_):
        self.child.stop()
