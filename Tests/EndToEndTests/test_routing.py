"""VirtualService rules, each field doing what Istio's documentation and code say it does."""

import json
import re
import threading

import pytest

from harness import resources as r
from harness.gateway import Gateway
from harness.nginx import Nginx
from harness.upstream import Upstream

NAMES = ["blue", "green", "red"]


@pytest.fixture(scope="module")
def colours():
    upstreams = {name: Upstream(name).start() for name in NAMES}
    yield upstreams
    for upstream in upstreams.values():
        upstream.stop()


def to(colour, match=None, **more):
    return r.rule(f"{colour}.svc.test", match=match, **more)


def entries(colours):
    return [r.service_entry(f"{name}.svc.test", u.port) for name, u in colours.items()]


@pytest.fixture(scope="module")
def edge(tmp_path_factory, colours):
    """One host a field; blue is the answer when the match holds, red when it does not."""

    def host(name, *matches, **more):
        rules = [to("blue", list(matches), **more), to("red")]
        return r.virtual_service(name, *rules, hosts=[f"{name}.test"])

    objects = [
        r.gateway(),
        *entries(colours),
        host("exact", r.uri("exact", "/exact")),
        host("prefix", r.uri("prefix", "/pre")),
        host("regex", r.uri("regex", "/re/[0-9]+")),
        host("ignorecase", r.uri("exact", "/Case", ignoreUriCase=True)),
        host("ignorecaseprefix", r.uri("prefix", "/Case", ignoreUriCase=True)),
        host("scheme", {"scheme": {"exact": "http"}}),
        host("https", {"scheme": {"exact": "https"}}),
        host("method", {"method": {"exact": "PUT"}}),
        host("methodregex", {"method": {"regex": "P.*T"}}),
        host("authority", {"authority": {"prefix": "authority.test:"}}),
        host("header", {"headers": {"X-Colour": {"exact": "blue"}}}),
        host("headerprefix", {"headers": {"x-colour": {"prefix": "bl"}}}),
        host("headerregex", {"headers": {"x-colour": {"regex": "b.*e"}}}),
        host("headerpresent", {"headers": {"x-colour": {}}}),
        host("headers", {"headers": {"a": {"exact": "1"}, "b": {"exact": "2"}}}),
        host("without", {"withoutHeaders": {"x-colour": {"exact": "red"}}}),
        host("withoutany", {"withoutHeaders": {"x-colour": {}}}),
        host("query", {"queryParams": {"q": {"exact": "1"}}}),
        host("queryprefix", {"queryParams": {"q": {"prefix": "ab"}}}),
        host("queryregex", {"queryParams": {"q": {"regex": "a+"}}}),
        host("queryempty", {"queryParams": {"q": {"exact": ""}}}),
        host("querypresent", {"queryParams": {"q": {}}}),
        host("and", r.uri("prefix", "/a", method={"exact": "GET"}, headers={"h": {"exact": "1"}})),
        host("or", r.uri("exact", "/a"), r.uri("exact", "/b")),
        host("port", r.uri("prefix", "/", port=81)),
        host("gateways", r.uri("prefix", "/", gateways=["elsewhere"])),
    ]
    with Gateway(tmp_path_factory.mktemp("matches"), objects) as gateway:
        yield gateway


def colour(response):
    assert response.status == 200, (response.first, response.body)
    return json.loads(response.body)["upstream"]


