"""Mirroring on the demo beyond its page: scenarios M1 to M3, with the notes' own rules."""

import pytest

from harness.binary import curl
from harness.demo import WORKLOAD, Demo
from harness.tutorials import tutorial
from harness.waiting import wait_for

URL = "http://httpbin:8000"


class Mirrored(Demo):
    def log(self, version):
        place = 30 + version
        return curl(f"http://127.0.0.{place}:{self.map[WORKLOAD]}/log").out.splitlines()


@pytest.fixture
def demo(tmp_path):
    demo = Mirrored(tmp_path).start()
    yield demo
    demo.stop()


def apply(demo, text):
    (demo.rules / "httpbin.yaml").write_text(text)
    demo.until_live()


def test_m1_without_a_rule_both_versions_answer(demo):
    names = {demo.get(f"{URL}/hostname")[1] for _ in range(40)}
    assert names == {'{"hostname":"httpbin-v1"}', '{"hostname":"httpbin-v2"}'}


def test_m2_without_a_mirror_the_second_version_hears_nothing(demo):
    text = tutorial("httpbin-mirror")
    start, end = text.index("    mirror:"), text.index("---")
    apply(demo, text[:start] + text[end:])
    for _ in range(20):
        assert demo.get(f"{URL}/get")[0] == 200
    assert len(demo.log(1)) == 20
    assert demo.log(2) == []


@pytest.mark.parametrize("field", ["mirror_percent", "mirrorPercent"])
def test_m3_each_request_arrives_at_both_and_the_copy_with_shadow(demo, field):
    apply(demo, tutorial("httpbin-mirror").replace("mirror_percent", field))
    for _ in range(10):
        assert demo.get(f"{URL}/hostname") == (200, '{"hostname":"httpbin-v1"}')
    wait_for(lambda: len(demo.log(2)) == 10, "ten copies")
    assert set(demo.log(1)) == {"GET /hostname HTTP/1.1 200 httpbin:8000"}
    assert set(demo.log(2)) == {"GET /hostname HTTP/1.1 200 httpbin-shadow:8000"}
    assert len(demo.log(1)) == 10
