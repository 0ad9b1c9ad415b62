"""Bookinfo as a mesh: `isthmus demo` with the tutorials' own files over its built-in rules.

Scenarios B1, B2, R1 to R4, R6, R7, S2 and S3 of the notes. Every service is behind its own sidecar;
the rules are Istio's samples, read where they lie, or the notes' text.
"""

import json
import re
import socket

import pytest

from harness.binary import curl
from harness.demo import HTTPS, PLACES, WORKLOAD, Demo
from harness.tutorials import tutorial
from harness.upstream import Upstream, ok
from harness.waiting import wait_for

EVERY_COLOR = {None, "black", "red"}


class Mesh(Demo):
    """A running demo whose rules are applied in whole sets."""

    def apply(self, *files):
        """Samples by their path, or pairs of name and text; takes the place of what was there."""
        wanted = {}
        for file in files:
            name, text = file if isinstance(file, tuple) else (file.name, file.read_text())
            wanted[name] = text
        for old in self.rules.iterdir():
            if old.name not in wanted:
                old.unlink()
        for name, text in wanted.items():
            (self.rules / name).write_text(text)
        self.until_live()

    def call(self, caller, host, path, *options):
        """As the application of `caller` calls, through its sidecar: status and body."""
        url = f"http://127.0.2.{PLACES[caller]}:{self.map[WORKLOAD]}{path}"
        run = curl("-w", "\n%{http_code}", "-H", f"Host: {host}:9080", *options, url)
        assert run.code == 0, run.err
        body, status = run.out.rsplit("\n", 1)
        return int(status), body

    def color(self, user=None):
        """Which stars productpage gets from reviews, or the status when there is no review."""
        options = ["-H", f"end-user: {user}"] if user else []
        status, body = self.call("productpage-v1", "reviews", "/reviews/0", *options)
        if status != 200:
            return status
        stars = json.loads(body)["reviews"][0].get("rating")
        return stars.get("color", "no rating") if stars else None

    def colors(self, count, user=None):
        return {self.color(user) for _ in range(count)}

    def sees(self, colors):
        """Calls until every one of `colors` was seen, and no other at any time."""
        seen = set()

        def look():
            seen.update(self.colors(12))
            assert seen <= colors, f"{seen - colors} beside {colors}"
            return seen == colors

        wait_for(look, f"{colors}")


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    mesh = Mesh(tmp_path_factory.mktemp("mesh")).start()
    yield mesh
    mesh.stop()


@pytest.fixture
def networking(samples):
    return samples / "bookinfo/networking"


def as_jason(mesh, tmp_path):
    """The page as a browser sees it that is signed in."""
    jar = tmp_path / "jar"
    form = ["-d", "username=jason&passwd=", "-c", jar, "-b", jar, "-L"]
    run = curl(*form, f"{mesh.base}/login")
    assert "jason" in run.out
    return curl("-b", jar, f"{mesh.base}/productpage").out


def test_b1_the_page_is_served_inside_the_mesh(mesh):
    mesh.apply()
    status, body = mesh.call("reviews-v1", "productpage", "/productpage")
    assert status == 200
    assert re.search(r"<title>\s*Simple Bookstore App\s*</title>", body)


def test_the_page_is_served_over_tls_and_http2(mesh):
    mesh.apply()
    where = f"https://localhost:{mesh.map[HTTPS]}/productpage"
    resolve = ["--resolve", f"localhost:{mesh.map[HTTPS]}:127.0.0.1"]
    run = curl("--cacert", mesh.roots, *resolve, "-w", "\n%{http_code} %{http_version}", where)
    assert run.code == 0, run.err
    assert run.out.rsplit("\n", 1)[1] == "200 2"
    assert "Simple Bookstore App" in run.out


def test_b2_without_rules_the_versions_take_turns(mesh):
    mesh.apply()
    mesh.sees(EVERY_COLOR)


