// The clusters that routes refer to, numbered in the order in which they are first needed.
// Only what some route names becomes a cluster: a thousand services that this proxy never calls
// cost it nothing.
internal import Spec

/// What a cluster is, apart from its endpoints and policy: enough to build it anew when only those
/// changed.
struct ClusterKey: Sendable, Hashable {
    var host: String
    var namespace: String
    var port: UInt16
    var subset: String

    /// Envoy's name, as Istio forms it.
    var name: String { Self.name(host: host, port: port, subset: subset) }

    static func name(host: String, port: UInt16, subset: String) -> String {
        "outbound|\(port)|\(subset)|\(host)"
    }
}

struct ClusterTable {
    private(set) var keys: [ClusterKey] = []
    private(set) var names: [String] = []
    private var places: [ClusterKey: Int] = [:]

    mutating func index(of key: ClusterKey) -> Int {
        if let place = places[key] { return place }
        places[key] = keys.count
        names.append(key.name)
        keys.append(key)
        return keys.count - 1
    }
}
