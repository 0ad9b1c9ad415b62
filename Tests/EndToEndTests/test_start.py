"""What stops the gateway from starting, what does not, and how it says so."""

import os
import re
import shutil
import socket
import stat
import time
from pathlib import Path

import pytest

from harness import resources as r
from harness.binary import binary, environment, isthmus
from harness.gateway import Gateway
from harness.ports import free_port
from harness.process import Child


def answer(text="hello"):
    rule = {"directResponse": {"status": 200, "body": {"string": text}}}
    return [r.gateway(), r.virtual_service("all", rule)]


def refused(tmp_path, objects=None, seconds=10, **options):
    """Starts a gateway that is expected to refuse; the child after its end."""
    gateway = Gateway(tmp_path, objects or answer(), **options).launch()
    try:
        gateway.child.wait(seconds)
    finally:
        gateway.child.kill()
    gateway.child.assert_no_crash()
    assert gateway.child.code != 0, "it started"
    return gateway


def test_it_is_ready_within_two_seconds(tmp_path):
    begin = time.monotonic()
    with Gateway(tmp_path, answer()):
        assert time.monotonic() - begin < 2


@pytest.mark.skipif(os.geteuid() != 0, reason="giving up rights needs them first")
def test_a_privileged_port_without_the_right_names_port_map(tmp_path):
    """As `nobody`, from a place `nobody` can read."""
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 80:
        pytest.skip("this machine lets everybody bind port 80")
    folder = Path("/tmp") / f"isthmus-nobody-{os.getpid()}-{free_port()}"
    folder.mkdir(mode=0o755)
    try:
        program = folder / "isthmus"
        shutil.copy(binary(), program)
        program.chmod(0o755)
        (folder / "all.yaml").write_text(r.text(*answer()))
        child = Child(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
            + ["--bounding-set=-all", program, "gateway", "-f", folder / "all.yaml"]
            + ["--bind", "127.0.0.1", "--admin", f"127.0.0.1:{free_port()}"]
            + ["--status", f"127.0.0.1:{free_port()}", "--metrics", "off"],
            tmp_path,
            "nobody",
            env=environment(),
        )
        try:
            child.wait(10)
        finally:
            child.kill()
        child.assert_no_crash()
        assert child.code == 77
        assert "--port-map 80=" in child.err
        assert re.search(r"\b80\b", child.err)
    finally:
        shutil.rmtree(folder)


def test_an_occupied_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        gateway = Gateway(tmp_path, answer())
        gateway.map[80] = other.getsockname()[1]
        gateway.launch()
        try:
            gateway.child.wait(10)
        finally:
            gateway.child.kill()
        gateway.child.assert_no_crash()
        assert gateway.child.code not in (0, None)
        assert str(gateway.map[80]) in gateway.child.err
        assert "in use" in gateway.child.err.lower()


def test_a_port_of_another_gateway_is_not_shared_silently(tmp_path, started):
    """SO_REUSEPORT would let a second gateway take every other connection of the first."""
    first = started(*answer("first"))
    second = Gateway(tmp_path, answer("second"), name="second")
    second.map[80] = first.port()
    second.launch()
    try:
        second.child.wait(10)
    finally:
        second.child.kill()
    assert second.child.code not in (0, None)
    assert {first.get().text for _ in range(20)} == {"first"}


@pytest.mark.parametrize("which", ["admin_port", "status_port", "metrics_port"])
def test_an_occupied_alias_port_is_logged_and_skipped(tmp_path, which):
    with socket.create_server(("127.0.0.1", 0)) as other:
        gateway = Gateway(tmp_path, answer())
        setattr(gateway, which, other.getsockname()[1])
        gateway.launch()
        try:
            end = time.monotonic() + 10
            while time.monotonic() < end:
                assert gateway.child.code is None, gateway.child.tail()
                try:
                    if gateway.get().text == "hello":
                        break
                except OSError:
                    time.sleep(0.02)
            assert gateway.get().text == "hello"
            assert str(getattr(gateway, which)) in gateway.child.err
        finally:
            gateway.stop()


def test_a_bad_configuration_at_the_start_is_78_with_the_place(tmp_path):
    gateway = Gateway(tmp_path, answer())
    gateway.write("bad.yaml", "kind: [")
    gateway.launch()
    try:
        code = gateway.child.wait(10)
    finally:
        gateway.child.kill()
    assert code in (65, 78)
    assert re.search(r"bad\.yaml:\d+:\d+: error: ", gateway.child.err)


def test_a_path_that_does_not_exist_is_named(tmp_path):
    gateway = refused(tmp_path, paths=[tmp_path / "nothing"])
    assert "nothing" in gateway.child.err


