// The own region first and, in it, the own place as far as it goes: `zoneAwareLbSetting`.
// The division by region always holds; that by place needs to know who else calls.
internal import Spec

extension PriorityPlan {
    /// - Parameter callers: where the endpoints of the caller's own service stand; empty where it
    ///   is not known to have one.
    init(
        _ endpoints: [Endpoint], from place: Locality, labels: [String: String],
        _ setting: LoadBalancerSettings.ZoneAwareSetting, callers: [Locality]
    ) {
        let own = place.labels(added: labels)
        let region = setting.failover.first { $0.from == place.region }?.to
        var levels: [Int: [Int]] = [:]
        for (index, endpoint) in endpoints.enumerated() {
            let there = Locality(endpoint.locality).region
            // At most three distances, below what labels have decided.
            let distance = there == place.region ? 0 : there == region ? 1 : 2
            let rank =
                setting.failoverPriority.isEmpty
                ? 0 : Self.rank(endpoint, own, setting.failoverPriority)
            levels[rank * 3 + distance, default: []].append(index)
        }
        self.init(
            levels.keys.sorted().map { [EndpointGroup(members: levels[$0] ?? [])] },
            .zones(failover: region))
        guard let first = priorities.first?.first?.members else { return }
        let groups = Self.places(of: endpoints, first)
        let size = Int(clamping: setting.minClusterSize ?? 6)
        // Callers in other regions have endpoints of their own to call first.
        let near = callers.filter { $0.region == place.region }
        guard groups.count > 1, let home = groups.firstIndex(where: { $0.place == place }),
            near.contains(place)
        else { return }
        let shares = ZoneShares(
            own: home,
            callers: groups.map { group in
                UInt32(10_000 * near.count { $0 == group.place } / near.count)
            }, minimumSize: size)
        divide(groups.map { EndpointGroup(members: $0.members) }, by: shares)
    }
}
