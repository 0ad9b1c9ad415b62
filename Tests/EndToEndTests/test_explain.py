"""`isthmus explain`: who would serve this request, or why nobody does; always with the place."""

import pytest

from harness import resources as r
from harness.binary import isthmus


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    (folder / "edge.yaml").write_text(r.text(r.gateway(hosts=["*.shop.test", "shop.test"])))
    (folder / "shop.yaml").write_text(
        r.text(
            r.virtual_service(
                "shop",
                r.rule(
                    r.destination("v1.test", weight=80),
                    r.destination("v2.test", weight=20),
                    match=r.uri("exact", "/productpage"),
                    name="page",
                ),
                r.rule("v2.test", match={"headers": {"end-user": {"exact": "jason"}}}),
                {"match": [r.uri("prefix", "/old")], "redirect": {"uri": "/new"}},
                r.rule("gone.test", match=r.uri("prefix", "/gone")),
                r.rule("v1.test", match=r.uri("prefix", "/api/"), rewrite={"uri": "/"}),
                hosts=["shop.test"],
            ),
        )
    )
    (folder / "lost.yaml").write_text(
        r.text(
            r.virtual_service("lost", r.rule("v1.test"), hosts=["lost.test"], gateways=["nowhere"])
        )
    )
    (folder / "services.yaml").write_text(
        r.text(r.service_entry("v1.test", 9081, 9082), r.service_entry("v2.test", 9083))
    )
    return folder


def explain(folder, method, url, *headers):
    arguments = [part for header in headers for part in ("-H", header)]
    return isthmus("explain", "-f", folder, method, url, *arguments)


def place(folder, file, needle):
    """`file:line` of the first line with `needle`."""
    for number, line in enumerate((folder / file).read_text().splitlines(), 1):
        if needle in line:
            return f"{file}:{number}"
    raise LookupError(needle)


def test_a_served_request_shows_the_whole_way(folder):
    run = explain(folder, "GET", "http://shop.test/productpage")
    assert run.code == 0, run.out + run.err
    for part in ("shop.test", "page", "/productpage", "v1.test", "v2.test", "80", "20"):
        assert part in run.out, part
    for endpoint in ("127.0.0.1:9081", "127.0.0.1:9082", "127.0.0.1:9083"):
        assert endpoint in run.out, endpoint
    for file in ("edge.yaml:", "shop.yaml:", "services.yaml:"):
        assert file in run.out, file


def test_the_rule_is_named_with_its_line(folder):
    run = explain(folder, "GET", "http://shop.test/gone")
    assert "shop.yaml:" in run.out
    assert "http[3]" in run.out


def test_headers_count(folder):
    plain = explain(folder, "GET", "http://shop.test/x")
    jason = explain(folder, "GET", "http://shop.test/x", "end-user: jason")
    assert plain.code != 0
    assert jason.code == 0, jason.out
    assert "outbound|80||v2.test" in jason.out


def test_a_path_nobody_serves_tells_why_each_rule_lost(folder):
    run = explain(folder, "GET", "http://shop.test/productpages")
    assert run.code != 0
    assert "404" in run.out
    for n in range(5):
        assert f"http[{n}]" in run.out, f"rule {n} is not mentioned"
    for reason in ("/productpage", "end-user", "/old", "/gone", "/api/"):
        assert reason in run.out, reason
    assert run.out.count("shop.yaml:") >= 5


def test_a_host_nobody_serves_tells_which_there_are(folder):
    run = explain(folder, "GET", "http://other.test/")
    assert run.code != 0
    assert "404" in run.out
    assert "other.test" in run.out and "shop.test" in run.out


def test_a_virtual_service_that_is_not_attached_is_the_reason(folder):
    run = explain(folder, "GET", "http://lost.test/")
    assert run.code != 0
    assert "lost.yaml:" in run.out
    assert "nowhere" in run.out


def test_a_destination_that_does_not_exist_is_503(folder):
    run = explain(folder, "GET", "http://shop.test/gone")
    assert "503" in run.out and "gone.test" in run.out


def test_a_redirect_shows_where_it_leads(folder):
    run = explain(folder, "GET", "http://shop.test/old/page")
    assert run.code == 0
    assert "301" in run.out and "/new" in run.out


def test_a_rewrite_shows_what_the_upstream_gets(folder):
    run = explain(folder, "GET", "http://shop.test/api/v1?x=y")
    assert run.code == 0
    assert "/v1" in run.out and "rewrite" in run.out.lower()


def test_a_port_nobody_listens_on_is_told(folder):
    run = explain(folder, "GET", "http://shop.test:8443/productpage")
    assert run.code != 0
    assert "8443" in run.out and "80" in run.out


def test_the_method_counts(tmp_path):
    (tmp_path / "a.yaml").write_text(
        r.text(
            r.gateway(),
            r.service_entry("b.test", 1),
            r.virtual_service("all", r.rule("b.test", match={"method": {"exact": "PUT"}})),
        )
    )
    assert explain(tmp_path, "PUT", "http://x.test/").code == 0
    run = explain(tmp_path, "GET", "http://x.test/")
    assert run.code != 0
    assert "method" in run.out and "PUT" in run.out


def test_the_answer_is_what_the_gateway_does(folder, started):
    """The same files, asked both ways."""
    gateway = started(paths=[folder])
    for path, fields in [
        ("/productpage", []),
        ("/productpages", []),
        ("/x", ["end-user: jason"]),
        ("/old", []),
        ("/gone", []),
        ("/api/x", []),
        ("/x/../productpage", []),
    ]:
        said = explain(folder, "GET", f"http://shop.test{path}", *fields).out
        status = gateway.get(path, host="shop.test", fields=fields).status
        if status in (404, 301):
            assert str(status) in said, (path, status, said)
        elif path == "/gone":
            assert status == 503 and "503" in said
        else:
            assert "404" not in said, (path, status, said)


def test_a_url_that_is_none_is_a_usage_error(folder):
    assert explain(folder, "GET", "not a url").code == 64


def test_a_header_without_a_colon_is_a_usage_error(folder):
    assert explain(folder, "GET", "http://shop.test/", "no-colon").code == 64


def test_broken_files_are_65(tmp_path):
    (tmp_path / "a.yaml").write_text("kind: [")
    assert explain(tmp_path, "GET", "http://x.test/").code == 65