def test_an_empty_folder_is_a_gateway_that_waits(tmp_path):
    """Files may come later; what is there to be ready for is a matter of opinion, living is not."""
    folder = tmp_path / "empty"
    folder.mkdir()
    gateway = Gateway(tmp_path, paths=[folder]).launch()
    try:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            assert gateway.child.code is None, gateway.child.tail()
            time.sleep(0.02)
        (folder / "all.yaml").write_text(r.text(*answer("came later")))
        end = time.monotonic() + 5
        while time.monotonic() < end:
            try:
                if gateway.get().text == "came later":
                    break
            except OSError:
                pass
            time.sleep(0.02)
        assert gateway.get().text == "came later"
    finally:
        gateway.stop()


@pytest.mark.parametrize(
    "arguments",
    [
        ["gateway"],
        ["gateway", "-f", "x", "--port-map", "80"],
        ["gateway", "-f", "x", "--port-map", "80=lots"],
        ["gateway", "-f", "x", "--port-map", "80=70000"],
        ["gateway", "-f", "x", "--workers", "0"],
        ["gateway", "-f", "x", "--workers", "many"],
        ["gateway", "-f", "x", "--bind", "not an address"],
        ["gateway", "-f", "x", "--admin", "15000"],
        ["gateway", "-f", "x", "--label", "nothing"],
        ["gateway", "-f", "x", "--no-such-flag"],
        ["no-such-command"],
    ],
    ids=" ".join,
)
def test_a_usage_error_is_64(arguments):
    run = isthmus(*arguments)
    assert run.code == 64, run.err
    assert run.err.strip()
    assert run.out == "", "talk belongs on standard error"


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["gatway", "-f", "x"], "did you mean isthmus gateway?"),
        (["ca", "ini"], "did you mean isthmus ca init?"),
        (["rules.yaml"], "the commands of isthmus are demo, gateway, "),
    ],
)
def test_a_word_that_is_no_command_is_named_and_not_the_option_behind_it(arguments, told):
    run = isthmus(*arguments)
    assert run.code == 64 and run.out == ""
    assert f'"{[a for a in arguments if a != "ca"][0]}" is no command' in run.err
    assert told in run.err


def test_the_label_selects_the_gateways(started):
    mine = answer("mine")
    mine[0]["spec"]["selector"] = {"team": "shop"}
    gateway = started(*mine, arguments=["--label", "team=shop"])
    assert gateway.get().text == "mine"


def test_help_is_on_standard_output_with_0():
    run = isthmus("--help")
    assert run.code == 0
    for command in ("gateway", "demo", "validate", "explain", "version"):
        assert command in run.out


@pytest.mark.parametrize("command", ["gateway", "demo", "validate", "explain", "version"])
def test_every_command_has_help(command):
    run = isthmus(command, "--help")
    assert run.code == 0
    assert "USAGE" in run.out.upper()


def test_the_gateways_flags_are_in_its_help():
    text = isthmus("gateway", "--help").out
    for flag in (
        "-f --label --namespace --bind --port-map --workers --admin --status --metrics --access-log"
    ).split():
        assert flag in text, flag


def test_the_version_is_told():
    run = isthmus("version")
    assert run.code == 0
    assert re.search(r"\d+\.\d+\.\d+", run.out)


def test_the_limits_are_told():
    run = isthmus("version", "--limits")
    assert run.code == 0
    assert len([line for line in run.out.splitlines() if re.search(r"\d", line)]) >= 10


def test_a_flag_can_be_set_in_the_environment(tmp_path):
    """Flag, then ISTHMUS_*, then default."""
    gateway = Gateway(tmp_path, answer())
    command = gateway.command()
    at = command.index("--access-log")
    del command[at : at + 2]
    gateway.command = lambda: command
    gateway.env = environment(ISTHMUS_ACCESS_LOG=str(gateway.log_path))
    with gateway:
        gateway.get("/by-environment")
        gateway.log_entry(path="/by-environment")


def test_the_access_log_cannot_be_written_by_others(tmp_path):
    with Gateway(tmp_path, answer()) as gateway:
        gateway.get()
        gateway.log_entry(path="/")
        assert not stat.S_IMODE(gateway.log_path.stat().st_mode) & 0o022


def test_talk_is_on_standard_error(tmp_path):
    with Gateway(tmp_path, answer()) as gateway:
        gateway.get()
        assert gateway.child.out == ""


def test_twenty_workers_on_two_cores_serve(started):
    gateway = started(*answer(), workers=20)
    assert all(gateway.get().text == "hello" for _ in range(40))


def test_an_idle_gateway_costs_no_time(started):
    gateway = started(*answer())
    gateway.get()
    before = gateway.child.cpu_seconds()
    time.sleep(1.0)
    assert gateway.child.cpu_seconds() - before <= 0.02


def test_an_idle_gateway_is_small(started):
    gateway = started(*answer())
    gateway.get()
    assert gateway.child.memory("VmRSS") < 25 << 20
