// One host that requests have named: its name, and the endpoint it is as long as DNS knows it.
// Every address is looked at before it is dialled, and an answer that leads inside leads nowhere.
import Mesh
import Net

final class DynamicHost {
    let name: CachedName
    let port: UInt16
    /// As the request wrote it that came first.
    private let written: [UInt8]
    private(set) var endpoint: EndpointState?
    /// What the endpoint's addresses were made of.
    private var answer: [SocketAddress] = []
    /// Of these addresses, one that must not be dialled.
    private var prohibited: SocketAddress?

    init(_ name: CachedName, written: [UInt8], port: UInt16) {
        self.name = name
        self.written = written
        self.port = port
    }

    func isWritten(_ bytes: ByteView) -> Bool { written.withView(bytes.equalsIgnoringCase) }

    /// What is known of it now; its name was asked for.
    func call(_ settings: DynamicHosts, in cluster: ClusterState) -> DynamicHostTable.Finding {
        if name.addresses != answer || endpoint == nil { learn(settings, in: cluster) }
        if !answer.isEmpty, let endpoint {
            return endpoint.isEjected ? .failed(.leftOut) : .host(endpoint)
        }
        if let prohibited {
            let called = CalledName(text: name.text, isLiteral: name.isLiteral)
            return .failed(.prohibited(prohibited, name: called))
        }
        return .failed(.unresolved(name.problem ?? .noAddress, settings))
    }

    /// What calls are like has changed, or which addresses may be dialled.
    func adopt(_ settings: DynamicHosts) {
        answer = []
        endpoint?.adopt(Self.endpoint(settings.template, named: name.text, port: port))
    }

    private func learn(_ settings: DynamicHosts, in cluster: ClusterState) {
        answer = name.addresses
        let all = answer.map { $0.with(port: port) }
        let open = all.filter { settings.prohibits($0) == nil }
        prohibited = open.isEmpty ? all.first : nil
        guard let first = open.first else {
            endpoint?.retire()
            endpoint = nil
            return
        }
        let state =
            endpoint
            ?? EndpointState(
                Self.endpoint(settings.template, named: name.text, port: port), address: first,
                cluster: cluster)
        // Workers begin at different places, or all would go to the same server first.
        let start = Int(cluster.worker.random.below(UInt32(open.count)))
        state.adopt(AddressRotation(open, startingAt: start))
        state.enterLimits()
        state.enterHealth()
        endpoint = state
    }

    private static func endpoint(
        _ template: Endpoint, named name: String, port: UInt16
    ) -> Endpoint {
        Endpoint(
            address: name, isName: true, port: port, weight: 1, locality: "", labels: [:],
            workload: template.workload, tls: template.tls, origin: template.origin)
    }
}

extension EndpointState {
    /// It is a host that requests named.
    var isDynamic: Bool { endpoint.isName && cluster.dynamic != nil }

    /// Whether a connection to it would arrive where this caller's did, and be sent on there, over
    /// and over: whoever answers for a name may say our own address.
    func leadsBack(to called: @autoclosure () -> SocketAddress?) -> Bool {
        guard isDynamic, let called = called() else { return false }
        return rotation?.addresses.contains(called) == true
    }
}

extension DynamicHosts {
    /// Why an address is not dialled for a name; nil where it may be.
    func prohibits(_ address: SocketAddress) -> AddressHazard? {
        guard let hazard = address.hazard else { return nil }
        switch address {
        case .v4(let bits, let port):
            let block = AddressBlock.v4(bits)
            return excepts(block.high, block.low, port: port) ? nil : hazard
        case .v6(let high, let low, let port):
            return excepts(high, low, port: port) ? nil : hazard
        case .unix: return hazard
        }
    }
}