def test_r1_destination_rules_alone_change_nothing(mesh, networking):
    mesh.apply(networking / "destination-rule-all.yaml")
    mesh.sees(EVERY_COLOR)


def test_r2_everything_to_v1(mesh, networking):
    mesh.apply(networking / "destination-rule-all.yaml", networking / "virtual-service-all-v1.yaml")
    assert mesh.colors(20) == mesh.colors(20, "jason") == {None}


def test_r3_virtual_services_without_destination_rules_are_503(mesh, networking):
    mesh.apply(networking / "virtual-service-all-v1.yaml")
    assert mesh.colors(12) == {503}
    for host, path in (("details", "/details/0"), ("ratings", "/ratings/0")):
        assert mesh.call("productpage-v1", host, path) == (503, "")
    page = curl("-w", "\n%{http_code}", f"{mesh.base}/productpage").out
    assert page.endswith("\n200")
    assert "Error fetching product details" in page
    assert "Error fetching product reviews" in page


def without(path, name):
    """A file's documents but the one of this name, which kubectl would replace by the next file."""
    documents = re.split(r"(?m)^---\s*$", path.read_text())
    kept = [text for text in documents if not re.search(rf"(?m)^  name: {name}$", text)]
    return f"{path.stem}-but-{name}.yaml", "---".join(kept)


def test_r4_jason_gets_v2_and_others_v1(mesh, networking, tmp_path):
    mesh.apply(
        networking / "destination-rule-all.yaml",
        without(networking / "virtual-service-all-v1.yaml", "reviews"),
        networking / "virtual-service-reviews-test-v2.yaml",
    )
    assert mesh.colors(12, "jason") == {"black"}
    assert mesh.colors(20) == {None}
    assert mesh.colors(20, "catface996") == {None}
    page = as_jason(mesh, tmp_path)
    assert "jason" in page and "black" in page
    assert "black" not in curl(f"{mesh.base}/productpage").out


API = "apiVersion: networking.istio.io/v1alpha3\n"


# 003:50 and 003:115 of the notes, tabs before comments included.
RATING = tutorial("rating-versions") + "---\n" + tutorial("rating-jason")


def rating(version, port):
    """A workload of rating without a sidecar, at a port of its own."""
    return f"""---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {{name: rating-{version}}}
spec:
  address: 127.0.0.1
  ports: {{http: {port}}}
  labels: {{app: rating, app.kubernetes.io/version: {version}}}
"""


def always(body):
    def script(connection):
        while connection.read_all():
            connection.send(ok(body))

    return script


def test_r5_labels_with_dots_and_slashes_name_versions(mesh):
    with Upstream("one", always(b"1")) as one, Upstream("three", always(b"3")) as three:
        service = """apiVersion: v1
kind: Service
metadata: {name: rating}
spec: {ports: [{port: 9080, name: http}], selector: {app: rating}}
"""
        workloads = service + rating("v1.0.0", one.port) + rating("v2.0.0", three.port)
        mesh.apply(("rating.yaml", RATING), ("workloads.yaml", workloads))

        def stars(*options):
            return mesh.call("productpage-v1", "rating", "/", *options)

        for _ in range(10):
            assert stars() == (200, "3")
            assert stars("-H", "end-user: jason") == (200, "1")


def test_r6_a_rule_without_a_route_chooses_nobody(mesh):
    rule = API + """kind: DestinationRule
metadata:
  name: reviews
spec:
  host: reviews
  subsets:
  - name: v1
    labels:
      version: v1
"""
    mesh.apply(("reviews.yaml", rule))
    mesh.sees(EVERY_COLOR)


