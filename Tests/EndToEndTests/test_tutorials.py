"""What people type first: the ingress scenarios I1 to I4 of five users' notes, and the spellings
found there. The texts are those of Tests/Tutorials.
"""

import re

import pytest

from harness import resources as r
from harness.binary import curl, isthmus
from harness.tutorials import names, tutorial
from harness.upstream import Upstream, ok
from harness.waiting import wait_for

API = "apiVersion: networking.istio.io/v1alpha3\n"

GATEWAY = tutorial("bookinfo-gateway")

# 004:1647 and 004:1669.
HTTPBIN = (
    GATEWAY.split("---\n")[0].replace("bookinfo-gateway", "httpbin-gateway")
    + "---\n"
    + tutorial("httpbin")
)


def productpage(connection):
    """Answers as productpage did for the notes' `curl -I`: 197 bytes, HEAD without them."""
    while request := connection.read_all():
        answer = ok(b"p" * 197, b"Content-Type: text/html; charset=utf-8")
        connection.send(answer[:-197] if request.method == "HEAD" else answer)


@pytest.fixture
def page():
    with Upstream("productpage", productpage) as upstream:
        yield upstream


def behind(page=None, httpbin=None):
    """Services and endpoints, as a cluster would have them."""
    objects = []
    if page:
        objects.append(r.service("productpage", 9080))
        objects.append(r.endpoint_slice("productpage", page.port))
    if httpbin:
        objects.append(r.service("httpbin", 8000, target=80))
        objects.append(r.endpoint_slice("httpbin", httpbin.port))
    return objects


CODE = ["-o", "/dev/null", "-w", "%{http_code}"]


def live(gateway, path, host="any.test"):
    """Waits until a file that was written a moment ago serves this path."""

    def served():
        try:
            return gateway.get(path, host=host).status == 200
        except ConnectionRefusedError:
            return False

    wait_for(served, f"{path} to be served")


PATHS = ["/productpage", "/static/bootstrap.css", "/login", "/logout", "/api/v1/products/0"]


def test_i1_the_five_paths_are_served_and_others_are_404(started, page):
    gateway = started(*behind(page))
    gateway.write("bookinfo-gateway.yaml", GATEWAY)
    live(gateway, "/productpage")
    for path in PATHS:
        assert curl(*CODE, gateway.url(path)).out == "200", path
    for path in ("/", "/productpage/", "/productpages", "/other", "/api/v1"):
        run = curl("-o", "/dev/null", "-w", "%{http_code} %{size_download}", gateway.url(path))
        assert run.out == "404 0", path


def test_i2_the_host_is_served_and_others_are_404(started, page):
    gateway = started(*behind(page))
    gateway.write("bookinfo-gateway.yaml", GATEWAY.replace('"*"', '"bookinfo.example.com"'))
    live(gateway, "/productpage", "bookinfo.example.com")
    url = gateway.url("/productpage")
    run = curl("-I", "-H", "Host: bookinfo.example.com", url)
    assert run.code == 0, run.err
    assert run.out.startswith("HTTP/1.1 200 OK\r\n")
    assert re.search(r"(?mi)^content-length: 197\r$", run.out)
    assert re.search(r"(?mi)^server: isthmus\r$", run.out)
    for host in ("example.com", "other.example.com", "127.0.0.1"):
        assert curl(*CODE, "-H", f"Host: {host}", url).out == "404", host


def test_i2_a_port_in_the_host_does_not_matter(started, page):
    gateway = started(*behind(page))
    gateway.write("bookinfo-gateway.yaml", GATEWAY.replace('"*"', '"bookinfo.example.com"'))
    live(gateway, "/productpage", "bookinfo.example.com")
    host = f"Host: bookinfo.example.com:{gateway.port()}"
    assert curl(*CODE, "-H", host, gateway.url("/productpage")).out == "200"