@pytest.mark.parametrize(
    "host, path, fields, answer",
    [
        ("exact", "/exact", [], "blue"),
        ("exact", "/exact?query=is&not=path", [], "blue"),
        ("exact", "/exact/", [], "red"),
        ("exact", "/Exact", [], "red"),
        ("exact", "/x/../exact", [], "blue"),
        ("prefix", "/pre", [], "blue"),
        ("prefix", "/prefix/deep", [], "blue"),
        ("prefix", "/Pre", [], "red"),
        ("prefix", "/x/pre", [], "red"),
        ("regex", "/re/42", [], "blue"),
        ("regex", "/re/42/", [], "red"),
        ("regex", "/x/re/42", [], "red"),
        ("regex", "/re/", [], "red"),
        ("ignorecase", "/cASE", [], "blue"),
        ("ignorecase", "/case/x", [], "red"),
        ("ignorecaseprefix", "/cASE/x", [], "blue"),
        ("scheme", "/", [], "blue"),
        ("https", "/", [], "red"),
        ("header", "/", ["x-colour: blue"], "blue"),
        ("header", "/", ["X-COLOUR: blue"], "blue"),
        ("header", "/", ["x-colour: Blue"], "red"),
        ("header", "/", ["x-colour: blue2"], "red"),
        ("header", "/", [], "red"),
        ("header", "/", ["x-colour: blue", "x-colour: green"], "red"),
        ("headerprefix", "/", ["x-colour: black"], "blue"),
        ("headerprefix", "/", ["x-colour: amber"], "red"),
        ("headerregex", "/", ["x-colour: bzze"], "blue"),
        ("headerregex", "/", ["x-colour: blues"], "red"),
        ("headerpresent", "/", ["x-colour: anything"], "blue"),
        ("headerpresent", "/", [], "red"),
        ("headers", "/", ["a: 1", "b: 2"], "blue"),
        ("headers", "/", ["a: 1"], "red"),
        ("headers", "/", ["a: 1", "b: 3"], "red"),
        ("without", "/", [], "blue"),
        ("without", "/", ["x-colour: green"], "blue"),
        ("without", "/", ["x-colour: red"], "red"),
        ("withoutany", "/", [], "blue"),
        ("withoutany", "/", ["x-colour: red"], "red"),
        ("query", "/?q=1", [], "blue"),
        ("query", "/?a=b&q=1&c", [], "blue"),
        ("query", "/?q=2", [], "red"),
        ("query", "/?Q=1", [], "red"),
        ("query", "/?xq=1", [], "red"),
        ("query", "/", [], "red"),
        ("queryprefix", "/?q=abc", [], "blue"),
        ("queryregex", "/?q=aaa", [], "blue"),
        ("queryregex", "/?q=aab", [], "red"),
        ("queryempty", "/?q", [], "blue"),
        ("queryempty", "/?q=", [], "blue"),
        ("queryempty", "/?q=x", [], "red"),
        ("querypresent", "/?q=x", [], "blue"),
        ("querypresent", "/?x=q", [], "red"),
        ("and", "/a/b", ["h: 1"], "blue"),
        ("and", "/b", ["h: 1"], "red"),
        ("and", "/a", [], "red"),
        ("or", "/a", [], "blue"),
        ("or", "/b", [], "blue"),
        ("or", "/c", [], "red"),
        ("port", "/", [], "red"),
        ("gateways", "/", [], "red"),
    ],
)
def test_a_match_decides(edge, host, path, fields, answer):
    assert colour(edge.get(path, host=f"{host}.test", fields=fields)) == answer


@pytest.mark.parametrize(
    "host, method, answer",
    [
        ("method", "PUT", "blue"),
        ("method", "GET", "red"),
        ("methodregex", "POST", "blue"),
        ("methodregex", "POSTS", "red"),
        ("and", "GET", "red"),
    ],
)
def test_a_method_decides(edge, host, method, answer):
    assert colour(edge.get(host=f"{host}.test", method=method)) == answer


def test_authority_is_compared_with_its_port(edge):
    assert colour(edge.get(host="authority.test:8080")) == "blue"
    assert colour(edge.get(host="authority.test")) == "red"


# Hosts.


@pytest.fixture(scope="module")
def hosts(tmp_path_factory, colours):
    objects = [
        r.gateway(hosts=["*.wild.test", "exact.test", "one.narrow.test"]),
        *entries(colours),
        r.virtual_service("exact", to("blue"), hosts=["exact.test"]),
        r.virtual_service("short", to("green"), hosts=["*.wild.test"]),
        r.virtual_service("long", to("red"), hosts=["*.deep.wild.test"]),
        r.virtual_service("own", to("blue"), hosts=["a.wild.test"]),
        r.virtual_service("narrow", to("blue"), hosts=["*.narrow.test"]),
        r.virtual_service("outside", to("red"), hosts=["outside.test"]),
    ]
    with Gateway(tmp_path_factory.mktemp("hosts"), objects) as gateway:
        yield gateway


