// Listeners of a sidecar's inbound side, as the compiler makes them from PeerAuthentication.
// Chain and handling are the compiler's own shapes; only the names are shorter.
import Mesh
import Net
import TLS
import Telemetry

@testable import Proxy

extension Plan {
    static let istioNames = [
        "istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2",
    ]

    static func termination(
        names: [String] = [], protocols: [String] = ["h2", "http/1.1"]
    ) -> TLSTermination {
        TLSTermination(
            credentials: [.workload], clientCA: .workload, clientCertificates: .required,
            subjectAltNames: names, applicationProtocols: protocols, origin: origin)
    }

    /// `plain`: PERMISSIVE; otherwise STRICT.
    static func inboundHTTP(
        to endpoint: SocketAddress, plain: Bool, names: [String] = []
    ) -> Plan {
        var plan = Plan.forwarding(to: [endpoint])
        plan.direction = .inbound
        plan.isSniffed = plain
        let host = VirtualHost(name: "inbound", domains: ["*"], routes: plan.routes)
        plan.chains = [
            FilterChain(
                name: "mesh", serverNames: ["*"], applicationProtocols: plain ? istioNames : [],
                handling: .terminateHTTP(
                    termination(names: names), RouteTable(name: "inbound", virtualHosts: [host])),
                origin: origin)
        ]
        return plan
    }

    static func inboundTCP(to endpoint: SocketAddress, plain: Bool) -> Plan {
        var plan = Plan()
        plan.direction = .inbound
        plan.clusters = [cluster("a", [endpoint])]
        plan.isTCP = true
        plan.isSniffed = plain
        let route = Mesh.TCPRoute(destinations: [destination(0)], origin: origin)
        plan.tcp = route
        plan.chains = [
            FilterChain(
                name: "mesh", serverNames: ["*"], applicationProtocols: plain ? istioNames : [],
                handling: .terminateTCP(termination(protocols: ["istio"]), route), origin: origin)
        ]
        if plain {
            plan.chains.append(
                FilterChain(
                    name: "through", serverNames: ["*"], handling: .passthrough(route),
                    origin: origin))
        }
        return plan
    }
}

extension MeshCertificates {
    /// What a server of the mesh is given.
    func server(_ workload: Workload, revoked: [Workload] = []) throws -> TLSServerSettings {
        var settings = TLSServerSettings(identities: [workload.identity])
        settings.clientCertificates = .required
        settings.clientCA = roots
        settings.applicationProtocols = ["h2", "http/1.1", "istio"]
        if !revoked.isEmpty { settings.revocations = try list(revoked) }
        return settings
    }
}

extension Rig {
    /// An inbound port with its certificates in place.
    static func inbound(
        _ make: (SocketAddress) -> Plan, _ certificates: MeshCertificates,
        as workload: MeshCertificates.Workload, limits: (inout ProxyLimits) -> Void = { _ in }
    ) throws -> Rig {
        let backend = try Backend()
        var settings = ProxySettings()
        settings.source.workload = "reviews-v1"
        limits(&settings.limits)
        let rig = try Rig(make(backend.address), backends: [backend], settings: settings)
        try rig.credentials(["mesh": try certificates.server(workload)])
        return rig
    }
}
