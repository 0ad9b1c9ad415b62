// One address and port to listen on, and the Gateway servers that share it.
internal import Spec

/// What a listener will be, before any route is made for it.
struct ListenerPlan {
    enum Speech {
        case http, forwardProxy, tcp, tls
    }

    /// A server of a Gateway that selects this proxy.
    struct Server {
        let gateway: Gateway
        /// `namespace/name`
        let gatewayName: String
        let index: Int
        let hosts: ServerHosts
        var server: Gateway.Server { gateway.servers[index] }
        var origin: Origin { Origin(gateway, at: server.position) }
    }

    let bind: String
    /// 0 for unix sockets.
    let boundPort: UInt16
    let declaredPort: UInt16
    let speech: Speech
    /// Istio's route table name: `http.80`, or `http.80.10.0.0.1` where `bind` is written.
    let routeTableName: String
    /// In the order of their Gateways; one for TCP, and for TLS no two with the same host.
    var servers: [Server]

    var name: String { "\(bind)_\(boundPort)" }
}