@pytest.mark.parametrize(
    "host, answer",
    [
        ("exact.test", "blue"),
        ("EXACT.Test", "blue"),
        ("exact.test:1234", "blue"),
        ("a.wild.test", "blue"),
        ("b.wild.test", "green"),
        ("x.y.wild.test", "green"),
        ("deep.wild.test", "green"),
        ("x.deep.wild.test", "red"),
        ("x.y.deep.wild.test", "red"),
        ("one.narrow.test", "blue"),
    ],
)
def test_the_most_specific_host_serves(hosts, host, answer):
    assert colour(hosts.get(host=host)) == answer


@pytest.mark.parametrize(
    "host", ["wild.test", "xwild.test", "two.narrow.test", "outside.test", "exact.test.evil", "x"]
)
def test_a_host_outside_the_gateway_is_404(hosts, host):
    assert hosts.get(host=host).status == 404


# Order.


def test_several_virtual_services_of_a_host_are_one_list_with_catch_alls_last(started, colours):
    gateway = started(
        r.gateway(),
        *entries(colours),
        r.virtual_service("a-first", to("red"), hosts=["merged.test"]),
        r.virtual_service("b-second", to("blue", r.uri("prefix", "/blue")), hosts=["merged.test"]),
        r.virtual_service(
            "c-third", to("green", r.uri("prefix", "/blue/green")), hosts=["merged.test"]
        ),
    )
    assert colour(gateway.get("/", host="merged.test")) == "red"
    assert colour(gateway.get("/blue", host="merged.test")) == "blue"
    # Order of creation, not length of prefix, decides among the others.
    assert colour(gateway.get("/blue/green", host="merged.test")) == "blue"


def test_the_first_matching_rule_wins(started, colours):
    gateway = started(
        r.gateway(),
        *entries(colours),
        r.virtual_service(
            "order",
            to("blue", r.uri("prefix", "/a")),
            to("green", r.uri("exact", "/a/b")),
            to("red"),
        ),
    )
    assert colour(gateway.get("/a/b")) == "blue"
    assert colour(gateway.get("/c")) == "red"


def test_rules_behind_a_catch_all_are_never_reached(started, colours):
    gateway = started(
        r.gateway(),
        *entries(colours),
        r.virtual_service("order", to("blue"), to("green", r.uri("exact", "/green"))),
    )
    assert colour(gateway.get("/green")) == "blue"


def test_two_gateways_on_one_port_share_a_table(started, colours):
    gateway = started(
        r.gateway("one", hosts=["one.test"]),
        r.gateway("two", hosts=["two.test"]),
        *entries(colours),
        r.virtual_service("one", to("blue"), hosts=["one.test"], gateways=["one"]),
        r.virtual_service("two", to("red"), hosts=["two.test"], gateways=["two"]),
    )
    assert colour(gateway.get(host="one.test")) == "blue"
    assert colour(gateway.get(host="two.test")) == "red"


def test_two_ports_have_their_own_routes(started, colours):
    gateway = started(
        r.gateway("one", port=80),
        r.gateway("two", port=8081),
        *entries(colours),
        r.virtual_service("one", to("blue"), gateways=["one"]),
        r.virtual_service("two", to("red"), gateways=["two"]),
        ports=(80, 8081),
    )
    assert colour(gateway.get(number=80)) == "blue"
    assert colour(gateway.get(number=8081)) == "red"


def test_a_match_on_port_holds_on_that_port_only(started, colours):
    gateway = started(
        r.gateway("one", port=80),
        r.gateway("two", port=8081),
        *entries(colours),
        r.virtual_service(
            "both",
            to("blue", {"port": 8081}),
            to("red"),
            gateways=["one", "two"],
        ),
        ports=(80, 8081),
    )
    assert colour(gateway.get(number=8081)) == "blue"
    assert colour(gateway.get(number=80)) == "red"


