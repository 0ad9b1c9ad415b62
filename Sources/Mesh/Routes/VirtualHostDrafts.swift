// The virtual hosts of one listener while they are put together.
// VirtualServices of one host add up in order; hosts that end up with the same routes share them.

struct VirtualHostDrafts {
    private struct Draft {
        var domain: String
        /// Numbers of the groups of routes, one a VirtualService and Gateway.
        var groups: [Int] = []
        var redirectsToHTTPS = false
    }

    private struct Likeness: Hashable {
        var groups: [Int]
        var redirectsToHTTPS: Bool
    }

    private var drafts: [Draft] = []
    private var places: [String: Int] = [:]
    private var groups: [[Route]] = []
    /// By group: how many domains it is bound to.
    private var domainCounts: [Int] = []

    init(expecting count: Int) {
        drafts.reserveCapacity(count)
        places.reserveCapacity(count)
        groups.reserveCapacity(count)
        domainCounts.reserveCapacity(count)
    }

    mutating func addGroup(_ routes: [Route]) -> Int {
        groups.append(routes)
        domainCounts.append(0)
        return groups.count - 1
    }

    mutating func bind(_ domain: String, to group: Int, redirectsToHTTPS: Bool) {
        let place = place(of: domain)
        if !drafts[place].groups.contains(group) {
            drafts[place].groups.append(group)
            domainCounts[group] += 1
        }
        if redirectsToHTTPS { drafts[place].redirectsToHTTPS = true }
    }

    /// A server with `httpsRedirect` redirects for its hosts even where no VirtualService is bound.
    mutating func redirect(_ domain: String) {
        drafts[place(of: domain)].redirectsToHTTPS = true
    }

    /// By name, so that the same configuration always gives the same table.
    func virtualHosts(port: UInt16) -> [VirtualHost] {
        var merged: [(domains: [String], draft: Draft)] = []
        merged.reserveCapacity(drafts.count)
        var known: [Likeness: Int] = [:]
        for draft in drafts.sorted(by: { $0.domain < $1.domain }) {
            // A group with one domain, as most are, is like no other draft.
            if draft.groups.count == 1, domainCounts[draft.groups[0]] == 1 {
                merged.append(([draft.domain], draft))
                continue
            }
            let likeness = Likeness(
                groups: draft.groups, redirectsToHTTPS: draft.redirectsToHTTPS)
            if let place = known[likeness] {
                merged[place].domains.append(draft.domain)
            } else {
                known[likeness] = merged.count
                merged.append(([draft.domain], draft))
            }
        }
        return merged.map { domains, draft in
            VirtualHost(
                name: "\(domains[0]):\(port)", domains: domains, routes: routes(of: draft),
                redirectsToHTTPS: draft.redirectsToHTTPS)
        }
    }

    /// Catch-alls go to the end, everything else stays (Istio SortVHostRoutes). One group alone
    /// ends with its catch-all already.
    private func routes(of draft: Draft) -> [Route] {
        if draft.groups.count == 1 { return groups[draft.groups[0]] }
        let all = draft.groups.flatMap { groups[$0] }
        return all.filter { !$0.isCatchAll } + all.filter(\.isCatchAll)
    }

    private mutating func place(of domain: String) -> Int {
        if let place = places[domain] { return place }
        places[domain] = drafts.count
        drafts.append(Draft(domain: domain))
        return drafts.count - 1
    }
}
