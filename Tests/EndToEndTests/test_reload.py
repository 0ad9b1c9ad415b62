"""A changed file is live at once, costs no request, and a bad one changes nothing."""

import json
import re
import signal
import statistics
import threading
import time

import pytest

from harness import exposition
from harness import resources as r
from harness.upstream import Upstream, ok
from harness.waiting import settled, wait_for
from harness.wire import Wire


def says(text, name="all", hosts=("*",)):
    """A VirtualService that answers by itself."""
    rule = {"directResponse": {"status": 200, "body": {"string": text}}}
    return r.virtual_service(name, rule, hosts=hosts)


@pytest.fixture
def gateway(started):
    gateway = started(r.gateway(), says("one", "base", ["base.test"]))
    gateway.apply("rules.yaml", says("v0"))
    return gateway


def seconds_until(gateway, text, host="any.test"):
    begin = time.monotonic()
    with gateway.wire() as wire:
        while True:
            response = wire.request(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            took = time.monotonic() - begin
            if response.text == text:
                gateway.until_live()  # This worker serves by it; now all do.
                return took
            assert took < 5, f"still {response.text!r} instead of {text!r} after 5 s"
            time.sleep(0.002)


def test_a_changed_file_is_live_within_200_ms(gateway):
    """The middle of nine changes, so that a busy machine is not taken for a slow reload."""
    took = []
    for n in range(1, 10):
        gateway.write("rules.yaml", says(f"v{n}"))
        took.append(seconds_until(gateway, f"v{n}"))
    assert statistics.median(took) <= 0.2, took


def test_a_file_written_in_place_is_live(gateway):
    (gateway.config / "rules.yaml").write_text(r.text(says("in place")))
    seconds_until(gateway, "in place")


def test_a_file_appended_to_is_live(gateway):
    with open(gateway.config / "rules.yaml", "a") as file:
        file.write("---\n" + r.text(says("appended", "more", ["more.test"])))
    seconds_until(gateway, "appended", "more.test")


def test_a_new_file_is_live(gateway):
    gateway.write("new.yaml", says("new", "new", ["new.test"]))
    seconds_until(gateway, "new", "new.test")


def test_a_deleted_file_is_gone(gateway):
    gateway.remove("rules.yaml")
    assert gateway.get().status == 404
    assert gateway.get(host="base.test").text == "one"


def test_a_file_moved_away_is_gone(gateway, tmp_path):
    (gateway.config / "rules.yaml").rename(tmp_path / "elsewhere.yaml")
    wait_for(lambda: gateway.get().status == 404, "the rules to go")


def test_a_folder_swapped_by_a_link_is_live(started, tmp_path):
    """What Kubernetes does to a mounted ConfigMap: `..data` points to another folder at once."""
    mount = tmp_path / "mount"
    for version in ("a", "b"):
        (mount / f"..{version}").mkdir(parents=True)
        text = r.text(r.gateway(), says(version))
        (mount / f"..{version}" / "all.yaml").write_text(text)
    (mount / "..data").symlink_to("..a")
    (mount / "all.yaml").symlink_to("..data/all.yaml")
    gateway = started(paths=[mount])
    assert gateway.get().text == "a"
    (mount / "..new").symlink_to("..b")
    (mount / "..new").rename(mount / "..data")
    seconds_until(gateway, "b")


def test_a_single_file_given_by_name_is_watched(started, tmp_path):
    file = tmp_path / "single.yaml"
    file.write_text(r.text(r.gateway(), says("one")))
    gateway = started(paths=[file])
    new = tmp_path / "single.new"
    new.write_text(r.text(r.gateway(), says("two")))
    new.rename(file)
    seconds_until(gateway, "two")


def test_editors_leftovers_are_not_read(gateway):
    for name in (".rules.yaml.swp", "rules.yaml~", "#rules.yaml#", ".hidden.yaml", "notes.txt"):
        (gateway.config / name).write_text("{ this is: [not yaml")
    gateway.write("rules.yaml", says("fine"))
    seconds_until(gateway, "fine")


BAD = {
    "broken YAML": "apiVersion: networking.istio.io/v1\nkind: [VirtualService\n",
    "a wrong type": r.text(says("x")).replace("status: 200", "status: lots"),
    "a bad regex": r.text(
        r.virtual_service(
            "all", {"match": [r.uri("regex", "(")], "directResponse": {"status": 200}}
        )
    ),
}


@pytest.mark.parametrize("text", [pytest.param(v, id=k) for k, v in BAD.items()])
def test_a_bad_change_keeps_the_old_configuration_and_says_why(gateway, text):
    before = gateway.admin("/config_dump").text
    gateway.write("rules.yaml", text)
    place = re.compile(r"rules\.yaml:\d+:\d+: error: \S")
    wait_for(lambda: place.search(gateway.child.err), "file:line:col and a reason in the log")
    assert gateway.get().text == "v0"
    assert gateway.is_ready(), "a bad file must not take a serving gateway out of rotation"
    dump = wait_for(
        lambda: (text := gateway.admin("/config_dump").text) != before and text,
        "the reason in /config_dump",
    )
    assert re.search(r"rules\.yaml:\d+:\d+", dump)
    assert failures(gateway) == 1
    gateway.write("rules.yaml", says("mended"))
    seconds_until(gateway, "mended")
    assert not re.search(r"rules\.yaml:\d+:\d+: error", gateway.admin("/config_dump").text)


def failures(gateway):
    """The sum of isthmus_*reload*{...fail...} counters."""
    families = exposition.parse(gateway.admin("/stats/prometheus").text)
    found = [
        value
        for name, family in families.items()
        if name.startswith("isthmus_") and "reload" in name
        for (sample, labels), value in family.series.items()
        if family.type == "counter" and ("fail" in sample or "fail" in str(sorted(labels)))
    ]
    assert found, "no metric counts failed reloads"
    return sum(found)


def test_one_bad_file_of_two_keeps_both_as_they_were(gateway):
    gateway.write("bad.yaml", "kind: {")
    gateway.wait_for_talk("bad.yaml:")
    gateway.write("rules.yaml", says("changed"))
    time.sleep(0.4)  # long enough for a change to be live if it were going to be
    assert gateway.get().text == "v0", "half a configuration went live"
    (gateway.config / "bad.yaml").unlink()
    seconds_until(gateway, "changed")


def test_hup_reads_the_files_again(started):
    gateway = started(r.gateway(), says("one"))
    gateway.write("resources.yaml", r.gateway(), says("two"))
    gateway.child.send_signal(signal.SIGHUP)
    seconds_until(gateway, "two")
    gateway.child.send_signal(signal.SIGHUP)
    assert gateway.get().text == "two"
    assert gateway.child.code is None


def test_hup_on_a_bad_file_keeps_the_old(gateway):
    gateway.write("rules.yaml", "kind: {")
    gateway.child.send_signal(signal.SIGHUP)
    gateway.wait_for_talk("rules.yaml:")
    assert gateway.get().text == "v0"


def test_an_endpoint_that_moves_is_followed(started):
    with Upstream("old") as old, Upstream("new") as new:
        gateway = started(
            r.gateway(),
            r.service_entry("b.test", old.port),
            r.virtual_service("b", r.rule("b.test")),
        )
        assert json.loads(gateway.get().body)["upstream"] == "old"
        gateway.write(
            "resources.yaml",
            r.gateway(),
            r.service_entry("b.test", new.port),
            r.virtual_service("b", r.rule("b.test")),
        )
        wait_for(lambda: json.loads(gateway.get().body)["upstream"] == "new", "the new endpoint")


def test_a_listener_comes_and_goes_with_its_gateway(started):
    gateway = started(r.gateway(), says("one"), ports=(80, 8081))
    with pytest.raises(ConnectionRefusedError):
        gateway.get(number=8081)
    gateway.apply("more.yaml", r.gateway("more", port=8081))
    assert gateway.get(number=8081).status == 404
    (gateway.config / "more.yaml").unlink()

    def closed():
        try:
            Wire(gateway.port(8081)).close()
        except ConnectionRefusedError:
            return True
        return False

    wait_for(closed, "the listener to go")
    assert gateway.get().text == "one"


class Load:
    """Clients that ask on one connection each and remember everything that went wrong."""

    def __init__(self, gateway, clients=8, host="any.test"):
        self.gateway = gateway
        self.stop_asking = threading.Event()
        self.failures = []
        self.done = 0
        self.answers = set()
        data = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        self.threads = [
            threading.Thread(target=self._ask, args=(data,)) for _ in range(clients)
        ]

    def _ask(self, data):
        try:
            with self.gateway.wire() as wire:
                while not self.stop_asking.is_set():
                    response = wire.request(data)
                    if response.status != 200:
                        self.failures.append(response.first)
                        return
                    self.answers.add(response.text[:40])
                    self.done += 1
        except Exception as failure:
            self.failures.append(repr(failure))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_for(lambda: self.done > 100 or self.failures, "load to build up")
        return self

    def __exit__(self, *_):
        self.stop_asking.set()
        for thread in self.threads:
            thread.join()


def test_reload_under_load_fails_no_request_and_closes_no_connection(started):
    def quick(connection):
        while connection.read_all():
            connection.send(ok(b"quick"))

    with Upstream("quick", quick) as upstream:
        gateway = started(
            r.gateway(),
            r.service_entry("b.test", upstream.port),
            r.virtual_service("all", r.rule("b.test", name="v0")),
            access_log=False,
        )
        with Load(gateway) as load:
            for n in range(1, 31):
                # Routes, headers, endpoints and unrelated hosts all change.
                gateway.write(
                    "resources.yaml",
                    r.gateway(),
                    r.service_entry("b.test", *[upstream.port] * (1 + n % 3)),
                    r.virtual_service("all", r.rule("b.test", name=f"v{n}")),
                    *[says(f"x{i}", f"x{i}", [f"x{i}.test"]) for i in range(n)],
                )
                before = load.done
                wait_for(lambda: load.done > before + 50 or load.failures, "more requests")
        assert not load.failures
        assert load.done > 1500
        assert seconds_until(gateway, "x29", "x29.test") < 1


def test_bad_reloads_under_load_fail_no_request(gateway):
    with Load(gateway) as load:
        for n in range(10):
            gateway.write("rules.yaml", "kind: {" if n % 2 else says(f"w{n}"))
            before = load.done
            wait_for(lambda: load.done > before + 50 or load.failures, "more requests")
    assert not load.failures


def test_a_request_under_way_ends_by_the_rules_it_began_with(started):
    arrived, release = threading.Event(), threading.Event()

    def script(connection):
        while request := connection.read_all():
            if request.target == "/held":
                arrived.set()
                release.wait(10)
            connection.send(ok(b"from the old"))

    with Upstream("old", script) as upstream:
        gateway = started(
            r.gateway(),
            r.service_entry("b.test", upstream.port),
            r.virtual_service("all", r.rule("b.test")),
        )
        with gateway.wire() as wire:
            wire.send(b"GET /held HTTP/1.1\r\nHost: any.test\r\n\r\n")
            assert arrived.wait(5)
            gateway.write("resources.yaml", r.gateway(), says("new"))
            seconds_until(gateway, "new")
            release.set()
            assert wire.response().body == b"from the old"
            assert wire.request(b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n").text == "new"


def test_memory_does_not_grow_with_reloads(gateway):
    def turn(count):
        for n in range(count):
            gateway.write("rules.yaml", says(f"m{n} " + "x" * 20_000))
            seconds_until(gateway, f"m{n} " + "x" * 20_000)

    turn(30)
    before = settled(gateway.child.memory)
    turn(100)
    assert settled(gateway.child.memory) - before < 6 << 20


def test_many_changes_at_once_end_with_the_last(gateway):
    for n in range(200):
        gateway.write("rules.yaml", says(f"burst{n}"))
    seconds_until(gateway, "burst199")
    assert gateway.get().text == "burst199"


def test_a_tunnel_outlives_the_configuration_that_made_it(started):
    """A WebSocket is not closed because a rule changed."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    switch = b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade

    def script(connection):
        connection.read_all()
        connection.send(switch)
        while connection.more(time.monotonic() + 20):
            data = bytes(connection.buffer)
            connection.buffer.clear()
            connection.send(data.upper())

    with Upstream("tunnel", script) as upstream:
        gateway = started(*r.one_upstream(upstream.port))
        with gateway.wire() as wire:
            assert wire.request(b"GET / HTTP/1.1\r\nHost: any.test\r\n" + upgrade).status == 101
            gateway.write("resources.yaml", r.gateway(), says("new"))
            seconds_until(gateway, "new")
            wire.send(b"still here")
            deadline = time.monotonic() + 5
            while bytes(wire.buffer) != b"STILL HERE":
                assert wire.more(deadline)
            wire.buffer.clear()
