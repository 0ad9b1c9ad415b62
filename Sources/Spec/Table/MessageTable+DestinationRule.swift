// The fields of DestinationRule and its traffic policies
// (networking/v1alpha3/destination_rule.proto); balancing has a file of its own.
// The four blocks that policies and ports share are listed once.

extension MessageTable {
    static let destinationRule = MessageTable(
        "DestinationRule",
        [
            FieldRow("host", .string, "A service, or `*.suffix`."),
            FieldRow("trafficPolicy", .message(trafficPolicy), "For all subsets."),
            FieldRow("subsets", .list(.message(subset)), "Endpoints by label."),
            FieldRow(
                "exportTo", .list(.string), "Namespaces that see it: `.`, `*` or names."),
            FieldRow(
                "workloadSelector", .message(workloadSelector), "Labels of the clients it is for."),
        ])

    static let workloadSelector = MessageTable(
        "WorkloadSelector",
        [
            FieldRow("labels", .map(.string), "All of them must be there.")
        ])

    static let subset = MessageTable(
        "Subset",
        [
            FieldRow("name", .string, "As destinations call it."),
            FieldRow(
                "labels", .map(.string), "All of them must be there; none means all endpoints."),
            FieldRow("trafficPolicy", .message(trafficPolicy), "Instead of the rule's, by block."),
        ])

    private static let blocks: [FieldRow] = [
        FieldRow("loadBalancer", .message(loadBalancer), "Which endpoint gets the request."),
        FieldRow("connectionPool", .message(connectionPool), "Limits of connections."),
        FieldRow(
            "outlierDetection", .message(outlierDetection),
            "Leaves failing endpoints out."),
        FieldRow("tls", .message(clientTLS), "TLS towards the destination."),
    ]

    static let trafficPolicy = MessageTable(
        "TrafficPolicy",
        blocks + [
            FieldRow(
                "portLevelSettings", .list(.message(portTrafficPolicy)),
                "Instead of the rest, for one port."),
            FieldRow(
                "tunnel", .message(tunnel),
                "Connections of `tcp` and `tls` routes go through the endpoint, an HTTP proxy."),
            FieldRow(
                "proxyProtocol", .message(proxyProtocol), "A PROXY header goes before the bytes."),
            FieldRow("retryBudget", .message(retryBudget), "Bounds retries."),
        ])

    static let portTrafficPolicy = MessageTable(
        "PortTrafficPolicy",
        [FieldRow("port", .message(portSelector), "The service's port.")] + blocks)

    static let tunnel = MessageTable(
        "TunnelSettings",
        [
            FieldRow("protocol", .string, "CONNECT (default) or POST, over HTTP/1.1."),
            FieldRow("targetHost", .string, "The far end."),
            FieldRow("targetPort", .integer("uint32"), "The far end's port."),
        ])

    static let proxyProtocol = MessageTable(
        "ProxyProtocol",
        [
            FieldRow(
                "version", .choice(TrafficPolicy.ProxyProtocolVersion.self),
                "V1 by default.")
        ])

    static let retryBudget = MessageTable(
        "RetryBudget",
        [
            FieldRow("percent", .double, "Of the active requests; 20 by default."),
            FieldRow("minRetryConcurrency", .integer("uint32"), "3 by default."),
            FieldRow(
                "budgetInterval", .duration,
                "The share is of the requests that went out within it, instead of those under "
                    + "way."),
        ])

    static let connectionPool = MessageTable(
        "ConnectionPoolSettings",
        [
            FieldRow("tcp", .message(poolTCP), "For all connections."),
            FieldRow("http", .message(poolHTTP), "For HTTP."),
        ])

    static let poolTCP = MessageTable(
        "TCPSettings",
        [
            FieldRow(
                "maxConnections", .integer("int32"),
                "No limit by default; requests wait above it, bytes are closed."),
            FieldRow("connectTimeout", .duration, "10 s by default."),
            FieldRow("tcpKeepalive", .message(tcpKeepalive), "SO_KEEPALIVE."),
            FieldRow("maxConnectionDuration", .duration, "No limit by default."),
            FieldRow("idleTimeout", .duration, "1 h by default."),
        ])

