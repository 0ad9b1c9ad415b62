// The fields of Kubernetes' kinds that decide where traffic goes, and of every object's metadata.
// These tables are open: what is not in them is Kubernetes' own business.

extension MessageTable {
    static let metadata = MessageTable(
        "ObjectMeta", isOpen: true,
        [
            FieldRow("name", .string, "Needed."),
            FieldRow("namespace", .string, "`default` where it says nothing."),
            FieldRow("labels", .map(.string), "What selectors look at."),
            FieldRow(
                "annotations", .map(.string),
                "`networking.istio.io/exportTo` on a Service; others are kept."),
            FieldRow("creationTimestamp", .string, "Older objects come first."),
        ])

    static let service = MessageTable(
        "ServiceSpec", isOpen: true,
        [
            FieldRow("type", .choice(Service.ServiceType.self), "ClusterIP by default."),
            FieldRow("selector", .map(.string), "Labels of the pods behind it."),
            FieldRow("ports", .list(.message(servicePort)), "Its ports."),
            FieldRow("clusterIP", .string, "`None` makes it headless."),
            FieldRow("clusterIPs", .list(.string), "All of them."),
            FieldRow("externalName", .string, "Of type ExternalName."),
            FieldRow("publishNotReadyAddresses", .bool, "Takes endpoints that are not ready."),
        ])

    static let servicePort = MessageTable(
        "ServicePort", isOpen: true,
        [
            FieldRow("name", .string, "Its beginning tells the protocol: `http-`, `tcp-`."),
            FieldRow("port", .integer("int32"), "1 to 65535."),
            FieldRow("targetPort", .integerOrString, "Number or name at the pod."),
            FieldRow("protocol", .choice(KubernetesTransport.self), "TCP is proxied."),
            FieldRow("appProtocol", .string, "Tells the protocol."),
            FieldRow("nodePort", .integer("int32"), .noEffect, "Of the nodes."),
        ])

    static let endpoints = MessageTable(
        "Endpoints", isOpen: true,
        [
            FieldRow("subsets", .list(.message(endpointSubset)), "Addresses and their ports.")
        ])

    static let endpointSubset = MessageTable(
        "EndpointSubset", isOpen: true,
        [
            FieldRow("addresses", .list(.message(endpointAddress)), "Those that are ready."),
            FieldRow(
                "notReadyAddresses", .list(.message(endpointAddress)),
                "Taken with `publishNotReadyAddresses`."),
            FieldRow("ports", .list(.message(endpointPort)), "Matched by name."),
        ])

    static let endpointAddress = MessageTable(
        "EndpointAddress", isOpen: true,
        [
            FieldRow("ip", .string, "An IP address."),
            FieldRow("hostname", .string, .noEffect, "Of the pod."),
            FieldRow("nodeName", .string, .noEffect, "Of the node."),
            FieldRow("targetRef", .message(objectReference), "The pod behind it."),
        ])

    static let objectReference = MessageTable(
        "ObjectReference", isOpen: true,
        [
            FieldRow("kind", .string, "`Pod`."),
            FieldRow("namespace", .string, "The same by default."),
            FieldRow("name", .string, "Of the pod."),
        ])

    static let endpointPort = MessageTable(
        "EndpointPort", isOpen: true,
        [
            FieldRow("name", .string, "That of the Service's port."),
            FieldRow("port", .integer("int32"), "1 to 65535."),
            FieldRow("protocol", .choice(KubernetesTransport.self), "TCP is proxied."),
            FieldRow("appProtocol", .string, "Tells the protocol."),
        ])

    static let endpointSlice = MessageTable(
        "EndpointSlice", isOpen: true,
        [
            FieldRow(
                "addressType", .choice(EndpointSlice.AddressType.self), "IPv4, IPv6 or FQDN."),
            FieldRow("endpoints", .list(.message(sliceEndpoint)), "Addresses."),
            FieldRow("ports", .list(.message(endpointPort)), "For all of them, by name."),
        ])

    static let sliceEndpoint = MessageTable(
        "Endpoint", isOpen: true,
        [
            FieldRow("addresses", .list(.string), "The first is used."),
            FieldRow("conditions", .message(endpointConditions), "Whether it takes traffic."),
            FieldRow("hostname", .string, .noEffect, "Of the pod."),
            FieldRow("nodeName", .string, .noEffect, "Of the node."),
            FieldRow("zone", .string, "Part of its locality."),
            FieldRow("targetRef", .message(objectReference), "The pod behind it."),
        ])

    static let endpointConditions = MessageTable(
        "EndpointConditions", isOpen: true,
        [
            FieldRow("ready", .bool, "True by default."),
            FieldRow("serving", .bool, .noEffect, "For persistent sessions."),
            FieldRow("terminating", .bool, .noEffect, "For persistent sessions."),
        ])

    static let secret = MessageTable(
        "Secret", isOpen: true,
        [
            FieldRow("type", .string, "`kubernetes.io/tls` or `Opaque`; both are looked into."),
            FieldRow(
                "data", .map(.bytes),
                "`tls.crt`, `tls.key`, `ca.crt`, `ca.crl` and `tls.ocsp-staple`, or `cert`, "
                    + "`key`, `cacert` and `crl`; other keys are not kept."),
            FieldRow("stringData", .map(.string), "The same in plain text; it wins."),
            FieldRow("immutable", .bool, .noEffect, "Of the cluster."),
        ])

    static let podSpec = MessageTable(
        "PodSpec", isOpen: true,
        [
            FieldRow("containers", .list(.message(container)), "For their ports."),
            FieldRow("serviceAccountName", .string, "Its identity, for telemetry."),
            FieldRow("nodeName", .string, .noEffect, "Of the node."),
        ])

    static let container = MessageTable(
        "Container", isOpen: true,
        [
            FieldRow("ports", .list(.message(containerPort)), "For named target ports.")
        ])

    static let containerPort = MessageTable(
        "ContainerPort", isOpen: true,
        [
            FieldRow("name", .string, "As a Service's `targetPort` calls it."),
            FieldRow("containerPort", .integer("int32"), "1 to 65535."),
            FieldRow("protocol", .choice(KubernetesTransport.self), "TCP is proxied."),
        ])

    static let podStatus = MessageTable(
        "PodStatus", isOpen: true,
        [
            FieldRow("podIP", .string, "Its address."),
            FieldRow("podIPs", .list(.message(podIP)), "All of them."),
            FieldRow("conditions", .list(.message(podCondition)), "`Ready` is looked at."),
        ])

    static let podIP = MessageTable(
        "PodIP", isOpen: true,
        [
            FieldRow("ip", .string, "An IP address.")
        ])

    static let podCondition = MessageTable(
        "PodCondition", isOpen: true,
        [
            FieldRow("type", .string, "`Ready`."),
            FieldRow("status", .string, "`True`, `False` or `Unknown`."),
        ])
}
