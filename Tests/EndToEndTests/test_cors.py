"""corsPolicy: what a browser is told about scripts of other sites, and what it then lets them do.

The tables of answers are Envoy's (cors_filter.cc); whether they mean what they should is asked of a
real browser at the end.
"""

import shutil
import subprocess

import pytest

from harness import resources as r
from harness.upstream import Upstream, answers, ok

SHOP = "http://shop.test"

POLICY = {
    "allowOrigins": [
        {"exact": SHOP},
        {"prefix": "http://dev-"},
        {"regex": "https://[a-z]+\\.shop\\.test"},
    ],
    "allowMethods": ["GET", "PUT"],
    "allowHeaders": ["x-cart", "content-type"],
    "exposeHeaders": ["x-total", "x-page"],
    "maxAge": "24h",
    "allowCredentials": True,
}


def start(started, *rules):
    """A gateway whose rules go to an upstream that says its own in the same fields."""
    own = ok(b"hello", b"Access-Control-Allow-Origin: *", b"X-Total: 7")
    upstream = Upstream("api", answers(own)).start()
    gateway = started(
        r.gateway(),
        r.service_entry("api.test", upstream.port),
        r.virtual_service("api", *rules),
    )
    return gateway, upstream


def ask(gateway, method="GET", path="/", origin=SHOP, wanted=None, headers=None):
    fields = [f"{method} {path} HTTP/1.1", "Host: api.test"]
    if origin is not None:
        fields.append(f"Origin: {origin}")
    if wanted:
        fields.append(f"Access-Control-Request-Method: {wanted}")
    if headers:
        fields.append(f"Access-Control-Request-Headers: {headers}")
    head = "".join(field + "\r\n" for field in fields) + "\r\n"
    with gateway.wire() as wire:
        return wire.request(head.encode(), method)


def said(response):
    """The CORS fields of an answer; each at most once."""
    names = [n.decode().lower() for n, _ in response.fields]
    cors = [n for n in names if n.startswith("access-control-")]
    assert len(cors) == len(set(cors)), response.fields
    return {n.removeprefix("access-control-"): response.get(n) for n in cors}


@pytest.fixture
def shop(started):
    rule = r.rule("api.test", corsPolicy=POLICY)
    gateway, upstream = start(started, rule)
    yield gateway, upstream
    upstream.stop()


def test_a_preflight_is_answered_by_the_proxy(shop):
    gateway, upstream = shop
    answer = ask(gateway, "OPTIONS", wanted="PUT", headers="x-cart")
    assert (answer.status, answer.body) == (200, b"")
    assert said(answer) == {
        "allow-origin": SHOP,
        "allow-methods": "GET,PUT",
        "allow-headers": "x-cart,content-type",
        "max-age": "86400",
        "allow-credentials": "true",
        "expose-headers": "x-total,x-page",
    }
    assert upstream.heads == []
    entry = gateway.log_entry(method="OPTIONS")
    assert (entry["response_code"], entry["response_code_details"]) == ("200", "cors_response")


@pytest.mark.parametrize(
    "origin, allowed",
    [
        (SHOP, True),
        ("http://dev-anna.test:3000", True),
        ("https://de.shop.test", True),
        ("https://de.shop.test.evil.test", False),
        ("http://shop.test.evil.test", False),
        ("HTTP://SHOP.TEST", False),
        ("null", False),
        ("*", False),
    ],
)
def test_origins_are_matched_whole(shop, origin, allowed):
    gateway, upstream = shop
    answer = ask(gateway, origin=origin)
    assert (answer.status, answer.body) == (200, b"hello")
    if allowed:
        assert said(answer) == {
            "allow-origin": origin,
            "allow-credentials": "true",
            "expose-headers": "x-total,x-page",
        }
    else:
        assert said(answer) == {"allow-origin": "*"}, "what the endpoint says stays its own"
    stats = gateway.admin("/stats?filter=cors").text
    assert f".cors.origin_valid: {int(allowed)}\n" in stats
    assert f".cors.origin_invalid: {int(not allowed)}\n" in stats