def test_a_gateway_for_other_workloads_is_not_served(started, colours):
    other = r.gateway("other")
    other["spec"]["selector"] = {"istio": "egressgateway"}
    gateway = started(
        r.gateway("own", port=8081),
        other,
        *entries(colours),
        r.virtual_service("all", to("blue"), gateways=["own", "other"]),
        ports=(80, 8081),
    )
    assert colour(gateway.get(number=8081)) == "blue"
    with pytest.raises(ConnectionRefusedError):
        gateway.get(number=80)


def test_a_virtual_service_for_the_mesh_is_not_served(started, colours):
    mesh = r.virtual_service("mesh", to("red"), hosts=["mesh.test"])
    del mesh["spec"]["gateways"]
    gateway = started(
        r.gateway(),
        *entries(colours),
        mesh,
        r.virtual_service("edge", to("blue"), hosts=["edge.test"]),
    )
    assert gateway.get(host="mesh.test").status == 404
    assert colour(gateway.get(host="edge.test")) == "blue"


def test_a_gateway_admits_virtual_services_of_the_namespaces_it_names(started, colours):
    def service(namespace):
        return r.virtual_service(
            "v",
            to("blue"),
            hosts=[f"{namespace}.test"],
            gateways=["front/edge"],
            namespace=namespace,
        )

    gateway = started(
        r.gateway(hosts=["allowed/*", "./*"], namespace="front"),
        *entries(colours),
        service("allowed"),
        service("front"),
        service("denied"),
    )
    assert colour(gateway.get(host="allowed.test")) == "blue"
    assert colour(gateway.get(host="front.test")) == "blue"
    assert gateway.get(host="denied.test").status == 404


def test_a_gateway_that_redirects_to_https(started):
    gateway = started(r.gateway(tls={"httpsRedirect": True}))
    response = gateway.get("/a?b=c", host="plain.test")
    assert (response.status, response.body) == (301, b"")
    assert response.get("location") == "https://plain.test/a?b=c"


# Redirects, direct responses, rewrites, headers.


@pytest.fixture(scope="module")
def actions(tmp_path_factory, colours):
    def host(name, *rules):
        return r.virtual_service(name, *rules, hosts=[f"{name}.test"])

    def redirect(**more):
        return {"redirect": more}

    objects = [
        r.gateway(),
        *entries(colours),
        host(
            "redirect",
            {"match": [r.uri("exact", "/uri")], **redirect(uri="/new")},
            {"match": [r.uri("exact", "/authority")], **redirect(authority="new.test")},
            {"match": [r.uri("exact", "/scheme")], **redirect(scheme="https")},
            {"match": [r.uri("exact", "/port")], **redirect(port=8443)},
            {"match": [r.uri("exact", "/code")], **redirect(uri="/new", redirectCode=308)},
            {
                "match": [r.uri("prefix", "/old")],
                **redirect(prefixRewrite="/new", redirectCode=302),
            },
            {
                "match": [r.uri("exact", "/all")],
                **redirect(uri="/n", authority="n.test", scheme="https", port=444),
            },
        ),
        host(
            "direct",
            {
                "match": [r.uri("exact", "/teapot")],
                "directResponse": {"status": 418, "body": {"string": "short and stout"}},
                "headers": {"response": {"add": {"x-pot": "tea"}}},
            },
            {
                "match": [r.uri("exact", "/json")],
                "directResponse": {"status": 200, "body": {"string": "{}"}},
                "headers": {"response": {"set": {"content-type": "application/json"}}},
            },
            {"directResponse": {"status": 503}},
        ),
        host(
            "rewrite",
            to("blue", r.uri("prefix", "/pre/"), rewrite={"uri": "/"}),
            to("blue", r.uri("prefix", "/double"), rewrite={"uri": "/"}),
            to("blue", r.uri("exact", "/exact"), rewrite={"uri": "/other"}),
            to("blue", r.uri("prefix", "/host"), rewrite={"authority": "inner.test"}),
            to(
                "blue",
                r.uri("prefix", "/regex"),
                rewrite={"uriRegexRewrite": {"match": "/([a-z]+)/([0-9]+)", "rewrite": r"/\2/\1"}},
            ),
        ),
        host(
            "mutate",
            r.rule(
                r.destination(
                    "blue.svc.test",
                    headers={
                        "request": {"add": {"x-order": "destination"}},
                        "response": {"set": {"x-side": "destination"}},
                    },
                ),
                headers={
                    "request": {
                        "set": {"x-set": "ours", "x-peer": "%DOWNSTREAM_REMOTE_ADDRESS%"},
                        "add": {"x-add": "second", "x-order": "route", "x-percent": "100%%"},
                        "remove": ["x-remove"],
                    },
                    "response": {
                        "set": {"x-side": "route"},
                        "add": {"x-new": "1"},
                        "remove": ["content-type"],
                    },
                },
            ),
        ),
        host(
            "hostset",
            r.rule("blue.svc.test", headers={"request": {"set": {"host": "set.test"}}}),
        ),
        host(
            "secret",
            {"match": [r.uri("exact", "/admin")], "directResponse": {"status": 403}},
            to("blue"),
        ),
    ]
    with Gateway(tmp_path_factory.mktemp("actions"), objects) as gateway:
        yield gateway


