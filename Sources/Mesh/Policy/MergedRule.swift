// The DestinationRules of one host in one namespace, taken together.
// Subsets add up, the first of a name wins; the policy for all is the oldest rule's that has one.
internal import Spec

struct MergedRule {
    private(set) var trafficPolicy: TrafficPolicy?
    private(set) var subsets: [(subset: DestinationRule.Subset, rule: DestinationRule)]
    /// Oldest first.
    private(set) var rules: [DestinationRule]

    init(_ rule: DestinationRule) {
        trafficPolicy = rule.trafficPolicy
        subsets = []
        rules = []
        merge(rule)
    }

    mutating func merge(_ rule: DestinationRule) {
        if trafficPolicy == nil { trafficPolicy = rule.trafficPolicy }
        for subset in rule.subsets where self.subset(subset.name) == nil {
            subsets.append((subset, rule))
        }
        rules.append(rule)
    }

    func subset(_ name: String) -> (subset: DestinationRule.Subset, rule: DestinationRule)? {
        subsets.first { $0.subset.name == name }
    }

    /// Whether destinations resolve the same with it: only the subsets' names decide that.
    func routesLike(_ other: MergedRule?) -> Bool {
        guard let other else { return false }
        return subsets.map(\.subset.name) == other.subsets.map(\.subset.name)
    }

    /// The policy for one port of one subset (`""` for none): a port's settings replace the whole
    /// policy of their level, tunnel, PROXY header and retry budget with it; a subset's then
    /// replaces block by block, and its settings for the port all four blocks that ports have
    /// (Istio MergeSubsetTrafficPolicy).
    func policy(port: UInt16, subset name: String) -> TrafficPolicy.Blocks {
        let general = trafficPolicy?.blocks(for: port)
        guard let own = subset(name)?.subset.trafficPolicy else {
            return general ?? TrafficPolicy.Blocks()
        }
        guard var blocks = general else { return own.blocks(for: port) }
        blocks.tunnel = own.blocks.tunnel ?? blocks.tunnel
        blocks.proxyProtocol = own.blocks.proxyProtocol ?? blocks.proxyProtocol
        blocks.retryBudget = own.blocks.retryBudget ?? blocks.retryBudget
        if let port = own.settings(for: port)?.blocks {
            blocks.loadBalancer = port.loadBalancer
            blocks.connectionPool = port.connectionPool
            blocks.outlierDetection = port.outlierDetection
            blocks.tls = port.tls
            return blocks
        }
        blocks.loadBalancer = own.blocks.loadBalancer ?? blocks.loadBalancer
        blocks.connectionPool = own.blocks.connectionPool ?? blocks.connectionPool
        blocks.outlierDetection = own.blocks.outlierDetection ?? blocks.outlierDetection
        blocks.tls = own.blocks.tls ?? blocks.tls
        return blocks
    }
}

extension MergedRule {
    /// TLS settings and where they are written.
    struct TLS {
        let settings: ClientTLSSettings
        let rule: DestinationRule
        var origin: Origin { Origin(rule, at: settings.position) }
    }

    /// What the policy for a port of a subset says of TLS, found as `policy` finds it; nil leaves
    /// it to auto mTLS.
    func tls(port: UInt16, subset name: String) -> TLS? {
        guard let settings = policy(port: port, subset: name).tls else { return nil }
        if let (found, owner) = subset(name), let own = found.trafficPolicy {
            let block = own.settings(for: port).map(\.blocks) ?? own.blocks
            if block.tls != nil { return TLS(settings: settings, rule: owner) }
        }
        return policyOwner.map { TLS(settings: settings, rule: $0) }
    }

    /// The mode that is taken from the level above where settings of a port leave `tls` out: it
    /// decides whether auto mTLS is used, and nothing else (Istio mtls_checker.go).
    func inferredTLS(port: UInt16, subset name: String) -> TLS? {
        if let (found, owner) = subset(name), let own = found.trafficPolicy,
            let settings = own.settings(for: port)?.blocks.tls ?? own.blocks.tls
        {
            return TLS(settings: settings, rule: owner)
        }
        guard let owner = policyOwner, let policy = trafficPolicy,
            let settings = policy.settings(for: port)?.blocks.tls ?? policy.blocks.tls
        else { return nil }
        return TLS(settings: settings, rule: owner)
    }

    /// Whose policy for all subsets it is.
    private var policyOwner: DestinationRule? { rules.first { $0.trafficPolicy != nil } }
}

extension TrafficPolicy {
    fileprivate func blocks(for port: UInt16) -> Blocks {
        settings(for: port)?.blocks ?? blocks
    }

    fileprivate func settings(for port: UInt16) -> PortSettings? {
        portLevelSettings.first { $0.port == port }
    }
}
