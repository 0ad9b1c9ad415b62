"""nginx as somebody who knows it would set it up: one worker, upstream keepalive, no access log.

Its defaults would cost it: 1,000 requests a connection, and large bodies spooled to a file.
"""

from __future__ import annotations

import resource
import shutil
import signal
from pathlib import Path

from .. import machine
from ..certificate import SUITE, Certificate
from ..process import Child, free_port
from ..site import LARGE_BYTES, SMALL_BYTES, Site
from .running import Running, start

FOREVER = "600s"
UNCOUNTED = 1_000_000_000


def main_section(folder: Path) -> str:
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return f"""
daemon off;
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ use epoll; worker_connections {descriptors - 100}; multi_accept on; }}
"""


def http_section(folder: Path) -> str:
    return f"""
    access_log off;
    server_tokens off;
    tcp_nodelay on;
    keepalive_timeout {FOREVER};
    keepalive_requests {UNCOUNTED};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
"""


class Nginx:
    name = "nginx"

    def __init__(self) -> None:
        self.program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

    def missing(self) -> str | None:
        return None if self.program else "no nginx in PATH; Benchmarks/install gets it"

    def version(self) -> str:
        return machine.version([self.program, "-v"], r"nginx/(\S+)")

    def start(self, site: Site, folder: Path, core: int) -> Running:
        port, status = free_port(), free_port()
        proxied = f"""
            proxy_pass {'https' if site.origin else 'http'}://upstream;"""
        secured = ""
        if site.tls:
            secured = f"""
    ssl_certificate {site.tls.chain};
    ssl_certificate_key {site.tls.key};
    ssl_protocols TLSv1.3;
    ssl_session_tickets on;"""
        if site.origin:
            secured += f"""
    proxy_ssl_verify on;
    proxy_ssl_trusted_certificate {site.origin.chain};
    proxy_ssl_name {site.origin.host};
    proxy_ssl_server_name on;
    proxy_ssl_protocols TLSv1.3;"""
        listen = f"listen 127.0.0.1:{port}{' ssl http2' if site.tls else ''} backlog=4096"
        if site.hosts:
            servers = "".join(
                self._server(site, index, port, proxied) for index in range(site.hosts)
            )
        else:
            servers = f"""
    server {{ {listen}; location / {{{proxied} }} }}"""
        config = f"""{main_section(folder)}
http {{{http_section(folder)}{secured}
    server_names_hash_max_size {max(512, 2 * site.hosts)};
    server_names_hash_bucket_size 128;
    upstream upstream {{
        server 127.0.0.1:{site.upstream};
        keepalive 256;
        keepalive_requests {UNCOUNTED};
        keepalive_timeout {FOREVER};
    }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_buffer_size 16k;
    proxy_buffers 8 64k;
    proxy_busy_buffers_size 128k;
    proxy_max_temp_file_size 0;
    server {{ listen 127.0.0.1:{status}; location /status {{ stub_status; }} }}{servers}
}}
"""
        path = folder / "nginx.conf"
        path.write_text(config)
        running = start(
            self.name, [self.program, "-p", str(folder), "-c", str(path)], folder, core, port, site
        )

        def change(index: int, value: str) -> None:
            old = self._server(site, index, port, proxied)
            new = old.replace("location / {", f"location / {{ add_header x-version {value};")
            fresh = folder / "nginx.conf.new"
            fresh.write_text(config.replace(old, new))
            fresh.rename(path)
            running.child.popen.send_signal(signal.SIGHUP)

        running.change = change if site.hosts else None
        return running

    def _server(self, site: Site, index: int, port: int, proxied: str) -> str:
        return f"""
    server {{
        listen 127.0.0.1:{port}{" backlog=4096" if index == 0 else ""};
        server_name {site.host(index)};
        location = {site.exact(index)} {{{proxied} }}
        location {site.prefix(index)} {{{proxied} }}
        location ~ ^{site.regex(index)}$ {{{proxied} }}
        location / {{{proxied} }}
    }}"""


def upstream(folder: Path, core: int, tls: Certificate | None = None) -> tuple[Child, int]:
    """The server behind every proxy: 128 bytes from memory for any path, and /large from a file."""
    from .. import wire

    port = free_port()
    secured = ""
    if tls:
        secured = f"""
        ssl_certificate {tls.chain};
        ssl_certificate_key {tls.key};
        ssl_protocols TLSv1.3;
        ssl_conf_command Ciphersuites {SUITE};"""
    (folder / "files").mkdir()
    (folder / "files" / "large").write_bytes(bytes(range(256)) * (LARGE_BYTES // 256))
    (folder / "nginx.conf").write_text(
        f"""{main_section(folder)}
http {{{http_section(folder)}
    sendfile on;
    tcp_nopush on;
    open_file_cache max=16;
    server {{
        listen 127.0.0.1:{port}{" ssl" if tls else ""} backlog=4096;{secured}
        default_type application/octet-stream;
        location / {{ return 200 "{'x' * SMALL_BYTES}"; }}
        location = /large {{ root {folder}/files; }}
    }}
}}
"""
    )
    program = Nginx().program
    child = Child(
        [program, "-p", str(folder), "-c", str(folder / "nginx.conf")], folder, core
    )
    client = tls and tls.context

    def answers() -> bool:
        with wire.connect(port, tls=client) as sock:
            return wire.exchange(sock, wire.request_bytes("/", "localhost")).status == 200

    wire.wait_until(answers, "the upstream", 20)
    return child, port
