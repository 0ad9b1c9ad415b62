// Which endpoints are asked first, and in which shares (Istio loadbalancer.go).
// Places and labels are compared with the proxy's own once, when compiling; what is left for the
// request path is numbers.
internal import Spec

struct PriorityPlan {
    /// By priority; none is empty.
    private(set) var priorities: [[EndpointGroup]]
    private(set) var ordering: BalancePolicy.Ordering?
    /// How the first level's groups share it; nil: by their weights.
    private(set) var zones: ZoneShares?

    init(_ priorities: [[EndpointGroup]], _ ordering: BalancePolicy.Ordering) {
        self.priorities = priorities
        self.ordering = ordering
    }

    /// Puts these in the first level's place.
    mutating func divide(_ groups: [EndpointGroup], by zones: ZoneShares) {
        priorities[0] = groups
        self.zones = zones
    }

    /// All stand together.
    init(_ endpoints: [Endpoint]) {
        priorities = endpoints.isEmpty ? [] : [[EndpointGroup(members: Array(endpoints.indices))]]
    }

    /// Shares by place. Nil where no `from` takes the proxy's.
    init?(
        _ endpoints: [Endpoint], from place: Locality,
        distributing rules: [LoadBalancerSettings.LocalitySetting.Distribute]
    ) {
        guard let rule = rules.first(where: { place.fits($0.from) }) else { return nil }
        var left = Self.places(of: endpoints)
        var groups: [EndpointGroup] = []
        for share in rule.to {
            let taken = left.filter { $0.place.fits(share.locality) }
            left.removeAll { $0.place.fits(share.locality) }
            // A wildcard's percentage is divided by what stands behind it.
            let total = taken.reduce(0) { $0 + Self.weight(of: $1.members, endpoints) }
            for entry in taken {
                let own = Self.weight(of: entry.members, endpoints) * UInt64(share.percent)
                let weight = UInt32(clamping: (own + total - 1) / total)
                groups.append(EndpointGroup(members: entry.members, weight: weight))
            }
        }
        // Places that no share names are not asked at all.
        priorities = groups.isEmpty ? [] : [groups]
        ordering = .distribute
    }

    /// The nearest first, as far as there are endpoints.
    init(
        _ endpoints: [Endpoint], from place: Locality, labels: [String: String],
        _ setting: LoadBalancerSettings.LocalitySetting
    ) {
        let own = place.labels(added: labels)
        let region = setting.failover.first { $0.from == place.region }?.to
        let byLabels = !setting.failoverPriority.isEmpty && !own.isEmpty
        let byPlace =
            !place.isUnknown && (setting.failoverPriority.isEmpty || !setting.failover.isEmpty)
        var levels: [Int: [Int]] = [:]
        for (index, endpoint) in endpoints.enumerated() {
            var priority = byLabels ? Self.rank(endpoint, own, setting.failoverPriority) : 0
            if byPlace {
                // At most five distances, below what labels have decided.
                priority = priority * 5 + Self.distance(endpoint, from: place, failover: region)
            }
            levels[priority, default: []].append(index)
        }
        priorities = levels.keys.sorted().map { [EndpointGroup(members: levels[$0] ?? [])] }
        guard priorities.count > 1 else { return }
        ordering = byLabels ? .labels(setting.failoverPriority) : .failover(to: region)
    }

    private static func distance(
        _ endpoint: Endpoint, from place: Locality, failover region: String?
    ) -> Int {
        let there = Locality(endpoint.locality)
        let distance = place.distance(to: there)
        guard distance == 3, let region else { return distance }
        return there.region == region ? 3 : 4
    }

    /// 0 where all labels are as the proxy's, or as written behind `=`; the earlier the first
    /// difference, the later the endpoint's turn.
    static func rank(
        _ endpoint: Endpoint, _ own: [String: String], _ wanted: [String]
    ) -> Int {
        let labels = Locality(endpoint.locality).labels(added: endpoint.labels)
        for (index, text) in wanted.enumerated() {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            let name = String(parts[0])
            let value = parts.count == 2 ? String(parts[1]) : own[name] ?? ""
            if value != labels[name] ?? "" { return wanted.count - index }
        }
        return 0
    }

    /// - Parameter indices: of those that are asked about; nil for all.
    static func places(
        of endpoints: [Endpoint], _ indices: [Int]? = nil
    ) -> [(place: Locality, members: [Int])] {
        var order: [Locality] = []
        var members: [Locality: [Int]] = [:]
        for index in indices ?? Array(endpoints.indices) {
            let place = Locality(endpoints[index].locality)
            if members[place] == nil { order.append(place) }
            members[place, default: []].append(index)
        }
        return order.map { ($0, members[$0] ?? []) }
    }

    private static func weight(of members: [Int], _ endpoints: [Endpoint]) -> UInt64 {
        members.reduce(0) { $0 + UInt64(endpoints[$1].weight) }
    }
}

extension PriorityPlan {
    /// The levels with their tables; without `algorithm` none has one.
    func levels(_ endpoints: [Endpoint], _ algorithm: HashTable.Algorithm?) -> [PriorityLevel] {
        priorities.enumerated().map { index, groups in
            PriorityLevel(
                groups: groups,
                table: algorithm.map { HashTable(Self.shares(groups, endpoints), $0) },
                zones: index == 0 ? zones : nil)
        }
    }

    /// What share of a level's keys each endpoint gets: its group's, by its weight there.
    private static func shares(_ groups: [EndpointGroup], _ endpoints: [Endpoint]) -> [HashMember] {
        let total = Double(groups.reduce(0) { $0 + UInt64($1.weight) })
        return groups.flatMap { group in
            let sum = Double(weight(of: group.members, endpoints))
            return group.members.map { place in
                HashMember(
                    place: place, name: endpoints[place].addressText,
                    share: Double(group.weight) / total * Double(endpoints[place].weight) / sum)
            }
        }
    }
}