@pytest.mark.parametrize(
    "path, host, status, location",
    [
        ("/uri?a=b", "redirect.test", 301, "http://redirect.test/new?a=b"),
        ("/authority?a=b", "redirect.test", 301, "http://new.test/authority?a=b"),
        ("/scheme", "redirect.test", 301, "https://redirect.test/scheme"),
        ("/scheme", "redirect.test:80", 301, "https://redirect.test/scheme"),
        ("/port", "redirect.test", 301, "http://redirect.test:8443/port"),
        ("/code", "redirect.test", 308, "http://redirect.test/new"),
        ("/old/page?a=b", "redirect.test", 302, "http://redirect.test/new/page?a=b"),
        ("/all?a=b", "redirect.test", 301, "https://n.test:444/n?a=b"),
        ("/uri", "redirect.test:8080", 301, "http://redirect.test:8080/new"),
    ],
)
def test_a_redirect_leads_to(actions, path, host, status, location):
    response = actions.get(path, host=host)
    assert (response.status, response.body) == (status, b"")
    assert response.get("location") == location


def test_a_redirect_is_logged_as_a_direct_response(actions):
    actions.get("/uri?logged", host="redirect.test")
    entry = actions.log_entry(path="/uri?logged")
    assert (entry["response_code_details"], entry["response_flags"]) == ("direct_response", "-")


def test_a_direct_response_has_status_body_and_headers(actions):
    response = actions.get("/teapot", host="direct.test")
    assert (response.status, response.text) == (418, "short and stout")
    assert response.get("content-type") == "text/plain"
    assert response.get("x-pot") == "tea"


def test_a_direct_response_may_set_its_type(actions):
    response = actions.get("/json", host="direct.test")
    assert (response.text, response.all("content-type")) == ("{}", ["application/json"])


def test_a_direct_response_without_a_body_is_empty(actions):
    response = actions.get("/", host="direct.test")
    assert (response.status, response.body) == (503, b"")
    assert response.all("content-length") == ["0"]


def test_the_direct_response_to_head_has_no_body(actions):
    response = actions.get("/teapot", host="direct.test", method="HEAD")
    assert (response.status, response.all("content-length")) == (418, ["15"])


def test_a_direct_response_reads_the_body_it_does_not_need(actions):
    with actions.wire() as wire:
        head = b"POST /teapot HTTP/1.1\r\nHost: direct.test\r\nContent-Length: 5\r\n\r\n"
        assert wire.request(head + b"hello").status == 418
        again = wire.request(head + b"hello")
        assert again.status == 418


