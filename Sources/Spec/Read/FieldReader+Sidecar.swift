// Decodes Sidecar. One function a message, one case a field, as in the message's table.

extension FieldReader {
    func sidecar(_ parts: ObjectParts) -> Sidecar {
        var selector: [String: String] = [:]
        var ingress: [Sidecar.Ingress] = []
        var egress: [Sidecar.Egress] = []
        var pool: ConnectionPoolSettings?
        var policy: Sidecar.OutboundTrafficPolicy?
        if let spec = parts.spec {
            var fields = open(spec, .sidecar)
            while let (name, value) = next(&fields) {
                switch name {
                case "workloadSelector":
                    selector = workloadSelector(value)
                    if selector.isEmpty {
                        report(
                            .warning, at: value,
                            "a workloadSelector without labels means every workload of the "
                                + "namespace",
                            "write `labels`, or remove it")
                    }
                case "ingress": ingress = list(value, ingressListener)
                case "egress": egress = list(value, egressListener)
                case "inboundConnectionPool": pool = connectionPool(value)
                case "outboundTrafficPolicy": policy = outboundTrafficPolicy(value)
                default: unread(name, fields)
                }
            }
        }
        return Sidecar(
            metadata: parts.metadata, source: parts.source, workloadSelector: selector,
            ingress: ingress, egress: egress, inboundConnectionPool: pool,
            outboundTrafficPolicy: policy)
    }

    private func ingressListener(_ node: NodeID) -> Sidecar.Ingress {
        var listener = Sidecar.Ingress()
        listener.position = tree.position(node)
        var fields = open(node, .ingressListener)
        while let (name, value) = next(&fields) {
            switch name {
            case "port": listener.port = sidecarPort(value)
            case "bind": listener.bind = string(value)
            case "captureMode":
                listener.captureMode = choice(value, Sidecar.CaptureMode.self) ?? .byEnvironment
            case "defaultEndpoint":
                listener.defaultEndpoint = Located(string(value), at: tree.position(value))
            case "tls": listener.tls = serverTLS(value)
            case "connectionPool": listener.connectionPool = connectionPool(value)
            default: unread(name, fields)
            }
        }
        return listener
    }

    private func egressListener(_ node: NodeID) -> Sidecar.Egress {
        var listener = Sidecar.Egress()
        listener.position = tree.position(node)
        var fields = open(node, .egressListener)
        while let (name, value) = next(&fields) {
            switch name {
            case "port": listener.port = sidecarPort(value)
            case "bind": listener.bind = string(value)
            case "captureMode":
                listener.captureMode = choice(value, Sidecar.CaptureMode.self) ?? .byEnvironment
            case "hosts": listener.hosts = locatedStrings(value)
            default: unread(name, fields)
            }
        }
        return listener
    }

    private func sidecarPort(_ node: NodeID) -> Sidecar.Port {
        listenerPort(
            node, .sidecarPort, of: "a Sidecar",
            advice: "`defaultEndpoint` says where the application listens")
    }

    private func outboundTrafficPolicy(_ node: NodeID) -> Sidecar.OutboundTrafficPolicy {
        var policy = Sidecar.OutboundTrafficPolicy()
        policy.position = tree.position(node)
        var fields = open(node, .outboundTrafficPolicy)
        while let (name, value) = next(&fields) {
            switch name {
            case "mode":
                policy.mode =
                    choice(value, Sidecar.OutboundTrafficPolicy.Mode.self) ?? .registryOnly
            case "egressProxy": policy.egressProxy = destination(value)
            default: unread(name, fields)
            }
        }
        return policy
    }
}
