"""Every page of docs/tasks does what it says: its commands print what stands there.

`ISTHMUS_REWRITE_PAGES=1` puts what they print into the pages instead.
"""

import os

import pytest

from harness import namespace
from harness.binary import PROJECT
from harness.demo import Demo
from harness.page import Page
from harness.sidecar import Sidecar

REWRITE = bool(os.environ.get("ISTHMUS_REWRITE_PAGES"))
PAGES = sorted(p for p in (PROJECT / "docs/tasks").glob("*.md") if p.name != "README.md")


@pytest.fixture
def demo(tmp_path):
    demo = Demo(tmp_path).start()
    yield demo
    demo.stop()


# Pages that take rights, and the one that would change the machine's own rules.
TAKES_RIGHTS = pytest.mark.skipif(
    namespace.MISSING is not None, reason=f"{namespace.MISSING}: the page was not typed"
)
CAPTURE = PROJECT / "docs/tasks/capture.md"


def page(path):
    return pytest.param(path, id=path.stem, marks=TAKES_RIGHTS if path.stem == "run" else ())


@pytest.mark.parametrize("path", [page(p) for p in PAGES if p != CAPTURE])
def test_a_page_shows_what_happens(path, demo):
    page = Page(path)
    assert page.steps, f"{path.name} has no command"
    page.run(demo, rewrite=REWRITE)
    complaints = [
        line for line in demo.child.err.splitlines()
        # Calls that are blocked are what some pages are about.
        if (" error " in line or " warning " in line) and " warning egress " not in line
    ]  # fmt: skip
    assert complaints == []


class CapturingSidecar(Sidecar):
    """As the page starts one."""

    def command(self):
        command = super().command()
        return command + ["-f", self.cwd / "gateways/samples/httpbin.yaml"]


@TAKES_RIGHTS
def test_the_page_on_capturing_shows_what_happens(tmp_path):
    def body():
        demo = Demo(tmp_path).start()
        try:
            sidecar = CapturingSidecar(
                tmp_path, workload="caller", ports=(), arguments=["--capture"], cwd=demo.folder,
                paths=[demo.folder / "gateways/tasks/capture"],
            )  # fmt: skip
            # The page's terminal has the sidecar of its own in it.
            assert f"isthmus sidecar -w {sidecar.workload}" in CAPTURE.read_text()
            with sidecar:
                Page(CAPTURE).run(demo, rewrite=REWRITE)
        finally:
            demo.stop()

    namespace.apart(body, addresses=("10.96.0.7", "10.96.0.8"))


def test_every_folder_of_rules_has_its_page_and_every_page_is_in_the_index():
    def folders(name):
        return {p.name for p in (PROJECT / "gateways" / name).iterdir() if p.is_dir()}

    pages = {p.stem for p in PAGES}
    assert folders("tasks") <= pages
    assert {f"egress-{name}" for name in folders("egress")} <= pages
    index = (PROJECT / "docs/tasks/README.md").read_text()
    for page in PAGES:
        assert f"({page.name})" in index, page.name