@pytest.mark.parametrize(
    "path, target",
    [
        ("/pre/a/b?c", "/a/b?c"),
        ("/double/a", "//a"),
        ("/exact?c", "/other?c"),
        ("/regex/123?c=/def/456", "/123/regex?c=/def/456"),
        ("/regex/1/abc/2", "/1/regex/2/abc"),
    ],
)
def test_a_path_is_rewritten(actions, path, target):
    seen = json.loads(actions.get(path, host="rewrite.test").body)
    assert seen["target"] == target
    headers = {n.lower(): v for n, v in seen["headers"]}
    assert headers["x-envoy-original-path"] == path


def test_a_path_that_is_not_rewritten_has_no_original(actions):
    seen = json.loads(actions.get("/host", host="rewrite.test").body)
    assert "x-envoy-original-path" not in {n.lower() for n, _ in seen["headers"]}


def test_the_log_keeps_the_path_the_client_sent(actions):
    actions.get("/pre/logged?x", host="rewrite.test")
    assert actions.log_entry(path="/pre/logged?x")["response_code"] == "200"


def test_an_authority_is_rewritten(actions):
    seen = json.loads(actions.get("/host", host="rewrite.test").body)
    assert [v for n, v in seen["headers"] if n.lower() == "host"] == ["inner.test"]


def test_setting_host_rewrites_it(actions):
    seen = json.loads(actions.get("/", host="hostset.test").body)
    assert [v for n, v in seen["headers"] if n.lower() == "host"] == ["set.test"]


@pytest.fixture(scope="module")
def mutated(actions):
    response = actions.get(
        "/", host="mutate.test", fields=["X-Set: theirs", "X-Add: first", "X-Remove: 1"]
    )
    sent = {}
    for name, value in json.loads(response.body)["headers"]:
        sent.setdefault(name.lower(), []).append(value)
    return sent, response


def test_set_overwrites(mutated):
    assert mutated[0]["x-set"] == ["ours"]


def test_add_appends(mutated):
    assert ",".join(mutated[0]["x-add"]).replace(" ", "") == "first,second"


def test_remove_removes(mutated):
    assert "x-remove" not in mutated[0]


def test_route_headers_come_before_those_of_a_destination(mutated):
    assert ",".join(mutated[0]["x-order"]).replace(" ", "") == "route,destination"
    assert mutated[1].all("x-side") == ["destination"]


def test_values_are_formats(mutated):
    assert re.fullmatch(r"127\.0\.0\.1:\d+", mutated[0]["x-peer"][0])
    assert mutated[0]["x-percent"] == ["100%"]


def test_response_headers_are_changed(mutated):
    assert mutated[1].all("x-new") == ["1"]
    assert mutated[1].get("content-type") is None


@pytest.mark.parametrize(
    "path", ["/admin", "/x/../admin", "/./admin", "/x/%2e%2e/admin", "/%2e/admin", "/%61dmin"]
)
def test_a_rule_is_not_passed_by_another_spelling_of_its_path(actions, path):
    assert actions.get(path, host="secret.test").status == 403


# Delegates.


def test_a_delegate_refines_its_root(started, colours):
    gateway = started(
        r.gateway(),
        *entries(colours),
        r.virtual_service(
            "root",
            {
                "match": [r.uri("prefix", "/team")],
                "delegate": {"name": "team", "namespace": "teams"},
            },
            to("red"),
        ),
        r.delegate_service(
            "team",
            to("blue", r.uri("prefix", "/team/blue"), name="blue"),
            to("green", r.uri("prefix", "/elsewhere")),
            to("green"),
            namespace="teams",
        ),
    )
    assert colour(gateway.get("/team/blue/x")) == "blue"
    assert colour(gateway.get("/team/x")) == "green"
    assert colour(gateway.get("/elsewhere")) == "red"
    assert colour(gateway.get("/")) == "red"


def test_a_delegate_alone_serves_nothing(started, colours):
    gateway = started(
        r.gateway(),
        *entries(colours),
        r.delegate_service("team", to("green")),
    )
    assert gateway.get().status == 404


