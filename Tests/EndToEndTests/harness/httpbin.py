"""httpbin under gunicorn, as in Istio's samples."""

import sys
from pathlib import Path

from .gateway import fetch
from .ports import free_port
from .process import Child
from .waiting import wait_for


class Httpbin:
    """Serves on `port` until the block is left."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        self.child = None

    def __enter__(self):
        self.child = Child(
            [sys.executable, "-m", "gunicorn", "--workers", 1, "--threads", 8]
            + ["--bind", f"127.0.0.1:{self.port}", "--keep-alive", 30, "httpbin:app"],
            self.folder,
            "httpbin",
            cwd=self.folder,
        )

        def up():
            assert self.child.code is None, self.child.tail()
            try:
                return fetch(f"http://127.0.0.1:{self.port}/status/200").status == 200
            except OSError:
                return False

        wait_for(up, "httpbin to answer", 20)
        return self

    def __exit__(self, *_):
        self.child.stop()
