"""Requests stay near, and go elsewhere when there is nobody near: places, shares, labels."""

import json

import pytest

from harness import resources as r
from harness.nginx import Nginx
from test_load_balancing import asked, head, near

PLACES = ("eu/west/a", "eu/west/b", "eu/east/a", "us/west/a")


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    texts = [f'location / {{ return 200 "{place}"; }}' for place in PLACES]
    with Nginx(tmp_path_factory.mktemp("places"), *texts) as nginx:
        yield dict(zip(PLACES, nginx.ports))


def objects(servers, setting=None, outliers=True, labels=None, places=PLACES):
    entry = r.service_entry("all.test", *[servers[place] for place in places])
    for endpoint, place in zip(entry["spec"]["endpoints"], places):
        endpoint["locality"] = place
        if labels:
            endpoint["labels"] = labels[place]
    policy = {"loadBalancer": {"simple": "ROUND_ROBIN"}}
    if setting:
        policy["loadBalancer"]["localityLbSetting"] = setting
    if outliers:
        policy["outlierDetection"] = {
            "consecutive5xxErrors": 1,
            "baseEjectionTime": "3m",
            "maxEjectionPercent": 100,
        }
    rule = r.destination_rule("all.test", {}, **policy)
    return [r.gateway(), entry, rule, r.virtual_service("all", r.rule("all.test"))]


def at(place):
    return {"arguments": ["--locality", place], "access_log": False}


def test_beside_outlier_detection_requests_stay_in_the_subzone(started, servers):
    gateway = started(*objects(servers), **at("eu/west/b"))
    assert set(asked(gateway, [head()] * 100)) == {"eu/west/b"}


def test_without_outlier_detection_and_without_a_place_all_are_asked(started, servers):
    alone = started(*objects(servers, outliers=False), **at("eu/west/b"))
    assert set(asked(alone, [head()] * 100)) == set(PLACES)
    nowhere = started(*objects(servers), access_log=False)
    assert set(asked(nowhere, [head()] * 100)) == set(PLACES)


def test_when_nobody_is_left_in_a_place_the_next_nearest_is_asked(started, servers):
    gateway = started(*objects(servers), **at("eu/west/a"))
    left = list(PLACES)
    while left:
        assert set(asked(gateway, [head()] * 100)) == {left[0]}
        left.pop(0)
        if left:
            gateway.apply("resources.yaml", *objects(servers, places=left))


def test_failover_names_the_region_that_stands_in(started, servers):
    places = ("eu/east/a", "us/west/a")
    setting = {"failover": [{"from": "ap", "to": "us"}]}
    gateway = started(*objects(servers, setting, places=places), **at("ap/one/a"))
    assert set(asked(gateway, [head()] * 100)) == {"us/west/a"}


def test_failover_priority_compares_labels(started, servers):
    labels = {place: {"tier": "gold" if place == "us/west/a" else "tin"} for place in PLACES}
    setting = {"failoverPriority": ["tier=gold"]}
    gateway = started(*objects(servers, setting, labels=labels), **at("eu/west/a"))
    assert set(asked(gateway, [head()] * 100)) == {"us/west/a"}


def test_distribute_gives_shares_over_10000_requests(started, servers):
    setting = {
        "distribute": [
            {"from": "us/*", "to": {"us/*": 100}},
            {"from": "eu/west/*", "to": {"eu/west/*": 80, "us/west/*": 20}},
        ]
    }
    gateway = started(*objects(servers, setting, outliers=False), **at("eu/west/a"))
    found = asked(gateway, [head()] * 10_000)
    assert near(found.count("us/west/a"), 10_000, 0.2), found.count("us/west/a")
    assert near(found.count("eu/west/a"), 10_000, 0.4), found.count("eu/west/a")
    assert "eu/east/a" not in found


def test_the_admin_page_tells_place_weight_and_priority(started, servers):
    gateway = started(*objects(servers), **at("eu/west/a"))
    text = gateway.admin("/clusters").text
    for place, priority in zip(PLACES, (0, 1, 2, 3)):
        prefix = f"outbound|80||all.test::127.0.0.1:{servers[place]}::"
        region, zone, subzone = place.split("/")
        for line in (f"region::{region}", f"zone::{zone}", f"sub_zone::{subzone}", "weight::1"):
            assert prefix + line in text
        assert f"{prefix}priority::{priority}" in text
    hosts = json.loads(gateway.admin("/clusters?format=json").text)["cluster_statuses"][0]
    assert [host.get("priority", 0) for host in hosts["host_statuses"]] == [0, 1, 2, 3]


def test_zone_aware_balancing_keeps_what_the_own_place_can_bear(started, servers):
    """Half of the callers stand where a third of the region's endpoints do: two thirds stay, and
    the others go where nobody calls from; the neighbour has callers of its own."""
    selector = {"istio": "ingressgateway"}
    callers = [r.service("edge", 80, selector=selector, namespace="istio-system")]
    for number, place in enumerate(["eu/west/a", "eu/west/b", "us/west/a"]):
        caller = r.workload_entry(
            f"edge-{number}", 80, selector, address=f"10.9.0.{number}", namespace="istio-system",
        )  # fmt: skip
        caller["spec"]["locality"] = place
        callers.append(caller)
    made = objects(servers, outliers=False)
    policy = made[2]["spec"]["trafficPolicy"]
    policy["loadBalancer"]["zoneAwareLbSetting"] = {"enabled": True, "minClusterSize": 3}
    gateway = started(*made, *callers, **at("eu/west/a"))
    seen = asked(gateway, [head()] * 1200)
    assert set(seen) == {"eu/west/a", "eu/east/a"}
    assert near(seen.count("eu/west/a"), 1200, 2 / 3), seen.count("eu/west/a")
    # With too few endpoints for the division the region is asked alike.
    policy["loadBalancer"]["zoneAwareLbSetting"]["minClusterSize"] = 4
    gateway = started(*made, *callers, **at("eu/west/a"))
    seen = asked(gateway, [head()] * 1200)
    assert set(seen) == set(PLACES[:3]), "the region alone"
    assert near(seen.count("eu/west/a"), 1200, 1 / 3), seen.count("eu/west/a")
