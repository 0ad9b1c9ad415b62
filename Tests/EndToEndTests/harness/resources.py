"""Istio resources as users write them, in as few words as a test needs."""

import yaml


def text(*objects):
    """YAML documents."""
    return yaml.safe_dump_all(objects, sort_keys=False)


def resource(kind, name, spec, namespace=None, group="networking.istio.io/v1"):
    metadata = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec}


def gateway(name="edge", hosts=("*",), port=80, protocol="HTTP", namespace=None, **more):
    """A Gateway with one server; `more` are fields of the server."""
    name_of_port = protocol.lower().replace("_", "-")
    server = {"port": {"number": port, "name": name_of_port, "protocol": protocol}}
    server["hosts"] = list(hosts)
    server.update(more)
    spec = {"selector": {"istio": "ingressgateway"}, "servers": [server]}
    return resource("Gateway", name, spec, namespace)


def virtual_service(name, *rules, hosts=("*",), gateways=("edge",), namespace=None, **more):
    """A VirtualService with HTTP rules; `more` are fields of the spec."""
    spec = {"hosts": list(hosts), "gateways": list(gateways)}
    if rules:
        spec["http"] = list(rules)
    spec.update(more)
    return resource("VirtualService", name, spec, namespace)


def delegate_service(name, *rules, namespace=None):
    """A VirtualService without hosts and gateways: what `delegate` points to."""
    return resource("VirtualService", name, {"http": list(rules)}, namespace)


def destination(host, weight=None, subset=None, port=None, headers=None):
    target = {"host": host}
    if subset:
        target["subset"] = subset
    if port:
        target["port"] = {"number": port}
    entry = {"destination": target}
    if weight is not None:
        entry["weight"] = weight
    if headers:
        entry["headers"] = headers
    return entry


def rule(*destinations, match=None, **more):
    """One HTTP rule. Destinations are host names or what `destination` makes."""
    made = {}
    if match is not None:
        made["match"] = match if isinstance(match, list) else [match]
    if destinations:
        made["route"] = [d if isinstance(d, dict) else destination(d) for d in destinations]
    made.update(more)
    return made


def uri(kind, value, **more):
    """A match block on the path."""
    return {"uri": {kind: value}, **more}


def service_entry(host, *ports, port=80, protocol="HTTP", name=None, labels=None, **more):
    """A ServiceEntry with one STATIC endpoint for each local port; `labels` one dict for each."""
    endpoints = []
    for index, local in enumerate(ports):
        endpoint = {"address": "127.0.0.1", "ports": {"main": local}}
        if labels and labels[index]:
            endpoint["labels"] = labels[index]
        endpoints.append(endpoint)
    spec = {
        "hosts": [host],
        "ports": [{"number": port, "name": "main", "protocol": protocol}],
        "location": "MESH_EXTERNAL",
        "resolution": "STATIC",
    }
    if endpoints:
        spec["endpoints"] = endpoints
    spec.update(more)
    return resource("ServiceEntry", name or host.replace(".", "-"), spec)


def destination_rule(host, subsets, name=None, **policy):
    """`subsets` is name -> labels."""
    spec = {"host": host}
    if policy:
        spec["trafficPolicy"] = policy
    spec["subsets"] = [{"name": n, "labels": l} for n, l in subsets.items()]
    return resource("DestinationRule", name or host.replace(".", "-"), spec)


def service(name, port, target=None, selector=None, port_name="http", namespace=None):
    """A Kubernetes Service."""
    entry = {"name": port_name, "port": port}
    if target:
        entry["targetPort"] = target
    spec = {"ports": [entry], "selector": selector or {"app": name}}
    return resource("Service", name, spec, namespace, group="v1")


def workload_entry(name, port, labels, port_name="http", address="127.0.0.1", namespace=None):
    spec = {"address": address, "labels": labels, "ports": {port_name: port}}
    return resource("WorkloadEntry", name, spec, namespace)


def endpoint_slice(service_name, port, port_name="http", addresses=("127.0.0.1",), ready=True):
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{service_name}-1",
            "labels": {"kubernetes.io/service-name": service_name},
        },
        "addressType": "IPv4",
        "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
        "endpoints": [{"addresses": [a], "conditions": {"ready": ready}} for a in addresses],
    }


def one_upstream(port, name="backend.test", hosts=("*",)):
    """The least that serves: everything on port 80 goes to one local port."""
    return [
        gateway(),
        service_entry(name, port),
        virtual_service("all", rule(name), hosts=hosts),
    ]
