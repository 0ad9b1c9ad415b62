"""One `isthmus gateway` process on ports of its own."""

import json
import shutil
import signal
import urllib.error
import urllib.request
from pathlib import Path

from . import accesslog, resources
from .binary import binary, environment
from .ports import free_port
from .process import Child
from .waiting import TooLate, wait_for
from .wire import Wire

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Answer:
    """What the admin or status port said."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


def fetch(url, method="GET", headers=None, seconds=5, data=None):
    """A plain request, whatever its status."""
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)
    try:
        with _OPENER.open(request, timeout=seconds) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as answer:
        return Answer(answer.code, answer.headers, answer.read())


class Gateway:
    """Started with `with Gateway(tmp_path, objects) as gateway:`; leaving the block stops it by
    TERM and asserts that it ended with 0 and without a crash.

    `ports` are the numbers the Gateway resources use; each is mapped to a free one.
    """

    def __init__(
        self,
        folder,
        objects=(),
        ports=(80,),
        workers=2,
        access_log=True,
        arguments=(),
        paths=None,
        env=None,
        name="gateway",
        cwd=None,
    ):
        self.folder = Path(folder)
        self.name = name
        self.config = self.folder / f"{name}-config"
        self.paths = paths or [self.config]
        self.objects = objects
        self.map = {number: free_port() for number in ports}
        self.admin_port = free_port()
        self.status_port = free_port()
        self.metrics_port = free_port()
        self.workers = workers
        self.log_path = self.folder / f"{name}-access.log"
        self.access_log = {True: self.log_path, False: "off"}.get(access_log, access_log)
        self.arguments = list(arguments)
        self.env = env or environment()
        self.cwd = cwd
        self.child = None
        self.ended = False

    # Files

    def write(self, file, *objects):
        """Puts a file in place the way editors and deployment tools do: written, then renamed."""
        self.config.mkdir(parents=True, exist_ok=True)
        text = objects[0] if len(objects) == 1 and isinstance(objects[0], str) else None
        target = self.config / file
        new = self.config / f".{file}.new"
        new.write_text(text if text is not None else resources.text(*objects))
        new.rename(target)
        return target

    def apply(self, file, *objects):
        """Puts a file in place and waits until every worker serves by it."""
        before = self._live()["version"]
        self.write(file, *objects)
        self.until_live(after=before)

    def remove(self, file):
        """Takes a file away and waits until no worker serves by it."""
        before = self._live()["version"]
        (self.config / file).unlink()
        self.until_live(after=before)

    def until_live(self, after=0):
        """Until no worker serves by an older configuration than another; one later than `after`."""

        def is_live():
            live = self._live()
            return live["version"] > after and live["liveWorkers"] == self.workers

        wait_for(is_live, f"a configuration later than {after} to be live in every worker")

    def _live(self):
        return self.admin("/config_dump").json

    def copy(self, *files):
        self.config.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(file, self.config)

    # Life

    def command(self):
        command = [binary(), "gateway"]
        for path in self.paths:
            command += ["-f", path]
        command += ["--bind", "127.0.0.1", "--workers", self.workers]
        if self.map:
            command += ["--port-map", ",".join(f"{a}={b}" for a, b in self.map.items())]
        command += ["--admin", f"127.0.0.1:{self.admin_port}"]
        command += ["--status", f"127.0.0.1:{self.status_port}"]
        command += ["--metrics", f"127.0.0.1:{self.metrics_port}"]
        command += ["--access-log", self.access_log]
        return command + self.arguments

    def launch(self):
        """Starts it and does not wait."""
        self.config.mkdir(parents=True, exist_ok=True)
        if self.objects:
            self.write("resources.yaml", *self.objects)
        self.child = Child(self.command(), self.folder, self.name, env=self.env, cwd=self.cwd)
        return self

    def start(self, seconds=10.0):
        """Starts it and waits until it says that it is ready."""
        self.launch()
        try:
            wait_for(self._ready, f"{self.name} to be ready", seconds)
        except (TooLate, AssertionError) as late:
            self.child.kill()
            raise AssertionError(f"{late}\n{self.child.tail()}") from None
        return self

    def _ready(self):
        assert self.child.code is None, (
            f"{self.name} ended with {self.child.code} instead of getting ready"
        )
        return self.is_ready()

    def is_ready(self):
        try:
            return self.status("/healthz/ready").status == 200
        except OSError:
            return False

    def stop(self, seconds=15.0):
        """TERM, exit code 0, no crash."""
        if self.ended:
            return
        self.ended = True
        code = self.child.stop(signal.SIGTERM, seconds)
        self.child.assert_no_crash()
        assert code == 0, f"{self.name} ended with {code} on TERM\n{self.child.tail()}"

    def expect_end(self, code=0, seconds=10.0):
        """For tests that end it themselves."""
        self.ended = True
        try:
            assert self.child.wait(seconds) == code, self.child.tail()
            self.child.assert_no_crash()
        finally:
            self.child.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, failure, *_):
        if failure and not self.ended:
            self.ended = True
            print(self.child.tail())
            self.child.kill()
        else:
            self.stop()

    # Sockets

    def port(self, number=80):
        return self.map[number]

    def wire(self, number=80, seconds=10.0):
        return Wire(self.map[number], seconds=seconds)

    def url(self, path="/", number=80):
        return f"http://127.0.0.1:{self.map[number]}{path}"

    def get(self, path="/", host="any.test", fields=(), number=80, method="GET", seconds=10.0):
        """One request on a connection of its own, read strictly."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields, "Connection: close"]
        with self.wire(number, seconds) as wire:
            data = "".join(line + "\r\n" for line in lines) + "\r\n"
            return wire.request(data.encode("latin-1"), method)

    def admin(self, path, method="GET", **more):
        return fetch(f"http://127.0.0.1:{self.admin_port}{path}", method, **more)

    def status(self, path, **more):
        return fetch(f"http://127.0.0.1:{self.status_port}{path}", **more)

    def metrics(self, path="/metrics", **more):
        return fetch(f"http://127.0.0.1:{self.metrics_port}{path}", **more)

    # What it wrote

    def log_lines(self):
        """Whole ones; the last may just be written."""
        if not self.log_path.exists():
            return []
        text = self.log_path.read_text("utf-8", "replace")
        return text[: text.rfind("\n") + 1].splitlines()

    def log_entry(self, seconds=5.0, **wanted):
        """The first access-log line whose keys have these values, parsed."""

        def look():
            for line in self.log_lines():
                entry = accesslog.parse(line)
                if all(entry[key] == value for key, value in wanted.items()):
                    return entry
            return None

        return wait_for(look, f"an access-log line with {wanted}", seconds)

    def wait_for_talk(self, needle, seconds=5.0):
        """Until standard error says `needle`; all of standard error."""
        return wait_for(
            lambda: self.child.err if needle in self.child.err else None,
            f"{needle!r} in the log",
            seconds,
        )