def test_i3_httpbin_is_served_on_headers(started, httpbin):
    gateway = started(*behind(httpbin=httpbin))
    gateway.write("httpbin-gateway.yaml", HTTPBIN)
    live(gateway, "/headers")
    run = curl("-w", "%{http_code}", gateway.url("/headers?show_env=1"))
    assert run.out.endswith("200")
    assert "x-request-id" in run.out.lower()
    assert curl(*CODE, gateway.url("/ip")).out == "404"


def test_i4_two_gateways_on_one_port_serve_both(started, page, httpbin):
    gateway = started(*behind(page, httpbin))
    gateway.write("bookinfo-gateway.yaml", GATEWAY)
    gateway.write("httpbin-gateway.yaml", HTTPBIN)
    live(gateway, "/productpage")
    live(gateway, "/headers")
    for path in ["/headers", *PATHS]:
        assert curl(*CODE, gateway.url(path)).out == "200", path
    assert curl(*CODE, gateway.url("/status/200")).out == "404"


# Spellings.


def validate(tmp_path, text):
    file = tmp_path / "notes.yaml"
    file.write_text(text)
    run = isthmus("validate", "-f", file)
    return run.code, run.out + run.err


@pytest.mark.parametrize("name", names())
def test_a_text_of_the_notes_is_taken(tmp_path, name):
    code, told = validate(tmp_path, tutorial(name))
    assert code == 0, told
    assert ": error: " not in told


@pytest.mark.parametrize("field", ["mirror_percent", "mirrorPercent"])
def test_both_old_spellings_of_a_mirrors_share_are_taken_with_a_warning(tmp_path, field):
    text = tutorial("httpbin-mirror").replace("mirror_percent", field)
    code, told = validate(tmp_path, text)
    assert code == 0, told
    assert re.search(rf"warning: .*`?{field}`?", told), told


REFUSED = {
    "003:50 a tab in the indentation": (
        API
        + "kind: DestinationRule\nmetadata:\n name: rating\nspec:\n host: rating\n subsets:\n"
        + " - labels:\n     version: v1\n \tname: version-v1\n",
        range(8, 11),
    ),
    "002:626 indented by five, then by three": (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web-svc\nspec:\n  selector:\n"
        + "     app: web\n   ports:\n   - name: http\n     port: 8080\n",
        range(5, 10),
    ),
    "004:759 names at the left margin": (
        API
        + "kind: VirtualService\nmetadata:\n  name: reviews\nspec:\n  hosts:\n- reviews\n"
        + "  http:\n  - route:\n    - destination:\n        host: reviews\n",
        range(5, 10),
    ),
    "002:183 the shell's quote marks": (
        "> " + GATEWAY.split("---\n")[0].replace("\n", "\n> "),
        range(1, 4),
    ),
    "002:551 vim's line numbers": (
        "".join(f"{n:>3} {s}\n" for n, s in enumerate(GATEWAY.splitlines(), 1)),
        range(1, 4),
    ),
}


@pytest.mark.parametrize(
    "text, lines", [pytest.param(*v, id=k) for k, v in REFUSED.items()]
)
def test_a_spelling_that_cannot_be_meant_is_refused_with_its_place(tmp_path, text, lines):
    code, told = validate(tmp_path, text)
    assert code == 65, told
    places = re.findall(r"notes\.yaml:(\d+):(\d+): error: \S+", told)
    assert any(int(line) in lines for line, _ in places), told


def test_nothing_of_a_broken_file_is_applied(started):
    direct = {"directResponse": {"status": 200, "body": {"string": "old"}}}
    gateway = started(r.gateway(), r.virtual_service("all", direct))
    direct = {"directResponse": {"status": 200, "body": {"string": "new"}}}
    gateway.write(
        "more.yaml",
        r.text(r.virtual_service("more", direct, hosts=["more.test"])) + "---\nkind: [\n",
    )
    gateway.wait_for_talk("more.yaml:")
    assert gateway.get(host="more.test").text == "old"
