// The clusters that routes refer to, numbered in the order in which they are first needed.
// Only what some route names becomes a cluster: a thousand services that this proxy never calls
// cost it nothing.
internal import Spec

/// What a cluster is, apart from its endpoints and policy: enough to build it anew when only those
/// changed.
struct ClusterKey: Sendable, Hashable {
    enum Use: Sendable, Hashable {
        /// Requests and connections to a service.
        case outbound
        /// Connections that are encrypted already and named the cluster by SNI (AUTO_PASSTHROUGH):
        /// nothing is added to them.
        case passthrough
        /// To the workload this proxy stands beside.
        case inbound(InboundTarget)
        /// What no object describes, to where it was meant to go; the host is the cluster's name.
        case original(Origin)
        /// What no object describes and no policy allows; the host is the cluster's name.
        case blackHole(Origin)
    }

    var host: String
    var namespace: String
    var port: UInt16
    var subset: String
    var use = Use.outbound

    /// Envoy's name, as Istio forms it.
    var name: String {
        switch use {
        case .outbound: Self.name(host: host, port: port, subset: subset)
        case .passthrough: Self.serverName(host: host, port: port, subset: subset)
        case .inbound: "inbound|\(port)||"
        case .original, .blackHole: host
        }
    }

    static func name(host: String, port: UInt16, subset: String) -> String {
        "outbound|\(port)|\(subset)|\(host)"
    }

    /// What a client of the mesh asks for by SNI, and what AUTO_PASSTHROUGH is routed by.
    static func serverName(host: String, port: UInt16, subset: String) -> String {
        "outbound_.\(port)_.\(subset)_.\(host)"
    }
}

/// Where the workload behind a sidecar's port answers.
struct InboundTarget: Sendable, Hashable {
    /// An IP literal, or `unix:///path`.
    var address: String
    /// 0 for unix sockets.
    var port: UInt16
    /// Of the port.
    var protocolName: PortProtocol
    /// What metrics call the service; empty where the port belongs to none.
    var serviceName: String
    /// The port of that service; 0 where the port belongs to none.
    var servicePort: UInt16
    /// What a Sidecar says of connections to it; nil leaves it to DestinationRules.
    var pool: Pool?
    var origin: Origin

    struct Pool: Sendable, Hashable {
        let connectTimeoutMs: UInt32
        let policy: PoolPolicy?
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