# Weights, subsets, short names.


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    servers = [f'location / {{ return 200 "{n}"; }}' for n in ("one", "two", "three")]
    with Nginx(tmp_path_factory.mktemp("numbers"), *servers) as nginx:
        yield nginx


def share(gateway, count=10_000, host="any.test"):
    """Body -> how many of `count` requests it answered."""
    counts = {}
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    with gateway.wire(seconds=30) as wire:
        for begin in range(0, count, 50):
            wire.send(request * min(50, count - begin))
            for _ in range(min(50, count - begin)):
                response = wire.response()
                assert response.status == 200
                counts[response.text] = counts.get(response.text, 0) + 1
    return counts


@pytest.mark.parametrize("weights", [(75, 25), (1, 1), (90, 10), (1, 3)])
def test_weights_are_kept_over_10000_requests(started, numbers, weights):
    gateway = started(
        r.gateway(),
        r.service_entry("one.test", numbers.ports[0]),
        r.service_entry("two.test", numbers.ports[1]),
        r.virtual_service(
            "split",
            r.rule(
                r.destination("one.test", weight=weights[0]),
                r.destination("two.test", weight=weights[1]),
            ),
        ),
        access_log=False,
    )
    counts = share(gateway)
    expected = weights[0] / sum(weights)
    # Five standard deviations of a fair draw: one false alarm in a million runs.
    room = 5 * (10_000 * expected * (1 - expected)) ** 0.5
    assert abs(counts["one"] - 10_000 * expected) < room, counts


def test_a_destination_of_weight_zero_gets_nothing(started, numbers):
    gateway = started(
        r.gateway(),
        r.service_entry("one.test", numbers.ports[0]),
        r.service_entry("two.test", numbers.ports[1]),
        r.virtual_service(
            "split",
            r.rule(r.destination("one.test", weight=100), r.destination("two.test", weight=0)),
        ),
    )
    assert share(gateway, 500) == {"one": 500}


def test_one_destination_gets_everything_whatever_its_weight(started, numbers):
    gateway = started(
        r.gateway(),
        r.service_entry("one.test", numbers.ports[0]),
        r.virtual_service("one", r.rule(r.destination("one.test", weight=1))),
    )
    assert share(gateway, 100) == {"one": 100}


def versions(numbers, **policy):
    labels = [{"version": "v1"}, {"version": "v2"}, {"version": "v3"}]
    return [
        r.gateway(),
        r.service_entry("all.test", *numbers.ports, labels=labels),
        r.destination_rule("all.test", {v["version"]: v for v in labels}, **policy),
    ]


def test_a_subset_is_the_endpoints_with_its_labels(started, numbers):
    objects = versions(numbers)
    for n, subset in enumerate(["v1", "v2", "v3"]):
        rule = r.rule(r.destination("all.test", subset=subset))
        objects.append(r.virtual_service(subset, rule, hosts=[f"{subset}.test"]))
    gateway = started(*objects)
    for subset, answer in [("v1", "one"), ("v2", "two"), ("v3", "three")]:
        assert share(gateway, 50, f"{subset}.test") == {answer: 50}


def test_round_robin_takes_turns(started, numbers):
    gateway = started(
        *versions(numbers, loadBalancer={"simple": "ROUND_ROBIN"}),
        r.virtual_service("all", r.rule("all.test")),
        workers=1,
    )
    assert share(gateway, 300) == {"one": 100, "two": 100, "three": 100}


@pytest.mark.parametrize("policy", ["RANDOM", "LEAST_REQUEST"])
def test_every_endpoint_gets_its_part_with(started, numbers, policy):
    gateway = started(
        *versions(numbers, loadBalancer={"simple": policy}),
        r.virtual_service("all", r.rule("all.test")),
    )
    counts = share(gateway, 3000)
    assert all(800 < counts[name] < 1200 for name in ("one", "two", "three")), counts


