// How one of a destination's endpoints is chosen, in words: keys, places, warm-up.
// Only what a rule says is told; that requests are spread at all goes without saying.

extension Explainer {
    func balanceSteps(_ cluster: Cluster?) -> [String] {
        guard let balance = cluster?.balance else { return [] }
        var steps: [String] = []
        if let hash = balance.hash {
            steps.append("by \(hash.key.text): each key has one endpoint (\(hash.algorithm.text))")
        }
        // Where a sidecar stands its workload says, which only the compiler has looked up.
        let own = snapshot.routing.inputs?.node.locality ?? ""
        let place = own.isEmpty ? "nowhere in particular" : own
        switch balance.ordering {
        case nil: break
        case .distribute: steps.append("shares by place, from \(place)")
        case .failover(let region):
            let standIn = region.map { ", then region \($0)" } ?? ""
            steps.append("the nearest to \(place) first\(standIn); others as these fail")
        case .zones(let region):
            let standIn = region.map { ", then region \($0)" } ?? ""
            let isDivided = balance.priorities.contains { $0.zones != nil }
            steps.append(
                isDivided
                    ? "\(place) first, as much as its endpoints can bear\(standIn); others as "
                        + "these fail"
                    : "the region of \(place) first\(standIn); others as these fail")
        case .labels(let names):
            steps.append(
                "those alike in \(names.joined(separator: ", ")) first; others as these fail")
        }
        if let warmup = balance.warmup {
            steps.append("who joins warms up for \(warmup.durationMs) ms")
        }
        if balance.panicPercent > 0 {
            steps.append("with fewer than \(balance.panicPercent)% available, all are asked")
        }
        return steps
    }

    /// `priority 1, eu/west/b`; nil where endpoints stand together.
    func standing(of endpoint: Endpoint, in cluster: Cluster) -> String? {
        guard let balance = cluster.balance, let ordering = balance.ordering else { return nil }
        let place = endpoint.locality.isEmpty ? "" : ", \(endpoint.locality)"
        let priority = cluster.priority(of: endpoint)
        if priority >= balance.priorities.count { return "never asked\(place)" }
        return ordering == .distribute
            ? "has a share\(place)" : "priority \(priority)\(place)"
    }
}

extension HashKey {
    fileprivate var text: String {
        switch self {
        case .header(let name): "header \(String(decoding: name, as: UTF8.self))"
        case .cookie(let cookie): "cookie \(String(decoding: cookie.name, as: UTF8.self))"
        case .sourceAddress: "the client's address"
        case .queryParameter(let name):
            "query parameter \(String(decoding: name, as: UTF8.self))"
        }
    }
}

extension HashTable.Algorithm {
    fileprivate var text: String {
        switch self {
        case .ring(let size): "ring of \(size) points at least"
        case .maglev(let size): "Maglev table of \(size)"
        }
    }
}
