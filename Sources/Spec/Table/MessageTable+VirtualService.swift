// The fields of VirtualService but those of its HTTP rules, which have a file of their own
// (networking/v1alpha3/virtual_service.proto).
// What is for sidecars alone is marked as without effect on a gateway.

extension MessageTable {
    static let virtualService = MessageTable(
        "VirtualService",
        [
            FieldRow(
                "hosts", .list(.string),
                "Hosts it is for: exact, `*.suffix` or `*`; none for a delegate."),
            FieldRow(
                "gateways", .list(.string),
                "`name`, `namespace/name` or `./name`; without it the VirtualService is for "
                    + "sidecars alone (`mesh`)."),
            FieldRow("http", .list(.message(httpRoute)), "Rules for HTTP, the first match wins."),
            FieldRow(
                "tls", .list(.message(tlsRoute)),
                "Rules for TLS that is passed through, by server name."),
            FieldRow("tcp", .list(.message(tcpRoute)), "Rules for plain connections."),
            FieldRow(
                "exportTo", .list(.string),
                "Namespaces that see it: `.`, `*`, `~` or names; all by default."),
        ])

    static let destination = MessageTable(
        "Destination", usualField: "host",
        [
            FieldRow(
                "host", .string,
                "A service; a name without a dot is short for one in the rule's namespace."),
            FieldRow("subset", .string, "A subset that a DestinationRule defines."),
            FieldRow(
                "port", .message(portSelector),
                "Not needed where the service has a single port."),
        ])

    static let portSelector = MessageTable(
        "PortSelector", usualField: "number",
        [
            FieldRow("number", .integer("uint32"), "1 to 65535.")
        ])

    static let tcpRoute = MessageTable(
        "TCPRoute",
        [
            FieldRow(
                "match", .list(.message(l4Match)), "Any of them; without it every connection."),
            FieldRow("route", .list(.message(routeDestination)), "Where the bytes go."),
        ])

    static let tlsRoute = MessageTable(
        "TLSRoute",
        [
            FieldRow("match", .list(.message(tlsMatch)), "Any of them."),
            FieldRow(
                "route", .list(.message(routeDestination)),
                "Where the connections go."),
        ])

    static let routeDestination = MessageTable(
        "RouteDestination",
        [
            FieldRow("destination", .message(destination), "A service."),
            FieldRow("weight", .integer("int32"), "Its share; a single one gets everything."),
        ])

    static let l4Match = MessageTable(
        "L4MatchAttributes",
        [
            FieldRow(
                "destinationSubnets", .list(.string),
                "Where a sidecar's captured connection was meant to go, else where it arrived; "
                    + "ignored on gateways, as by Istio."),
            FieldRow("port", .integer("uint32"), "The Gateway's port."),
            FieldRow("sourceSubnet", .string, .decodesOnly, "Ignored, as by Istio."),
            FieldRow(
                "sourceLabels", .map(.string),
                "Labels of a sidecar's workload; ignored on gateways, as by Istio."),
            FieldRow("gateways", .list(.string), "Overrides the VirtualService's list."),
            FieldRow(
                "sourceNamespace", .string, "Of a sidecar's workload; ignored on gateways."),
        ])

    static let tlsMatch = MessageTable(
        "TLSMatchAttributes",
        [
            FieldRow(
                "sniHosts", .list(.string),
                "Server names, each within the VirtualService's hosts."),
            FieldRow(
                "destinationSubnets", .list(.string),
                "Where a sidecar's captured connection was meant to go; ignored on gateways."),
            FieldRow("port", .integer("uint32"), "The Gateway's port."),
            FieldRow(
                "sourceLabels", .map(.string),
                "Labels of a sidecar's workload; ignored on gateways."),
            FieldRow(
                "gateways", .list(.string), "Overrides the VirtualService's list."),
            FieldRow(
                "sourceNamespace", .string, "Of a sidecar's workload; ignored on gateways."),
        ])
}
