// A client of an inbound listener as metrics tell it apart from others: by its identity.
// One object for all its connections on a worker, so that a request finds its series by comparing
// small numbers, as requests that go out do at their endpoint.
import Mesh
import PKI
import Telemetry

final class Caller {
    /// The client; its principal is empty in the clear.
    let source: IstioLabels.Peer
    /// What this proxy has shown it; empty in the clear.
    let ownPrincipal: String
    var isMutual: Bool { !ownPrincipal.isEmpty }
    var series: ContiguousArray<SeriesEntry> = []

    struct SeriesEntry {
        let endpoint: EndpointState
        let status: UInt16
        let flags: ResponseFlags
        let series: RequestSeries
    }

    /// Series remembered for one caller; beyond that they are looked up.
    static let seriesMax = 64

    init(_ source: IstioLabels.Peer, ownPrincipal: String) {
        self.source = source
        self.ownPrincipal = ownPrincipal
    }
}

extension Worker {
    /// Callers kept for connections to come; those of open connections live with them.
    private static let callersMax = 1024

    /// - Parameters:
    ///   - principal: the client's URI, empty for none.
    ///   - own: what this side has shown.
    func caller(
        _ principal: String, _ workload: SPIFFEID?, own: String, on listener: Listener
    ) -> Caller {
        guard listener.direction == .inbound, !principal.isEmpty else { return anonymousCaller }
        let key = principal + " " + own
        if let known = callers[key] { return known }
        if callers.count >= Self.callersMax { callers.removeAll() }
        let caller = Caller(peer(principal, workload), ownPrincipal: own)
        callers[key] = caller
        return caller
    }

    /// What its identity says of a client, `/ns/<namespace>/sa/<service account>`, and what the
    /// workloads of that service account agree in, as far as this proxy knows of them.
    private func peer(_ principal: String, _ workload: SPIFFEID?) -> IstioLabels.Peer {
        var peer = IstioLabels.Peer()
        peer.principal = principal
        guard let segments = workload?.segments, segments.count == 4, segments[0] == "ns",
            segments[2] == "sa"
        else { return peer }
        peer.workloadNamespace = segments[1]
        var found: Set<Workload> = []
        for cluster in snapshot.clusters {
            for endpoint in cluster.endpoints
            where endpoint.workload.serviceAccount == segments[3]
                && endpoint.workload.namespace == segments[1]
            {
                found.insert(endpoint.workload)
            }
        }
        peer.workload = found.agreement(\.name)
        peer.app = found.agreement(\.app)
        peer.version = found.agreement(\.version)
        peer.canonicalService = found.agreement(\.canonicalService)
        peer.canonicalRevision = found.agreement(\.canonicalRevision)
        return peer
    }
}

extension Set<Workload> {
    /// What all of them have there; empty where they differ.
    fileprivate func agreement(_ field: KeyPath<Workload, String>) -> String {
        guard let value = first?[keyPath: field] else { return "" }
        return allSatisfy { $0[keyPath: field] == value } ? value : ""
    }
}