    static let tcpKeepalive = MessageTable(
        "TcpKeepalive",
        [
            FieldRow("probes", .integer("uint32"), "Before giving up."),
            FieldRow("time", .duration, "Idle before the first probe."),
            FieldRow("interval", .duration, "Between probes."),
        ])

    static let poolHTTP = MessageTable(
        "HTTPSettings",
        [
            FieldRow(
                "http1MaxPendingRequests", .integer("int32"),
                "Waiting for a connection, also over HTTP/2; 503 UO above it."),
            FieldRow(
                "http2MaxRequests", .integer("int32"),
                "Under way, also over HTTP/1.1; 503 UO above it."),
            FieldRow(
                "maxRequestsPerConnection", .integer("int32"),
                "1 switches keep-alive off."),
            FieldRow("maxRetries", .integer("int32"), "Retries at the same time, of all workers."),
            FieldRow("idleTimeout", .duration, "1 h by default."),
            FieldRow(
                "h2UpgradePolicy", .choice(ConnectionPoolSettings.HTTP.H2UpgradePolicy.self),
                "HTTP/2 towards the destination; DEFAULT is DO_NOT_UPGRADE."),
            FieldRow("useClientProtocol", .bool, "The client's protocol."),
            FieldRow("maxConcurrentStreams", .integer("int32"), "HTTP/2."),
            FieldRow(
                "http2KeepAlive", .message(connectionKeepalive), "HTTP/2 pings."),
        ])

    static let connectionKeepalive = MessageTable(
        "ConnectionKeepalive",
        [
            FieldRow("interval", .duration, "Between pings."),
            FieldRow("timeout", .duration, "For the answer."),
        ])

    static let outlierDetection = MessageTable(
        "OutlierDetection",
        [
            FieldRow(
                "consecutiveErrors", .integer("int32"),
                "Deprecated: so many of 502, 503, 504 in a row; Istio ignores it since 1.7."),
            FieldRow("splitExternalLocalOriginErrors", .bool, "Counts apart."),
            FieldRow(
                "consecutiveLocalOriginFailures", .integer("uint32"),
                "Failures to connect; 5 by default."),
            FieldRow(
                "consecutiveGatewayErrors", .integer("uint32"), "502, 503, 504."),
            FieldRow("consecutive5xxErrors", .integer("uint32"), "5 by default."),
            FieldRow("interval", .duration, "10 s by default."),
            FieldRow("baseEjectionTime", .duration, "30 s by default."),
            FieldRow("maxEjectionPercent", .integer("int32"), "10 by default."),
            FieldRow("minHealthPercent", .integer("int32"), "0 by default."),
            FieldRow(
                "outlierDetectionHttpErrorCodes", .list(.integer("uint32")),
                "What counts as an error; 5xx by default."),
        ])

    static let clientTLS = MessageTable(
        "ClientTLSSettings",
        [
            FieldRow(
                "mode", .choice(ClientTLSSettings.Mode.self),
                "DISABLE where it says nothing; without `tls` auto mTLS decides."),
            FieldRow("clientCertificate", .string, "Path of a PEM file."),
            FieldRow("privateKey", .string, "Path of a PEM file."),
            FieldRow(
                "caCertificates", .string, "Path of a PEM file; this machine's CAs by default."),
            FieldRow(
                "credentialName", .string,
                "A Secret in the proxy's own namespace, else in that of the rule; instead of files."
            ),
            FieldRow(
                "subjectAltNames", .list(.string),
                "Names or SPIFFE ids, any of which the server has to show."),
            FieldRow(
                "sni", .string,
                "The request's host by default; the mesh has names of its own."),
            FieldRow("insecureSkipVerify", .bool, "Takes any server."),
            FieldRow("caCrl", .string, "Path of a revocation list."),
        ])
}
