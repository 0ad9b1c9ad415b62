"""The first thing a newcomer runs: `isthmus demo`, and the walk of `isthmus demo --check`."""

import http.cookiejar
import json
import re
import signal
import urllib.parse
import urllib.request

import pytest

from harness.binary import PROJECT, binary, curl, environment, isthmus
from harness.ports import free_port
from harness.process import Child
from harness.waiting import wait_for


def test_check_walks_the_page_and_is_0():
    run = isthmus("demo", "--check", seconds=60, cwd=PROJECT)
    assert run.code == 0, run.out + run.err
    told = (run.out + run.err).lower()
    for step in ("productpage", "static", "login", "logout", "api/v1/products"):
        assert step in told, f"no check of {step} is told:\n{told}"


def test_check_proves_what_a_mesh_promises():
    run = isthmus("demo", "--check", seconds=60, cwd=PROJECT)
    assert run.code == 0, run.out + run.err
    promises = ("TLS 1.3", "HTTP/2", "plain text is refused", "who calls", "renewed under load")
    promises += ("called by its name", "asks an outside service: blocked", "it answers, over TLS")
    promises += ("blocked again",)
    for promise in promises:
        assert re.search(rf"(?m)^ok .*{re.escape(promise)}", run.out), f"{promise}:\n{run.out}"
    assert not run.err, "what it provokes is told by the checks, and not by the log"


def test_plain_walks_the_page_without_a_mesh():
    run = isthmus("demo", "--plain", "--check", seconds=60, cwd=PROJECT)
    assert run.code == 0, run.out + run.err
    assert "who calls" not in run.out


def test_check_works_from_any_folder(tmp_path):
    run = isthmus("demo", "--check", seconds=60, cwd=tmp_path)
    assert run.code == 0, run.out + run.err


def test_two_checks_at_once_do_not_disturb_each_other(tmp_path):
    children = [
        Child([binary(), "demo", "--check"], tmp_path, f"check{n}", env=environment())
        for n in range(2)
    ]
    try:
        assert [child.wait(60) for child in children] == [0, 0], children[0].tail()
    finally:
        for child in children:
            child.kill()


class Demo:
    """A running demo and where it says it is."""

    def __init__(self, folder):
        self.port = free_port()
        command = [binary(), "demo", "--port", self.port, "--https-port", free_port()]
        command += ["--workload-port", free_port(), "--admin-port", free_port()]
        self.others = {port: free_port() for port in (15001, 80, 443, 9443)}
        mapped = ",".join(f"{port}={bound}" for port, bound in self.others.items())
        command += ["--port-map", mapped]
        self.child = Child(command, folder, "demo", env=environment(), cwd=PROJECT)

        def told():
            assert self.child.code is None, self.child.tail()
            return re.search(
                r"(http://127\.0\.0\.1:\d+)/productpage", self.child.out + self.child.err
            )

        self.base = wait_for(told, "the demo to print its URL", 30).group(1)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo
    code = demo.child.stop(signal.SIGINT)
    demo.child.assert_no_crash()
    assert code == 0, demo.child.tail()


