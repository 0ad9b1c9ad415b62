// Clusters whose endpoints are host names: how their addresses are found at run time.
// Names are not resolved here: a compile is the same whatever DNS says, and an answer that changes
// every few seconds compiles nothing anew.
internal import Spec

extension ClusterBuilder {
    /// One name of entries that all say DNS_ROUND_ROBIN is one endpoint; everything else that has a
    /// name in it has as many endpoints as addresses.
    static func discovery(of members: [Endpoint], _ service: RegisteredService) -> Cluster.Discovery
    {
        guard members.contains(where: \.isName) else { return .fixed }
        if members.count == 1, case .entries(let entries) = service.description,
            entries.allSatisfy({ $0.resolution == .dnsRoundRobin })
        {
            return .oneAddress
        }
        return .allAddresses
    }

    /// Why an entry has no endpoint, and what to write.
    mutating func tellOfNothing(_ entry: ServiceEntry, _ key: ClusterKey) {
        let answer = "its requests get 503 UH"
        switch entry.resolution {
        case .none:
            findings.report(
                .warning, entry, "spec.resolution",
                "resolution NONE sends requests where they were going, which only a proxy that "
                    + "packets are captured for knows: \(key.host) has no endpoints and \(answer)",
                advice: "write DNS, or STATIC with IP addresses")
        case .dynamicDNS:
            findings.report(
                .warning, entry, "spec.resolution",
                "resolution DYNAMIC_DNS stands beside another entry for \(key.host) that has "
                    + "addresses of its own: it does not act, and \(answer)",
                advice: "keep one of the entries, or give both one resolution")
        case .fixed, .dns, .dnsRoundRobin:
            findings.report(
                .warning, entry, "spec.endpoints",
                "nothing stands behind port \(key.port) of \(key.host): \(answer)",
                advice: "add endpoints, or workloads that fit its selector")
        }
    }
}
