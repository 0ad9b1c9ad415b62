"""Every page of docs/tasks does what it says: its commands print what stands there.

`ISTHMUS_REWRITE_PAGES=1` puts what they print into the pages instead.
"""

import os

import pytest

from harness.binary import PROJECT
from harness.demo import Demo
from harness.page import Page

PAGES = sorted(p for p in (PROJECT / "docs/tasks").glob("*.md") if p.name != "README.md")


@pytest.fixture
def demo(tmp_path):
    demo = Demo(tmp_path).start()
    yield demo
    demo.stop()


@pytest.mark.parametrize("path", [pytest.param(p, id=p.stem) for p in PAGES])
def test_a_page_shows_what_happens(path, demo):
    page = Page(path)
    assert page.steps, f"{path.name} has no command"
    page.run(demo, rewrite=bool(os.environ.get("ISTHMUS_REWRITE_PAGES")))
    talk = demo.child.err
    assert " error " not in talk and " warning " not in talk, talk


def test_every_folder_of_rules_has_its_page_and_every_page_is_in_the_index():
    def folders(name):
        return {p.name for p in (PROJECT / "gateways" / name).iterdir() if p.is_dir()}

    pages = {p.stem for p in PAGES}
    assert folders("tasks") <= pages
    assert {f"egress-{name}" for name in folders("egress")} <= pages
    index = (PROJECT / "docs/tasks/README.md").read_text()
    for page in PAGES:
        assert f"({page.name})" in index, page.name