def test_a_method_that_is_not_listed_is_the_browsers_business(shop):
    answer = ask(shop[0], "OPTIONS", wanted="DELETE")
    assert (answer.status, said(answer)["allow-methods"]) == (200, "GET,PUT")


@pytest.mark.parametrize(
    "request_of",
    [
        {"origin": None, "wanted": "PUT"},
        {"origin": "", "wanted": "PUT"},
        {"origin": SHOP},
        {"origin": SHOP, "wanted": ""},
    ],
    ids=["no origin", "empty origin", "no method asked for", "empty method asked for"],
)
def test_other_options_requests_go_to_the_destination(shop, request_of):
    answer = ask(shop[0], "OPTIONS", **request_of)
    assert (answer.status, answer.body) == (200, b"hello")
    assert [h.method for h in shop[1].heads] == ["OPTIONS"]


def test_an_unmatched_preflight_is_forwarded_by_default(shop):
    answer = ask(shop[0], "OPTIONS", origin="http://evil.test", wanted="PUT")
    assert answer.body == b"hello"
    assert said(answer) == {"allow-origin": "*"}


def test_an_unmatched_preflight_can_be_answered_without_an_origin(started):
    policy = {**POLICY, "unmatchedPreflights": "IGNORE"}
    gateway, upstream = start(started, r.rule("api.test", corsPolicy=policy))
    answer = ask(gateway, "OPTIONS", origin="http://evil.test", wanted="PUT")
    assert (answer.status, answer.body) == (200, b"")
    assert said(answer) == {
        "allow-methods": "GET,PUT",
        "allow-headers": "x-cart,content-type",
        "max-age": "86400",
        "allow-credentials": "true",
    }
    assert upstream.heads == []
    upstream.stop()


def test_a_star_echoes_what_is_asked_for(started):
    policy = {
        "allowOrigins": [{"exact": "*"}],
        "allowMethods": ["*"],
        "allowHeaders": ["*"],
    }
    gateway, upstream = start(started, r.rule("api.test", corsPolicy=policy))
    answer = ask(
        gateway, "OPTIONS", origin="http://any.test", wanted="PATCH", headers="x-a, x-b"
    )
    assert said(answer) == {
        "allow-origin": "http://any.test",
        "allow-methods": "PATCH",
        "allow-headers": "x-a, x-b",
    }
    upstream.stop()


def test_the_deprecated_list_of_origins_acts_where_it_is_alone(started):
    gateway, upstream = start(
        started, r.rule("api.test", corsPolicy={"allowOrigin": [SHOP, "http://b.test"]})
    )
    assert said(ask(gateway, origin="http://b.test"))["allow-origin"] == "http://b.test"
    assert said(ask(gateway, origin="http://c.test")) == {"allow-origin": "*"}
    upstream.stop()


def test_answers_of_the_proxy_itself_can_be_read_by_the_script(started):
    """Without the field a browser shows its script a network error instead of 503."""
    rule = r.rule("nobody.test", corsPolicy=POLICY)
    gateway = started(
        r.gateway(), r.service_entry("nobody.test"), r.virtual_service("api", rule)
    )
    answer = ask(gateway)
    assert answer.status == 503
    assert said(answer)["allow-origin"] == SHOP


def test_what_the_route_sets_in_the_same_fields_is_overruled(started):
    rule = r.rule(
        "api.test",
        corsPolicy=POLICY,
        headers={
            "response": {
                "set": {"access-control-allow-origin": "http://other.test", "x-own": "1"},
                "add": {"access-control-allow-credentials": "false"},
            }
        },
    )
    gateway, upstream = start(started, rule)
    answer = ask(gateway)
    assert (said(answer)["allow-origin"], said(answer)["allow-credentials"]) == (SHOP, "true")
    assert answer.get("x-own") == "1"
    assert said(ask(gateway, origin=None))["allow-origin"] == "http://other.test"
    preflight = ask(gateway, "OPTIONS", wanted="GET")
    assert preflight.get("x-own") is None
    upstream.stop()


def test_the_route_is_chosen_before(started):
    only_get = r.rule("api.test", match={"method": {"exact": "GET"}}, corsPolicy=POLICY)
    gateway, upstream = start(started, only_get)
    assert ask(gateway, "OPTIONS", wanted="GET").status == 404
    upstream.stop()


