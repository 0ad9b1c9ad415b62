// Decodes DestinationRule and its traffic policies; balancing has a file of its own.
// One function a message, one case a field, as in the message's table.

extension FieldReader {
    func destinationRule(_ parts: ObjectParts) -> DestinationRule {
        var host = Located("")
        var policy: TrafficPolicy?
        var subsets: [DestinationRule.Subset] = []
        var exportTo: [String] = []
        var selector: [String: String]?
        if let spec = parts.spec {
            var fields = open(spec, .destinationRule)
            while let (name, value) = next(&fields) {
                switch name {
                case "host":
                    host = Located(sharedString(value), at: tree.position(value))
                case "trafficPolicy": policy = trafficPolicy(value)
                case "subsets": subsets = list(value, subset)
                case "exportTo": exportTo = strings(value)
                case "workloadSelector": selector = workloadSelector(value)
                default: unread(name, fields)
                }
            }
        }
        return DestinationRule(
            metadata: parts.metadata, source: parts.source, host: host, trafficPolicy: policy,
            subsets: subsets, exportTo: exportTo, workloadSelector: selector)
    }

    func workloadSelector(_ node: NodeID) -> [String: String] {
        var labels: [String: String] = [:]
        var fields = open(node, .workloadSelector)
        while let (name, value) = next(&fields) {
            switch name {
            case "labels": labels = stringMap(value)
            default: unread(name, fields)
            }
        }
        return labels
    }

    private func subset(_ node: NodeID) -> DestinationRule.Subset {
        var subset = DestinationRule.Subset()
        subset.position = tree.position(node)
        var fields = open(node, .subset)
        while let (name, value) = next(&fields) {
            switch name {
            case "name": subset.name = sharedString(value)
            case "labels": subset.labels = stringMap(value)
            case "trafficPolicy": subset.trafficPolicy = trafficPolicy(value)
            default: unread(name, fields)
            }
        }
        return subset
    }

    private func trafficPolicy(_ node: NodeID) -> TrafficPolicy {
        var blocks = TrafficPolicy.Blocks()
        var ports: [TrafficPolicy.PortSettings] = []
        var fields = open(node, .trafficPolicy)
        while let (name, value) = next(&fields) {
            switch name {
            case "portLevelSettings": ports = list(value, portSettings)
            case "tunnel": blocks.tunnel = tunnel(value)
            case "proxyProtocol": blocks.proxyProtocol = proxyProtocol(value)
            case "retryBudget": blocks.retryBudget = retryBudget(value)
            default: policyBlock(name, value, fields, &blocks)
            }
        }
        return TrafficPolicy(
            position: tree.position(node), blocks: blocks, portLevelSettings: ports)
    }

    private func policyBlock(
        _ name: String, _ value: NodeID, _ fields: Fields, _ blocks: inout TrafficPolicy.Blocks
    ) {
        switch name {
        case "loadBalancer": blocks.loadBalancer = loadBalancer(value)
        case "connectionPool": blocks.connectionPool = connectionPool(value)
        case "outlierDetection": blocks.outlierDetection = outlierDetection(value)
        case "tls": blocks.tls = clientTLS(value)
        default: unread(name, fields)
        }
    }

    private func portSettings(_ node: NodeID) -> TrafficPolicy.PortSettings {
        var settings = TrafficPolicy.PortSettings()
        settings.position = tree.position(node)
        var fields = open(node, .portTrafficPolicy)
        while let (name, value) = next(&fields) {
            switch name {
            case "port": settings.port = portSelector(value) ?? 0
            default: policyBlock(name, value, fields, &settings.blocks)
            }
        }
        return settings
    }

    private func tunnel(_ node: NodeID) -> TrafficPolicy.TunnelSettings {
        var tunnel = TrafficPolicy.TunnelSettings()
        tunnel.position = tree.position(node)
        var fields = open(node, .tunnel)
        while let (name, value) = next(&fields) {
            switch name {
            case "protocol": tunnel.protocolName = string(value)
            case "targetHost": tunnel.targetHost = string(value)
            case "targetPort": tunnel.targetPort = port(value) ?? 0
            default: unread(name, fields)
            }
        }
        return tunnel
    }

    private func proxyProtocol(_ node: NodeID) -> TrafficPolicy.ProxyProtocolVersion {
        var version = TrafficPolicy.ProxyProtocolVersion.v1
        var fields = open(node, .proxyProtocol)
        while let (name, value) = next(&fields) {
            switch name {
            case "version":
                version = choice(value, TrafficPolicy.ProxyProtocolVersion.self) ?? .v1
            default: unread(name, fields)
            }
        }
        return version
    }

    private func retryBudget(_ node: NodeID) -> TrafficPolicy.RetryBudget {
        var budget = TrafficPolicy.RetryBudget()
        budget.position = tree.position(node)
        var fields = open(node, .retryBudget)
        while let (name, value) = next(&fields) {
            switch name {
            case "percent": budget.percent = double(value)
            case "minRetryConcurrency": budget.minRetryConcurrency = uint32(value)
            case "budgetInterval": budget.budgetInterval = duration(value)
            default: unread(name, fields)
            }
        }
        return budget
    }
}
