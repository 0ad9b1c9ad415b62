// From `loadBalancer` to a cluster's BalancePolicy, with what has to be said about settings that
// cannot do what they were written for.
// Locality acts as in Istio: shares always, priorities only beside outlierDetection, for without it
// no endpoint is ever known to be down.
internal import Spec

extension ClusterBuilder {
    /// Least request where nothing is said (Istio's default), and where PASSTHROUGH has nothing to
    /// go by: `original` is asked first.
    static func balancing(_ settings: LoadBalancerSettings?) -> Cluster.LoadBalancing {
        if settings?.consistentHash?.key != nil {
            if case .maglev = settings?.consistentHash?.algorithm { return .maglev }
            return .ringHash
        }
        return switch settings?.simple {
        case .roundRobin: .roundRobin
        case .random: .random
        case nil, .unspecified, .leastRequest, .leastConnections, .passthrough: .leastRequest
        }
    }

    static func proxyHeader(_ version: TrafficPolicy.ProxyProtocolVersion?) -> ProxyHeader? {
        switch version {
        case nil: nil
        case .v1: .v1
        case .v2: .v2
        }
    }

    /// Nil where nothing but the order of choice is said.
    mutating func balance(
        _ members: [Endpoint], _ policy: TrafficPolicy.Blocks?, of key: ClusterKey,
        _ rule: MergedRule?, old: Cluster?
    ) -> BalancePolicy? {
        let settings = policy?.loadBalancer
        tellOfBalancing(settings, policy, key, rule)
        let hash = Self.hash(settings?.consistentHash)
        let warmup = Self.warmup(settings)
        let panic = UInt32(clamping: policy?.outlierDetection?.minHealthPercent ?? 0)
        let plan = plan(members, settings, hasOutlierDetection: policy?.outlierDetection != nil)
        if plan.ordering == .distribute, plan.priorities.isEmpty, !members.isEmpty {
            tellOfNobody(key, rule, settings)
        }
        guard plan.ordering != nil || hash != nil || warmup != nil || panic > 0 else { return nil }
        let sketch = BalancePolicy(
            priorities: plan.levels(members, nil), ordering: plan.ordering, hash: hash,
            warmup: warmup, panicPercent: panic)
        // A table costs memory and time: the one there is serves on as long as it is right.
        if let old, let before = old.balance, before.isSame(as: sketch),
            Self.hashAlike(old.endpoints, members)
        {
            return before
        }
        guard let hash else { return sketch }
        return BalancePolicy(
            priorities: plan.levels(members, hash.algorithm), ordering: plan.ordering, hash: hash,
            warmup: warmup, panicPercent: panic)
    }

    private func plan(
        _ members: [Endpoint], _ settings: LoadBalancerSettings?, hasOutlierDetection: Bool
    ) -> PriorityPlan {
        let place = Locality(security.node.locality)
        if let zones = settings?.zoneAwareLbSetting {
            guard zones.enabled != false, !place.isUnknown else { return PriorityPlan(members) }
            return PriorityPlan(
                members, from: place, labels: security.node.labels, zones,
                // Envoy's ring and Maglev know no zones.
                callers: settings?.consistentHash?.key == nil ? callers : [])
        }
        let setting = settings?.localityLbSetting ?? LoadBalancerSettings.LocalitySetting()
        guard setting.enabled != false else { return PriorityPlan(members) }
        if !setting.distribute.isEmpty {
            return PriorityPlan(members, from: place, distributing: setting.distribute)
                ?? PriorityPlan(members)
        }
        guard hasOutlierDetection else { return PriorityPlan(members) }
        return PriorityPlan(members, from: place, labels: security.node.labels, setting)
    }

    private static func hash(
        _ settings: LoadBalancerSettings.ConsistentHash?
    ) -> BalancePolicy.HashSettings? {
        guard let settings, let written = settings.key else { return nil }
        let key: HashKey =
            switch written {
            case .header(let name): .header(Array(name.lowercased().utf8))
            case .cookie(let cookie): .cookie(Self.cookie(cookie))
            case .sourceIP: .sourceAddress
            case .queryParameter(let name): .queryParameter(Array(name.utf8))
            }
        let algorithm: HashTable.Algorithm =
            switch settings.algorithm {
            // 0 counts as nothing said (ApplyRingHashLoadBalancer).
            case nil, .ringHash(0): .ring(minimumSize: 1024)
            case .ringHash(let size): .ring(minimumSize: size)
            case .maglev(let size): .maglev(size: size)
            }
        return BalancePolicy.HashSettings(key: key, algorithm: algorithm)
    }

