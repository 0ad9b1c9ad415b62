// What a worker knows about the endpoints it has used, for the pages people read.
// A copy, made when somebody asks: the request path pays for counting and for nothing else.
public import Mesh
import Synchronization

/// One endpoint of one cluster, as one worker sees it.
public struct EndpointReport: Sendable {
    /// `outbound|80||host`
    public let cluster: String
    /// The object of the snapshot that the worker serves by.
    public let endpoint: Endpoint
    /// `10.0.0.1:80`; where the endpoint is a name, the address it stands for (`DNS`), or the name
    /// (`DNS_ROUND_ROBIN`).
    public let address: String
    public let requestsActive: UInt64
    public let requestsTotal: UInt64
    /// Answers of 500 and more, and requests that got none.
    public let errorsTotal: UInt64
    /// In use and pooled.
    public let connectionsActive: UInt64
    public let connectionsTotal: UInt64
    public let connectFailuresTotal: UInt64
    /// Left out now because of its errors, as this worker balances.
    public let isEjected: Bool
    /// Times it was left out, by whichever worker.
    public let ejectionsTotal: UInt64

    public init(
        cluster: String, endpoint: Endpoint, address: String, requestsActive: UInt64,
        requestsTotal: UInt64,
        errorsTotal: UInt64, connectionsActive: UInt64, connectionsTotal: UInt64,
        connectFailuresTotal: UInt64, isEjected: Bool = false, ejectionsTotal: UInt64 = 0
    ) {
        self.cluster = cluster
        self.endpoint = endpoint
        self.address = address
        self.requestsActive = requestsActive
        self.requestsTotal = requestsTotal
        self.errorsTotal = errorsTotal
        self.connectionsActive = connectionsActive
        self.connectionsTotal = connectionsTotal
        self.connectFailuresTotal = connectFailuresTotal
        self.isEjected = isEjected
        self.ejectionsTotal = ejectionsTotal
    }
}

extension Worker {
    /// The endpoints of clusters that had a request; call on the loop's thread.
    public func endpointReports() -> [EndpointReport] {
        var reports: [EndpointReport] = []
        for cluster in clusters {
            guard let cluster else { continue }
            for state in cluster.calledEndpoints {
                let active = UInt64(max(0, state.activeRequests))
                reports.append(
                    EndpointReport(
                        cluster: cluster.cluster.name, endpoint: state.endpoint,
                        address: cluster.cluster.discovery == .allAddresses
                            ? "\(state.address)" : state.endpoint.addressText,
                        requestsActive: active,
                        requestsTotal: state.requestsTotal, errorsTotal: state.errorsTotal,
                        connectionsActive: UInt64(max(0, state.openConnections)),
                        connectionsTotal: state.connectionsTotal,
                        connectFailuresTotal: state.connectFailuresTotal,
                        isEjected: state.isEjected,
                        ejectionsTotal: state.health?.ejectionsTotal.load(ordering: .relaxed)
                            ?? 0))
            }
        }
        return reports
    }
}