def browser(demo):
    """A client with a cookie jar that follows redirects; opener and jar."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar)
    )

    def visit(path, **form):
        data = urllib.parse.urlencode(form).encode() if form else None
        with opener.open(demo.base + path, data, timeout=10) as page:
            return page.status, page.read().decode()

    return visit, jar


def test_the_page_is_titled_simple_bookstore_app(demo):
    run = curl(f"{demo.base}/productpage")
    assert run.code == 0, run.err
    assert re.search(r"<title>\s*Simple Bookstore App\s*</title>", run.out)


def test_the_urls_it_prints_are_on_the_port_it_was_given(demo):
    assert demo.base == f"http://127.0.0.1:{demo.port}"


def test_a_port_that_is_taken_is_named(demo):
    run = isthmus("demo", "--port", demo.port)
    assert run.code not in (0, 64)
    assert str(demo.port) in run.err


def test_a_second_demo_is_told_all_that_it_needs_at_once(demo):
    """It would lose one port after another, each found by another start."""
    ports = ["--port", free_port(), "--https-port", free_port()]
    run = isthmus("demo", *ports, "--port-map", f"15001={demo.others[15001]}")
    assert run.code == 74
    assert "another demo may be running" in run.err
    for flag in ("--port", "--https-port", "--workload-port", "--admin-port", "--port-map 15001="):
        assert f"{flag} " in run.err or flag in run.err, flag


def test_the_page_comes_through_the_gateway(demo):
    run = curl("-D", "-", "-o", "/dev/null", f"{demo.base}/productpage")
    assert re.search(r"(?mi)^server: isthmus\r?$", run.out)
    assert re.search(r"(?mi)^x-envoy-upstream-service-time: \d+\r?$", run.out)


def test_the_page_has_details_and_reviews(demo):
    text = curl(f"{demo.base}/productpage").out
    for part in ("The Comedy of Errors", "Book Details", "Book Reviews", "Reviewer1", "Reviewer2"):
        assert part in text, part
    assert "Error fetching" not in text


def test_the_page_loads_nothing_from_other_hosts(demo):
    text = curl(f"{demo.base}/productpage").out
    loaded = re.findall(r"""<(?:script|link|img)[^>]+(?:src|href)=["']([^"']+)""", text)
    assert all(not re.match(r"(?i)(https?:)?//", url) for url in loaded), loaded


def test_every_static_file_of_the_page_is_there(demo):
    text = curl(f"{demo.base}/productpage").out
    files = set(re.findall(r"""["'](/?static/[^"'?]+)""", text))
    assert files, "the page uses no static file"
    for file in files:
        told = ["-o", "/dev/null", "-w", "%{http_code} %{size_download}"]
        code, size = curl(*told, f"{demo.base}/{file.lstrip('/')}").out.split()
        assert (code, int(size) > 0) == ("200", True), file


def test_jason_logs_in_and_out(demo):
    visit, jar = browser(demo)
    status, page = visit("/login", username="jason", passwd="")
    assert status == 200
    assert "jason" in page
    assert "session" in {cookie.name for cookie in jar}
    assert "jason" in visit("/productpage")[1]
    assert "jason" not in visit("/logout")[1]
    assert "jason" not in visit("/productpage")[1]


def test_the_session_cookie_cannot_be_read_by_scripts(demo):
    run = curl("-D", "-", "-o", "/dev/null", "-d", "username=jason&passwd=", f"{demo.base}/login")
    (cookie,) = re.findall(r"(?mi)^set-cookie: (session=.*?)\r?$", run.out)
    assert re.search(r"(?i)httponly", cookie)


def test_a_user_name_is_text_and_not_markup(demo):
    visit, _ = browser(demo)
    _, page = visit("/login", username="<script>alert(1)</script>", passwd="")
    assert "<script>alert(1)" not in page


def test_the_products_api_answers_json(demo):
    products = json.loads(curl(f"{demo.base}/api/v1/products").out)
    assert products[0]["title"] == "The Comedy of Errors"
    product = json.loads(curl(f"{demo.base}/api/v1/products/0").out)
    assert product["id"] == 0
    reviews = json.loads(curl(f"{demo.base}/api/v1/products/0/reviews").out)
    assert [review["reviewer"] for review in reviews["reviews"]] == ["Reviewer1", "Reviewer2"]
    ratings = json.loads(curl(f"{demo.base}/api/v1/products/0/ratings").out)
    assert ratings == {"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}


def test_all_three_versions_of_reviews_take_turns(demo):
    """B2 of the tutorials: without rules v1, v2 and v3 about a third each."""
    seen = set()
    for _ in range(60):
        text = curl(f"{demo.base}/api/v1/products/0/reviews").out
        stars = json.loads(text)["reviews"][0].get("rating")
        seen.add(stars["color"] if stars else None)
        if len(seen) == 3:
            break
    assert seen == {None, "black", "red"}


def test_other_paths_are_404(demo):
    run = curl("-o", "/dev/null", "-w", "%{http_code}", f"{demo.base}/other")
    assert run.out == "404"


def test_it_says_how_to_stop_it(demo):
    """That stopping it so ends with 0 and without a crash is asserted by the fixture."""
    assert re.search(r"(?i)ctrl.?c", demo.child.out + demo.child.err)
