// Istio's labels as Prometheus text.
// The order is the one Istio's proxies write, which makes two dumps easy to compare by eye.

extension IstioLabels {
    /// `reporter="source",...`, without braces.
    /// - Parameter responses: whether the metric is about responses; TCP metrics are not, and have
    ///   neither a response code nor a gRPC status.
    func appendLabels(to out: inout [UInt8], responses: Bool) {
        out.appendLabel("reporter", reporter.rawValue, first: true)
        source.appendLabels(to: &out, names: Peer.sourceNames)
        destination.appendLabels(to: &out, names: Peer.destinationNames)
        out.appendLabel("destination_service", known(destinationService))
        out.appendLabel("destination_service_name", known(destinationServiceName))
        out.appendLabel("destination_service_namespace", known(destinationServiceNamespace))
        out.appendLabel("request_protocol", known(requestProtocol))
        if responses {
            out.appendLabel("response_code", String(responseCode))
            out.appendLabel("grpc_response_status", grpcResponseStatus)
        }
        out.appendLabel("response_flags", responseFlags.description)
        out.appendLabel("connection_security_policy", known(connectionSecurityPolicy))
    }
}

extension IstioLabels.Peer {
    /// The names of the eight labels, in the order of the fields.
    static let sourceNames: [String] = [
        "source_workload", "source_workload_namespace", "source_principal", "source_app",
        "source_version", "source_cluster", "source_canonical_service",
        "source_canonical_revision",
    ]
    static let destinationNames: [String] = [
        "destination_workload", "destination_workload_namespace", "destination_principal",
        "destination_app", "destination_version", "destination_cluster",
        "destination_canonical_service", "destination_canonical_revision",
    ]

    func appendLabels(to out: inout [UInt8], names: [String]) {
        let revision = canonicalRevision.isEmpty ? "latest" : canonicalRevision
        let values = [
            known(workload), known(workloadNamespace), known(principal), known(app),
            known(version), known(cluster), known(canonicalService), revision,
        ]
        for (name, value) in zip(names, values) { out.appendLabel(name, value) }
    }
}

/// What Istio prints for a value it does not have.
private func known(_ value: String) -> String { value.isEmpty ? "unknown" : value }