def test_least_request_avoids_a_busy_endpoint(started):
    """One endpoint never answers; what it holds counts against it."""
    release = threading.Event()

    def stuck(connection):
        connection.read_all()
        release.wait(20)

    with Upstream("stuck", stuck) as slow, Upstream("quick") as quick:
        entry = r.service_entry("both.test", slow.port, quick.port)
        gateway = started(
            r.gateway(), entry, r.virtual_service("both", r.rule("both.test")), workers=1
        )
        waiting = [gateway.wire(seconds=2) for _ in range(6)]
        for wire in waiting:
            wire.send(b"GET /hold HTTP/1.1\r\nHost: a.test\r\n\r\n")
        slow.wait_for_requests(1)
        served = 0
        for _ in range(100):
            with gateway.wire(seconds=1) as wire:
                wire.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
                try:
                    served += wire.response(seconds=0.1).status == 200
                except Exception:
                    pass
        release.set()
        # Two random picks: the busy one is chosen only where both fall on it, one time in four,
        # if the two picks may be the same; never if they differ. Blind choice would serve half.
        assert served >= 60, served
        for wire in waiting:
            wire.close()


def test_a_kubernetes_service_is_served_through_its_endpoints(started, numbers):
    gateway = started(
        r.gateway(),
        r.service("shop", 8000, target=numbers.ports[0]),
        r.endpoint_slice("shop", numbers.ports[0]),
        r.virtual_service("shop", r.rule("shop")),
    )
    assert gateway.get().text == "one"


def test_a_kubernetes_service_selects_workload_entries(started, numbers):
    gateway = started(
        r.gateway(),
        r.service("shop", 8000),
        r.workload_entry("shop-1", numbers.ports[1], {"app": "shop"}),
        r.workload_entry("other-1", numbers.ports[2], {"app": "other"}),
        r.virtual_service("shop", r.rule("shop.default.svc.cluster.local")),
    )
    assert share(gateway, 20) == {"two": 20}


def test_short_names_are_of_the_namespace_that_uses_them(started, numbers):
    objects = [r.gateway(namespace="edge")]
    for n, namespace in enumerate(["one", "two"]):
        slice_ = r.endpoint_slice("shop", numbers.ports[n])
        slice_["metadata"]["namespace"] = namespace
        objects += [
            r.service("shop", 8000, namespace=namespace),
            slice_,
            r.virtual_service(
                "shop",
                r.rule("shop"),
                hosts=[f"{namespace}.test"],
                gateways=["edge/edge"],
                namespace=namespace,
            ),
        ]
    gateway = started(*objects)
    assert gateway.get(host="one.test").text == "one"
    assert gateway.get(host="two.test").text == "two"


def test_an_endpoint_that_is_not_ready_gets_nothing(started, numbers):
    gateway = started(
        r.gateway(),
        r.service("shop", 8000),
        r.endpoint_slice("shop", numbers.ports[0], ready=False),
        r.virtual_service("shop", r.rule("shop")),
    )
    assert gateway.get().text == "no healthy upstream"


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha3"])
def test_every_api_version_is_understood(started, numbers, version):
    objects = [
        r.gateway(),
        r.service_entry("one.test", numbers.ports[0]),
        r.virtual_service("one", r.rule("one.test")),
    ]
    for item in objects:
        item["apiVersion"] = f"networking.istio.io/{version}"
    assert started(*objects).get().text == "one"


def test_a_list_of_objects_is_its_items(started, numbers):
    items = [
        r.gateway(),
        r.service_entry("one.test", numbers.ports[0]),
        r.virtual_service("one", r.rule("one.test")),
    ]
    assert started({"apiVersion": "v1", "kind": "List", "items": items}).get().text == "one"


def test_fields_that_nothing_acts_on_are_named_once_and_traffic_flows(started, numbers):
    gateway = started(
        r.gateway(defaultEndpoint="127.0.0.1:80"),
        r.gateway("second", port=81, defaultEndpoint="127.0.0.1:81"),
        r.service_entry("one.test", numbers.ports[0]),
        r.virtual_service("one", r.rule("one.test")),
    )
    assert gateway.get().text == "one"
    assert gateway.child.err.count("Server.defaultEndpoint is accepted") == 1
