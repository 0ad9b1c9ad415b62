// A place as Istio writes it, `region/zone/subzone`, and how near two places are to each other.
// Parts that are left out are empty, and empty parts are alike: whoever says nothing is nowhere.
internal import Spec

struct Locality: Sendable, Hashable {
    var region = ""
    var zone = ""
    var subzone = ""

    /// Everything behind the second slash is the subzone (Istio SplitLocalityLabel).
    init(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        region = parts.isEmpty ? "" : String(parts[0])
        zone = parts.count > 1 ? String(parts[1]) : ""
        subzone = parts.count > 2 ? String(parts[2]) : ""
    }

    init() {}

    /// What an EndpointSlice knows.
    init(zone: String) {
        self.zone = zone
    }

    /// Of a WorkloadEntry, or of one of a ServiceEntry's `endpoints`.
    init(of endpoint: WorkloadEndpoint, labels: [String: String]) {
        self = endpoint.locality.isEmpty ? Locality(labels: labels) : Locality(endpoint.locality)
    }

    /// A pod's node is not known here, so the pod's own labels have to tell.
    init(of pod: Pod) {
        self.init(labels: pod.metadata.labels)
    }

    /// `istio-locality: region.zone.subzone`, where dots stand for slashes that labels may not
    /// have; else the topology labels.
    private init(labels: [String: String]) {
        for name in ["topology.istio.io/locality", "istio-locality"] {
            guard let text = labels[name], !text.isEmpty else { continue }
            self = Locality(text.contains("/") ? text : String(text.map { $0 == "." ? "/" : $0 }))
            return
        }
        self.init()
        region = labels["topology.kubernetes.io/region"] ?? ""
        zone = labels["topology.kubernetes.io/zone"] ?? ""
        subzone = labels["topology.istio.io/subzone"] ?? ""
    }

    /// `region/zone/subzone` as far as it is known.
    var text: String {
        if !subzone.isEmpty { return "\(region)/\(zone)/\(subzone)" }
        return zone.isEmpty ? region : "\(region)/\(zone)"
    }

    var isUnknown: Bool { region.isEmpty && zone.isEmpty && subzone.isEmpty }

    /// 0 in the same subzone, 1 in the same zone, 2 in the same region, 3 elsewhere (LbPriority).
    func distance(to other: Locality) -> Int {
        if region != other.region { return 3 }
        if zone != other.zone { return 2 }
        return subzone == other.subzone ? 0 : 1
    }

    /// Whether a rule's `region/zone/*` takes this place; parts left out take any (LocalityMatch).
    func fits(_ rule: String) -> Bool {
        let rule = Locality(rule)
        return (rule.region == "*" || region == rule.region)
            && (rule.zone == "*" || rule.zone.isEmpty || zone == rule.zone)
            && (rule.subzone == "*" || rule.subzone.isEmpty || subzone == rule.subzone)
    }

    /// The labels that say the same, which `failoverPriority` and subsets may name (Istio
    /// AugmentLabels).
    func labels(added labels: [String: String]) -> [String: String] {
        guard !isUnknown else { return labels }
        var labels = labels
        let parts = [
            ("topology.kubernetes.io/region", region), ("topology.kubernetes.io/zone", zone),
            ("topology.istio.io/subzone", subzone),
        ]
        for (name, value) in parts where !value.isEmpty { labels[name] = value }
        return labels
    }
}
