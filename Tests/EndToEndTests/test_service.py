"""What a service manager hears: sd_notify's datagrams, and the watchdog."""

import os
import socket

import pytest

from harness import resources as r
from harness.binary import environment
from harness.gateway import Gateway
from harness.waiting import wait_for


class Manager:
    """The socket systemd would listen on; remembers every assignment."""

    def __init__(self, path):
        self.heard = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)

    def listen(self):
        while True:
            try:
                self.heard += self.socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return self.heard

    def hears(self, assignment, seconds=5.0):
        wait_for(
            lambda: any(line.startswith(assignment) for line in self.listen()),
            f"{assignment!r} to be told",
            seconds,
        )


def says(text):
    rule = {"directResponse": {"status": 200, "body": {"string": text}}}
    return [r.gateway(), r.virtual_service("all", rule)]


@pytest.mark.parametrize("name", ["a path", "an abstract name"])
def test_ready_refused_live_and_stopping_are_told(tmp_path, name):
    path = str(tmp_path / "notify") if name == "a path" else f"\0isthmus-{os.getpid()}"
    manager = Manager(path)
    env = environment(NOTIFY_SOCKET=path.replace("\0", "@"))
    with Gateway(tmp_path, says("one"), env=env) as gateway:
        manager.hears("READY=1")
        manager.hears("STATUS=configuration 1 live")
        gateway.write("resources.yaml", "kind: [")
        manager.hears("STATUS=configuration 1 live, the last change was refused")
        gateway.write("resources.yaml", *says("two"))
        manager.hears("STATUS=configuration 2 live")
        assert "STOPPING=1" not in manager.listen()
        gateway.stop()
    manager.hears("STOPPING=1")


def test_the_watchdog_is_fed_in_time(tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    env = environment(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000")
    with Gateway(tmp_path, says("one"), env=env):
        wait_for(lambda: manager.listen().count("WATCHDOG=1") >= 5, "five signs of life", 3)


def test_the_watchdog_of_another_process_is_not_fed(tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    env = environment(
        NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="20000", WATCHDOG_PID="1"
    )
    with Gateway(tmp_path, says("one"), env=env) as gateway:
        manager.hears("READY=1")
        for _ in range(50):
            gateway.get()
        assert "WATCHDOG=1" not in manager.listen()


def test_a_manager_that_is_gone_does_no_harm(tmp_path):
    env = environment(NOTIFY_SOCKET=str(tmp_path / "nobody"))
    with Gateway(tmp_path, says("one"), env=env) as gateway:
        assert gateway.get().text == "one"
