"""What people type first: the ingress scenarios I1 to I4 of five users' notes, and the spellings
found there. The texts are theirs, character by character; where the notes leave out `apiVersion`
it is the one they use.
"""

import re
import textwrap

import pytest

from harness import resources as r
from harness.binary import curl, isthmus
from harness.upstream import Upstream, ok
from harness.waiting import wait_for

API = "apiVersion: networking.istio.io/v1alpha3\n"

# 002:120 and 004:422, with the comment in it.
GATEWAY = (
    API
    + """kind: Gateway
metadata:
  name: bookinfo-gateway
spec:
  selector:
    istio: ingressgateway # use istio default controller
  servers:
  - port:
      number: 80
      name: http
      protocol: HTTP
    hosts:
    - "*"
---
"""
    + API
    + """kind: VirtualService
metadata:
  name: bookinfo
spec:
  hosts:
  - "*"
  gateways:
  - bookinfo-gateway
  http:
  - match:
    - uri:
        exact: /productpage
    - uri:
        prefix: /static
    - uri:
        exact: /login
    - uri:
        exact: /logout
    - uri:
        prefix: /api/v1/products
    route:
    - destination:
        host: productpage
        port:
          number: 9080
"""
)

# 004:1647 and 004:1669.
HTTPBIN = (
    GATEWAY.split("---\n")[0].replace("bookinfo-gateway", "httpbin-gateway")
    + "---\n"
    + API
    + """kind: VirtualService
metadata:
  name: httpbin
spec:
  hosts:
  - "*"
  gateways:
  - httpbin-gateway
  http:
  - match:
    - uri:
        prefix: /headers
    route:
    - destination:
        port:
          number: 8000
        host: httpbin
"""
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


def document(text):
    return textwrap.dedent(text).replace("<TAB>", "\t")


TAKEN = {
    "000:47 sequences not indented, an empty document at the end": API
    + document(
        """\
        kind: DestinationRule
        metadata:
          name: reviews
        spec:
          host: reviews
          subsets:
          - name: v1
            labels:
              version: v1
          - name: v2-mysql-vm
            labels:
              version: v2-mysql-vm
        ---
        """
    ),
    "003:73 indented by one, comments after values": API
    + document(
        """\
        kind: VirtualService
        metadata:
         name: rating
        spec:
         hosts:
         - rating
         http:
         - route:
           - destination:
               host: rating
               subset: version-v1
             weight: 75    # v1 \u7248\u672c\u6743\u91cd
           - destination:
               host: rating
               subset: version-v2  # v2 \u7248\u672c\u6743\u91cd
             weight: 25
        """
    ),
    "003:115 tabs before comments": API
    + document(
        """\
        kind: VirtualService
        metadata:
         name: rating
        spec:
          hosts:
          - rating
          http:
          - match:            <TAB># \u5339\u914d\u89c4\u5219
            - headers:<TAB><TAB><TAB># \u8bf7\u6c42\u5934
                end-user:<TAB><TAB># end-user=jason\u7528\u6237
                  exact: jason  
            route:
            - destination:
                host: rating
                subset: version-v1
          - route:
            - destination:
                host: rating
                subset: version-v2
        """
    ),
    "003:146 retries with tabs before comments": API
    + document(
        """\
        kind: VirtualService
        metadata:
         name: rating
        spec:
         hosts:
         - rating
         http:
         - route:
           - destination:
               host: rating
           retries:      <TAB><TAB># \u91cd\u8bd5
             attempts: 2<TAB><TAB># \u91cd\u8bd5\u6b21\u6570
             perTryTimeout: 5s<TAB># \u8d85\u65f6\u65f6\u95f4
             retryOn: 5xx     <TAB># \u5728\u51fa\u73b05xx\u9519\u8bef\u7684\u65f6\u5019\u91cd\u8bd5
        """
    ),
    "003:174 a policy behind the subsets": API
    + document(
        """\
        kind: DestinationRule
        metadata:
         name: rating
        spec:
         host: rating
         subsets:
         - labels:
             version: v1
           name: version-v1
         trafficPolicy:        # \u6d41\u91cf\u7b56\u7565
           connectionPool:
             http:
               http1MaxPendingRequests: 3
               maxRequestsPerConnection: 3
             tcp:
               maxConnections: 3
           outlierDetection:    <TAB><TAB># \u65ad\u8def\u5668 - \u5f02\u5e38\u68c0\u6d4b
             baseEjectionTime: 3m   <TAB># ...
             consecutive5xxErrors: 1<TAB># ...
             interval: 1s        <TAB><TAB># ...
             maxEjectionPercent: 100
        """
    ),
    "004:1329 consecutiveErrors": API
    + document(
        """\
        kind: DestinationRule
        metadata:
          name: httpbin
        spec:
          host: httpbin
          trafficPolicy:
            connectionPool:
              tcp:
                maxConnections: 1
              http:
                http1MaxPendingRequests: 1
                maxRequestsPerConnection: 1
            outlierDetection:
              consecutiveErrors: 1
              interval: 1s
              baseEjectionTime: 3m
              maxEjectionPercent: 100
        """
    ),
    "001:677 percent": API
    + document(
        """\
        kind: VirtualService
        metadata:
          name: ratings
        spec:
          hosts:
          - ratings
          http:
          - fault:
              delay:
                percent: 100
                fixedDelay: 2s
            route:
            - destination:
                host: ratings
                subset: v1
        """
    ),
    "001:1198 mirror_percent": API
    + document(
        """\
        kind: VirtualService
        metadata:
          name: httpbin
        spec:
          hosts:
            - httpbin
          http:
          - route:
            - destination:
                host: httpbin
                subset: v1
              weight: 100
            mirror:
              host: httpbin
              subset: v2
            mirror_percent: 100
        """
    ),
    "000:269 a fault with a percentage": API
    + document(
        """\
        kind: VirtualService
        metadata:
          name: ratings
        spec:
          hosts:
          - ratings
          http:
          - match:
            - headers:
                end-user:
                  exact: jason
            fault:   # \u6545\u969c\u6ce8\u5165
              delay: # \u5ef6\u8fdf
                percentage:
                  value: 100.0
                fixedDelay: 7s
            route:
            - destination:
                host: ratings
                subset: v1
          - route:
            - destination:
                host: ratings
                subset: v1
        """
    ),
}


@pytest.mark.parametrize("text", [pytest.param(v, id=k) for k, v in TAKEN.items()])
def test_a_spelling_of_the_notes_is_taken(tmp_path, text):
    code, told = validate(tmp_path, text)
    assert code == 0, told
    assert ": error: " not in told


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
