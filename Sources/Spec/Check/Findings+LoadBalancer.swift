// Checks balancing settings as Istio does (validateLoadBalancer, validateLocalityLbSetting).
// Envoy's own bounds on tables and rings are among the rules, since Istio hands them through.

extension Findings {
    mutating func check(_ balancer: LoadBalancerSettings) {
        if let hash = balancer.consistentHash {
            enter("consistentHash")
            if balancer.simple != nil {
                error(message: "both `simple` and `consistentHash`", advice: "keep one of them")
            }
            check(hash)
            leave()
        }
        if let setting = balancer.localityLbSetting {
            enter("localityLbSetting")
            check(setting)
            if balancer.zoneAwareLbSetting != nil {
                error(
                    message: "both `localityLbSetting` and `zoneAwareLbSetting`",
                    advice: "keep one of them")
            }
            leave()
        }
        if let setting = balancer.zoneAwareLbSetting {
            enter("zoneAwareLbSetting")
            check(failover: setting.failover)
            leave()
        }
        if let warmup = balancer.warmup {
            enter("warmup")
            check(warmup, with: balancer)
            leave()
        }
    }

    private mutating func check(_ hash: LoadBalancerSettings.ConsistentHash) {
        switch hash.key {
        case nil:
            error(
                message: "nothing to hash",
                advice: "write httpHeaderName, httpCookie, useSourceIp or httpQueryParameterName")
        case .header(let name) where !NameSyntax.isToken(name):
            error(
                .field("httpHeaderName"), message: "`\(name)` cannot be the name of a header",
                advice: "use letters, digits and dashes")
        case .queryParameter(""):
            error(.field("httpQueryParameterName"), message: "a parameter without a name")
        default: break
        }
        // Envoy's table must be a prime number, and it refuses larger ones.
        if case .maglev(let size) = hash.algorithm, size > 5_000_011 || !Self.isPrime(size) {
            error(
                .field("maglev"), .field("tableSize"), message: "\(size) is no size for a table",
                advice: "write a prime up to 5000011, such as 65537")
        }
        if case .ringHash(let size) = hash.algorithm, size > 8_388_608 {
            error(
                .field("ringHash"), message: "\(size) is no size for a ring",
                advice: "at most 8388608 are allowed")
        }
    }

    private static func isPrime(_ number: UInt64) -> Bool {
        guard number > 1 else { return false }
        var divisor: UInt64 = 2
        while divisor * divisor <= number {
            if number.isMultiple(of: divisor) { return false }
            divisor += 1
        }
        return true
    }

    private mutating func check(_ setting: LoadBalancerSettings.LocalitySetting) {
        let ways = [
            !setting.distribute.isEmpty, !setting.failover.isEmpty,
            !setting.failoverPriority.isEmpty,
        ].count { $0 }
        if ways > 1 {
            error(
                message: "more than one of distribute, failover and failoverPriority",
                advice: "keep one of them")
        }
        for (index, distribute) in setting.distribute.enumerated() {
            enter("distribute", index)
            check(locality: distribute.from, at: .field("from"))
            for share in distribute.to {
                check(locality: share.locality, at: .field("to"))
                if !(1...100).contains(share.percent) {
                    error(
                        .field("to"), .field(share.locality),
                        message: "\(share.percent) is no share", advice: "1 to 100 are allowed")
                }
            }
            let total = distribute.to.reduce(0) { $0 + UInt64($1.percent) }
            if total != 100 {
                error(
                    .field("to"), message: "the shares add up to \(total)",
                    advice: "they have to add up to 100")
            }
            leave()
        }
        check(failover: setting.failover)
    }

    private mutating func check(failover: [LoadBalancerSettings.Failover]) {
        for (index, entry) in failover.enumerated() {
            enter("failover", index)
            if entry.from.isEmpty || entry.to.isEmpty {
                error(message: "a failover needs `from` and `to`", advice: "write both")
            } else if entry.from == entry.to {
                error(
                    message: "a failover from `\(entry.from)` to itself",
                    advice: "write another region under `to`")
            }
            for (field, region) in [("from", entry.from), ("to", entry.to)]
            where region.contains("/") || region.contains("*") {
                error(
                    .field(field), message: "`\(region)` is more than a region",
                    advice: "write the region alone")
            }
            leave()
        }
    }

    private mutating func check(locality: String, at step: PathStep) {
        let parts = locality.split(separator: "/", omittingEmptySubsequences: false)
        let starsInside = parts.dropLast().contains { $0.contains("*") }
        let oddStar = parts.last.map { $0.contains("*") && $0 != "*" } ?? false
        if parts.isEmpty || parts.count > 3 || parts.contains("") || starsInside || oddStar {
            error(
                step, message: "`\(locality)` is no place",
                advice:
                    "write region, region/zone or region/zone/subzone, with `*` at the end alone")
        }
    }

    private mutating func check(
        _ warmup: LoadBalancerSettings.Warmup, with balancer: LoadBalancerSettings
    ) {
        if warmup.duration == nil {
            error(message: "a warm-up without `duration`", advice: "write it, such as 30s")
        }
        let isPossible =
            switch balancer.simple {
            case .random, .passthrough: false
            default: balancer.consistentHash == nil
            }
        if !isPossible {
            error(
                message: "warm-up works with ROUND_ROBIN and LEAST_REQUEST alone",
                advice: "remove it, or balance in one of these ways")
        }
        if let percent = warmup.minimumPercent, !(0...100).contains(percent) {
            error(
                .field("minimumPercent"), message: "\(percent) is no percentage",
                advice: "0 to 100 are allowed")
        }
        if let aggression = warmup.aggression, aggression < 1 {
            error(
                .field("aggression"), message: "an aggression of \(aggression)",
                advice: "1.0 or more is allowed")
        }
    }
}
