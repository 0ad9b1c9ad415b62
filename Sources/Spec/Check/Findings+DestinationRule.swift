// Checks DestinationRule as Istio does (ValidateDestinationRule, validateTrafficPolicy).
// A rule that Istio refuses would leave its users thinking that it holds.

extension Findings {
    mutating func check(_ rule: DestinationRule) {
        if rule.host.value.isEmpty {
            error(
                message: "a DestinationRule without `host`", advice: "write the service it is for")
        } else {
            enter("host")
            check(host: rule.host.value, wildcard: true)
            leave()
        }
        check(exportTo: rule.exportTo, of: rule, nobodyAllowed: false)
        if let policy = rule.trafficPolicy {
            enter("trafficPolicy")
            check(policy)
            leave()
        }
        var names: Set<String> = []
        for (index, subset) in rule.subsets.enumerated() {
            enter("subsets", index)
            check(subset)
            if !subset.name.isEmpty, !names.insert(subset.name).inserted {
                warning(
                    .field("name"),
                    message: "the subset `\(subset.name)` is there twice; the first holds",
                    advice: "rename or remove one of the two")
            }
            leave()
        }
        if let selector = rule.workloadSelector {
            if selector.isEmpty {
                error(
                    .field("workloadSelector"), message: "a workloadSelector without labels",
                    advice: "write `labels`, or remove it")
            }
            enter("workloadSelector")
            check(labels: selector, named: "labels")
            leave()
            if rule.exportTo.contains(where: { $0 != "." }) {
                error(
                    .field("exportTo"),
                    message: "a DestinationRule with a workloadSelector stays in its namespace",
                    advice: "write `.`, or remove it")
            }
        }
    }

    private mutating func check(_ subset: DestinationRule.Subset) {
        if subset.name.isEmpty {
            error(message: "a subset without a name", advice: "write `name`")
        } else if !NameSyntax.isLabel(subset.name) {
            error(
                .field("name"), message: "`\(subset.name)` is no name for a subset",
                advice: "use small letters, digits and dashes")
        }
        check(labels: subset.labels, named: "labels")
        if let policy = subset.trafficPolicy {
            enter("trafficPolicy")
            check(policy)
            leave()
        }
    }

    private mutating func check(_ policy: TrafficPolicy) {
        let isEmpty =
            policy.blocks.isEmpty && policy.portLevelSettings.isEmpty
        if isEmpty {
            error(
                message: "a trafficPolicy that says nothing",
                advice: "write loadBalancer, connectionPool or another block, or remove it")
        }
        check(policy.blocks)
        var ports: Set<UInt16> = []
        for (index, settings) in policy.portLevelSettings.enumerated() {
            enter("portLevelSettings", index)
            if settings.port == 0 {
                error(message: "settings without a port", advice: "write `port: {number: 80}`")
            } else if !ports.insert(settings.port).inserted {
                warning(
                    .field("port"),
                    message: "port \(settings.port) is there twice; the first holds",
                    advice: "remove one of the two")
            }
            if settings.blocks.isEmpty {
                error(
                    message: "settings of a port that say nothing",
                    advice: "write loadBalancer, connectionPool or another block")
            }
            check(settings.blocks)
            leave()
        }
        if let tunnel = policy.blocks.tunnel {
            check(tunnel, hasProxyProtocol: policy.blocks.proxyProtocol != nil)
        }
        if let percent = policy.blocks.retryBudget?.percent, !(0...100).contains(percent) {
            error(
                .field("retryBudget"), .field("percent"), message: "\(percent) is no percentage",
                advice: "0 to 100 are allowed")
        }
    }

    private mutating func check(_ tunnel: TrafficPolicy.TunnelSettings, hasProxyProtocol: Bool) {
        enter("tunnel")
        defer { leave() }
        if hasProxyProtocol {
            error(message: "both `tunnel` and `proxyProtocol`", advice: "keep one of them")
        }
        if !["", "CONNECT", "POST"].contains(tunnel.protocolName.uppercased()) {
            error(
                .field("protocol"), message: "`\(tunnel.protocolName)` is no way to tunnel",
                advice: "write CONNECT or POST")
        }
        if tunnel.targetPort == 0 {
            error(message: "a tunnel without `targetPort`", advice: "write it")
        }
        let isHost =
            AddressSyntax.isIP(tunnel.targetHost)
            || NameSyntax.complaint(host: tunnel.targetHost, wildcard: false) == nil
        if !isHost {
            error(
                message: "a tunnel to `\(tunnel.targetHost)`",
                advice: "write a host name or an address under `targetHost`")
        }
    }

    private mutating func check(_ blocks: TrafficPolicy.Blocks) {
        if let balancer = blocks.loadBalancer {
            enter("loadBalancer")
            check(balancer)
            leave()
        }
        if let pool = blocks.connectionPool {
            enter("connectionPool")
            check(pool)
            leave()
        }
        if let detection = blocks.outlierDetection {
            enter("outlierDetection")
            check(detection)
            leave()
        }
        if let tls = blocks.tls {
            enter("tls")
            check(tls)
            leave()
        }
    }
}