def test_r7_a_subset_is_what_its_labels_say_and_not_its_name(mesh, networking):
    rule = API + """kind: DestinationRule
metadata:
  name: reviews1
spec:
  host: reviews
  subsets:
  - name: v1
    labels:
      version: v2
"""
    mesh.apply(("reviews1.yaml", rule), networking / "virtual-service-reviews-test-v2.yaml")
    assert mesh.colors(12) == {"black"}
    assert mesh.call(
        "productpage-v1", "reviews", "/reviews/0", "-H", "end-user: jason"
    ) == (503, "")


@pytest.mark.parametrize("name", ["50-v3", "80-20", "90-10"])
def test_the_weights_of_the_samples_reach_both_versions(mesh, networking, name):
    """Shares themselves are a matter of many requests; here both get some and nobody else does."""
    rules = networking / f"virtual-service-reviews-{name}.yaml"
    mesh.apply(networking / "destination-rule-all.yaml", rules)
    wanted = {None, "red"} if name == "50-v3" else {None, "black"}
    mesh.sees(wanted)


def test_s2_plain_text_to_a_strict_service_is_refused_and_mutual_tls_is_served(mesh):
    mesh.apply()
    place = (f"127.0.0.{PLACES['details-v1']}", mesh.map[WORKLOAD])
    with socket.create_connection(place, 5) as plain:
        plain.sendall(b"GET /details/0 HTTP/1.1\r\nHost: details:9080\r\n\r\n")
        try:
            assert plain.recv(1024) == b""
        except ConnectionResetError:
            pass
    status, body = mesh.call("productpage-v1", "details", "/details/0")
    assert (status, json.loads(body)["pages"]) == (200, 200)


def test_s1_permissive_takes_both(mesh):
    permissive = """apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
spec:
  mtls: {mode: PERMISSIVE}
"""
    mesh.apply(("permissive.yaml", permissive))
    url = f"http://127.0.0.{PLACES['details-v1']}:{mesh.map[WORKLOAD]}/details/0"
    assert json.loads(curl("-H", "Host: details:9080", url).out)["pages"] == 200
    assert mesh.call("productpage-v1", "details", "/details/0")[0] == 200
    mesh.apply()
    assert curl("-H", "Host: details:9080", url).code != 0


def test_s3_istio_mutual_in_destination_rules(mesh, networking):
    mesh.apply(networking / "destination-rule-all-mtls.yaml")
    mesh.sees(EVERY_COLOR)
    status, body = mesh.call("productpage-v1", "details", "/headers")
    assert status == 200
    assert "spiffe://cluster.local/ns/default/sa/bookinfo-productpage" in body


def test_every_hop_sees_the_identity_of_the_one_before(mesh):
    mesh.apply()

    def caller(sidecar, host):
        status, body = mesh.call(sidecar, host, "/headers")
        assert status == 200, body
        return json.loads(body)["headers"]["x-forwarded-client-cert"]

    one = caller("productpage-v1", "reviews")
    assert "By=spiffe://cluster.local/ns/default/sa/bookinfo-reviews" in one
    assert "URI=spiffe://cluster.local/ns/default/sa/bookinfo-productpage" in one
    assert re.search(r"Hash=[0-9a-f]{64}", one)
    assert "URI=spiffe://cluster.local/ns/default/sa/bookinfo-reviews" in caller(
        "reviews-v3", "ratings"
    )


def test_a_client_cannot_claim_an_identity(mesh):
    mesh.apply()
    claim = "x-forwarded-client-cert: By=spiffe://x/ns/a/sa/b;URI=spiffe://x/ns/a/sa/root"
    status, body = mesh.call("productpage-v1", "details", "/headers", "-H", claim)
    assert status == 200
    last = json.loads(body)["headers"]["x-forwarded-client-cert"].split(",")[-1]
    assert last.endswith("URI=spiffe://cluster.local/ns/default/sa/bookinfo-productpage")


def test_a_host_that_no_object_describes_is_502_and_the_answer_says_so(mesh):
    mesh.apply()
    status, body = mesh.call("productpage-v1", "nowhere", "/")
    assert status == 502
    assert "nowhere" in body
