"""Faults, timeouts and retries on the demo beyond their pages, with the notes' own rules: scenarios
F1, F4, O1, O2 and Q1.
"""

import json
import time

import pytest

from harness.binary import curl
from harness.demo import WORKLOAD, Demo
from harness.tutorials import tutorial

JASON = ["-H", "end-user: jason"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    demo = Demo(tmp_path_factory.mktemp("delays")).start()
    yield demo
    demo.stop()


def apply(demo, **files):
    for old in demo.rules.iterdir():
        old.unlink()
    for name, text in {"rules": tutorial("destination-rule-all"), **files}.items():
        (demo.rules / f"{name}.yaml").write_text(text)
    demo.until_live()


def timed(demo, url, *options):
    """Status, body, seconds."""
    begun = time.monotonic()
    status, body = demo.get(url, *options)
    return status, body, time.monotonic() - begun


RATINGS, REVIEWS = "http://ratings:9080/ratings/0", "http://reviews:9080/reviews/0"


def test_f1_seven_seconds_for_jason_and_none_for_others(demo):
    apply(demo, ratings=tutorial("ratings-delay"))
    status, body, seconds = timed(demo, RATINGS, *JASON)
    assert status == 200 and json.loads(body)["ratings"]
    assert 7.0 <= seconds < 10.0
    status, _, seconds = timed(demo, RATINGS)
    assert status == 200 and seconds < 5.0


def test_f4_an_abort_for_jason_and_none_for_others(demo):
    text = tutorial("ratings-delay").replace("delay:", "abort:")
    apply(demo, ratings=text.replace("fixedDelay: 7s", "httpStatus: 500"))
    assert demo.get(RATINGS, *JASON) == (500, "fault filter abort")
    assert demo.get(RATINGS)[0] == 200


def test_an_aborted_request_reaches_nobody(demo):
    text = tutorial("ratings-delay").replace("delay:", "abort:")
    apply(demo, ratings=text.replace("fixedDelay: 7s", "httpStatus: 500"))

    def served():
        name = f"cluster.inbound|{demo.map[WORKLOAD]}||.upstream_rq_total: "
        lines = demo.admin("ratings-v1", "/stats").splitlines()
        (line,) = [line for line in lines if line.startswith(name)]
        return int(line.removeprefix(name))

    demo.get(RATINGS)
    before = served()
    assert before > 0
    for _ in range(3):
        demo.get(RATINGS, *JASON)
    assert served() == before


def test_o1_a_delay_by_percent_of_old(demo):
    rules = tutorial("reviews-timeout").replace("    timeout: 0.5s\n", "")
    apply(demo, ratings=tutorial("ratings-delay-percent"), reviews=rules)
    status, body, seconds = timed(demo, REVIEWS)
    assert status == 200 and '"color":"black"' in body
    assert 2.0 <= seconds < 5.0


def test_o2_half_a_second_is_504_and_the_page_says_so_in_one(demo):
    apply(demo, ratings=tutorial("ratings-delay-percent"), reviews=tutorial("reviews-timeout"))
    status, body, seconds = timed(demo, REVIEWS)
    assert (status, body) == (504, "upstream request timeout")
    assert 0.5 <= seconds < 2.0
    begun = time.monotonic()
    page = curl(f"{demo.base}/productpage").out
    assert "Error fetching product reviews" in page
    assert 1.0 <= time.monotonic() - begun < 2.0


def arrived(demo, what):
    """How often httpbin was asked for it, both versions together."""
    logs = [curl(f"http://127.0.0.{n}:{demo.map[WORKLOAD]}/log").out for n in (31, 32)]
    return sum(line.split()[1] == what for log in logs for line in log.splitlines())


def test_q1_a_5xx_is_tried_twice_more(demo):
    apply(demo, httpbin=tutorial("rating-retries").replace("rating", "httpbin"))
    assert demo.get("http://httpbin:8000/status/500?q1")[0] == 500
    assert arrived(demo, "/status/500?q1") == 3


def test_q1_without_the_rule_a_5xx_is_not_tried_again(demo):
    apply(demo)
    assert demo.get("http://httpbin:8000/status/500?plain")[0] == 500
    assert arrived(demo, "/status/500?plain") == 1


def test_q2_each_try_has_its_own_time(demo):
    text = tutorial("rating-retries").replace("rating", "httpbin")
    apply(demo, httpbin=text.replace("perTryTimeout: 5s", "perTryTimeout: 0.5s"))
    status, body, seconds = timed(demo, "http://httpbin:8000/delay/5")
    assert (status, body) == (504, "upstream request timeout")
    assert 1.5 <= seconds < 5.0