    /// The order is Envoy's (makeSetCookieValue).
    private static func cookie(_ cookie: LoadBalancerSettings.ConsistentHash.Cookie) -> HashCookie {
        guard let ttl = cookie.ttl else {
            return HashCookie(name: Array(cookie.name.utf8), attributes: nil)
        }
        var text = ""
        // RFC 6265 section 5.2.2 knows whole seconds; zero is a cookie of the session.
        if ttl.components.seconds > 0 { text += "; Max-Age=\(ttl.components.seconds)" }
        if !cookie.path.isEmpty { text += "; Path=\(cookie.path)" }
        for attribute in cookie.attributes {
            text += "; \(attribute.name)"
            if !attribute.value.isEmpty { text += "=\(attribute.value)" }
        }
        text += "; HttpOnly"
        return HashCookie(name: Array(cookie.name.utf8), attributes: Array(text.utf8))
    }

    private static func warmup(_ settings: LoadBalancerSettings?) -> BalancePolicy.Warmup? {
        guard let warmup = settings?.warmup, let duration = warmup.duration else { return nil }
        return BalancePolicy.Warmup(
            durationMs: UInt64(milliseconds(duration)),
            minimumShare: (warmup.minimumPercent ?? 10) / 100,
            aggression: warmup.aggression ?? 1)
    }

    /// Alike in all that a table is made of.
    private static func hashAlike(_ old: [Endpoint], _ new: [Endpoint]) -> Bool {
        old.count == new.count
            && zip(old, new).allSatisfy {
                $0 === $1
                    || $0.address == $1.address && $0.port == $1.port && $0.weight == $1.weight
            }
    }
}

extension ClusterBuilder {
    private mutating func tellOfBalancing(
        _ settings: LoadBalancerSettings?, _ policy: TrafficPolicy.Blocks?, _ key: ClusterKey,
        _ rule: MergedRule?
    ) {
        guard let settings, let object = rule?.rules.first else { return }
        if Self.passesThrough(settings), security.node.capture == nil {
            findings.report(
                .warning, object, at: settings.position, "spec.trafficPolicy.loadBalancer.simple",
                "PASSTHROUGH sends to the address that the client dialled, and no connection is "
                    + "captured here: \(key.host) is balanced by LEAST_REQUEST",
                advice: "write LEAST_REQUEST")
        }
        tellOfZones(settings, key, object)
        guard let setting = settings.localityLbSetting, setting.enabled != false else { return }
        let path = "spec.trafficPolicy.loadBalancer.localityLbSetting"
        let isOrdered = !setting.failover.isEmpty || !setting.failoverPriority.isEmpty
        if isOrdered, policy?.outlierDetection == nil {
            findings.report(
                .warning, object, at: setting.position, path,
                "failover without outlierDetection: nobody is ever known to be down, so all "
                    + "endpoints of \(key.host) are asked alike",
                advice: "add outlierDetection beside loadBalancer")
        }
        let needsPlace = !setting.distribute.isEmpty || !setting.failover.isEmpty
        if needsPlace, Locality(security.node.locality).isUnknown,
            !setting.distribute.contains(where: { $0.from.hasPrefix("*") })
        {
            findings.report(
                .warning, object, at: setting.position, path,
                "this proxy does not know its own place: all endpoints of \(key.host) are asked "
                    + "alike",
                advice: placeAdvice)
        }
    }

    private mutating func tellOfZones(
        _ settings: LoadBalancerSettings, _ key: ClusterKey, _ object: DestinationRule
    ) {
        guard let zones = settings.zoneAwareLbSetting, zones.enabled != false else { return }
        let path = "spec.trafficPolicy.loadBalancer.zoneAwareLbSetting"
        let place = Locality(security.node.locality)
        if place.isUnknown {
            findings.report(
                .warning, object, at: zones.position, path,
                "this proxy does not know its own place: all endpoints of \(key.host) are asked "
                    + "alike", advice: placeAdvice)
        } else if !callers.contains(place) {
            findings.report(
                .warning, object, at: zones.position, path,
                "nobody is known to call \(key.host) from \(place.text): the endpoints of this "
                    + "region are asked alike",
                advice: "describe this proxy's own service, with a workload in every place it "
                    + "calls from")
        }
    }

    private var placeAdvice: String {
        security.node.role == .gateway
            ? "start it with --locality region/zone"
            : "write `locality` at its WorkloadEntry, or start it with --locality"
    }

    private mutating func tellOfNobody(
        _ key: ClusterKey, _ rule: MergedRule?, _ settings: LoadBalancerSettings?
    ) {
        guard let object = rule?.rules.first, let setting = settings?.localityLbSetting else {
            return
        }
        findings.report(
            .warning, object, at: setting.position,
            "spec.trafficPolicy.loadBalancer.localityLbSetting.distribute",
            "no endpoint of \(key.host) stands in a place that gets a share: its requests get "
                + "503 UH",
            advice: "compare the places under `to` with the endpoints' `locality`")
    }
}
