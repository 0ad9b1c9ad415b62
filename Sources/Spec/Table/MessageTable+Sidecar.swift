// The fields of Sidecar (networking/v1alpha3/sidecar.proto).
// Capture of packets is not done yet, so every listener is one that the application connects to.

extension MessageTable {
    static let sidecar = MessageTable(
        "Sidecar",
        [
            FieldRow(
                "workloadSelector", .message(workloadSelector),
                "Labels of the workloads it is for; without it all of the namespace."),
            FieldRow("ingress", .list(.message(ingressListener)), "Ports of the workload."),
            FieldRow(
                "egress", .list(.message(egressListener)),
                "Where the workload's requests go out, and the services it can reach."),
            FieldRow(
                "inboundConnectionPool", .message(connectionPool),
                "Limits of connections to the workload."),
            FieldRow(
                "outboundTrafficPolicy", .message(outboundTrafficPolicy),
                "Requests to hosts that no object describes."),
        ])

    static let sidecarPort = MessageTable(
        "SidecarPort", usualField: "number",
        [
            FieldRow("number", .integer("uint32"), "1 to 65535; 0 with a unix bind."),
            FieldRow(
                "protocol", .choice(PortProtocol.self),
                "What is spoken there; by the services' ports where it says nothing."),
            FieldRow("name", .string, .noEffect, "For people."),
            FieldRow("targetPort", .integer("uint32"), .noEffect, "Refused, as by Istio."),
        ])

    static let ingressListener = MessageTable(
        "IstioIngressListener",
        [
            FieldRow("port", .message(sidecarPort), "The port of the workload."),
            FieldRow(
                "bind", .string,
                "An IP address; 127.0.0.1 with `captureMode: NONE`, else the workload's."),
            FieldRow(
                "captureMode", .choice(Sidecar.CaptureMode.self),
                "`--capture-inbound` captures every port; otherwise clients connect to it."),
            FieldRow(
                "defaultEndpoint", .string,
                "The application: `127.0.0.1:80` or any loopback address, `0.0.0.0:80` for the "
                    + "workload's own, `unix:///path`; 127.0.0.1 and the same port by default."),
            FieldRow(
                "tls", .message(serverTLS),
                "TLS of the listener's own, from files, where PeerAuthentication says DISABLE; "
                    + "off in Istio by default."),
            FieldRow(
                "connectionPool", .message(connectionPool), "Instead of `inboundConnectionPool`."),
        ])

    static let egressListener = MessageTable(
        "IstioEgressListener",
        [
            FieldRow(
                "port", .message(sidecarPort),
                "The port to open; without it one for all, chosen by Host on 127.0.0.1:15001."),
            FieldRow("bind", .string, "127.0.0.1 by default."),
            FieldRow(
                "captureMode", .choice(Sidecar.CaptureMode.self),
                "NONE: applications connect to the port; else only where nothing is captured."),
            FieldRow(
                "hosts", .list(.string),
                "`namespace/host` with `*`, `.` (its own) or `~` (none) for the namespace."),
        ])

    static let outboundTrafficPolicy = MessageTable(
        "OutboundTrafficPolicy",
        [
            FieldRow(
                "mode", .choice(Sidecar.OutboundTrafficPolicy.Mode.self),
                "REGISTRY_ONLY where it says nothing. ALLOW_ANY: to where a captured connection "
                    + "was meant to go, or a forward proxy is asked for."),
            FieldRow(
                "egressProxy", .message(destination), "With ALLOW_ANY: where such requests go."),
        ])
}