def test_a_fault_comes_before(started):
    """Istio's filters: fault, CORS, router. What a fault answers, no script may read."""
    fault = {"abort": {"httpStatus": 418, "percentage": {"value": 100}}}
    gateway, upstream = start(started, r.rule("api.test", corsPolicy=POLICY, fault=fault))
    for answer in (ask(gateway, "OPTIONS", wanted="PUT"), ask(gateway)):
        assert (answer.status, said(answer)) == (418, {})
    upstream.stop()


def test_redirects_and_direct_answers_know_no_cors(started):
    rules = [
        r.rule(match=r.uri("exact", "/r"), redirect={"uri": "/to"}, corsPolicy=POLICY),
        r.rule(
            match=r.uri("exact", "/d"), directResponse={"status": 418}, corsPolicy=POLICY
        ),
    ]
    gateway = started(r.gateway(), r.virtual_service("api", *rules))
    for path, status in (("/r", 301), ("/d", 418)):
        answer = ask(gateway, "OPTIONS", path, wanted="PUT")
        assert (answer.status, said(answer)) == (status, {})


PAGE = """<!doctype html><pre id=out>waiting</pre><script>
async function ask(path, options) {
  try {
    const answer = await fetch("%(api)s" + path, options);
    const total = answer.headers.get("x-total"), hidden = answer.headers.get("x-hidden");
    return [answer.status, total, hidden, await answer.text()].join(" ");
  } catch (error) { return "refused"; }
}
(async () => {
  const put = {method: "PUT", headers: {"x-cart": "1"}};
  const lines = [
    "simple " + await ask("/open/get", {}),
    "put " + await ask("/open/put", put),
    "delete " + await ask("/open/delete", {method: "DELETE"}),
    "header " + await ask("/open/header", {headers: {"x-other": "1"}}),
    "closed " + await ask("/closed/get", {}),
    "ignored " + await ask("/ignored/put", put),
  ];
  document.getElementById("out").textContent = lines.join("\\n");
})();
</script>"""


@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium here")
def test_a_browser_lets_scripts_do_what_the_policy_says_and_nothing_else(started, tmp_path):
    plain = ok(b"hello", b"X-Total: 7", b"X-Hidden: 8")
    with Upstream("api", answers(plain)) as api, Upstream("pages") as pages:
        origin = f"http://127.0.0.1:{pages.port}"
        policy = {**POLICY, "allowOrigins": [{"exact": origin}]}
        other = {**POLICY, "allowOrigins": [{"exact": "http://elsewhere.test"}]}
        ignoring = {**other, "unmatchedPreflights": "IGNORE"}
        gateway = started(
            r.gateway(),
            r.service_entry("api.test", api.port),
            r.virtual_service(
                "api",
                r.rule("api.test", match=r.uri("prefix", "/open/"), corsPolicy=policy),
                r.rule("api.test", match=r.uri("prefix", "/closed/"), corsPolicy=other),
                r.rule("api.test", match=r.uri("prefix", "/ignored/"), corsPolicy=ignoring),
            ),
        )
        page = PAGE % {"api": f"http://127.0.0.1:{gateway.port()}"}
        pages.script = answers(ok(page.encode(), b"Content-Type: text/html"))
        browser = subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-proxy-server",
                f"--user-data-dir={tmp_path}/profile",
                "--virtual-time-budget=20000",
                "--dump-dom",
                origin + "/",
            ],
            capture_output=True,
            text=True,
            timeout=60,
        )
        out = browser.stdout.split("<pre id=\"out\">")[1].split("</pre>")[0].splitlines()
        assert out == [
            "simple 200 7  hello",
            "put 200 7  hello",
            "delete refused",
            "header refused",
            "closed refused",
            "ignored refused",
        ], browser.stderr
        seen = {(h.method, h.target) for h in api.heads}
        assert seen == {
            ("GET", "/open/get"),
            ("PUT", "/open/put"),
            ("GET", "/closed/get"),
        }, "what a script may not even send has not been sent"
