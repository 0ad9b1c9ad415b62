// One endpoint as one worker sees it: requests under way, and connections waiting for the next.
import Mesh
import Net
import Telemetry

final class EndpointState {
    private(set) var endpoint: Endpoint
    /// Where its connections go. Where it is a name (`DNS_ROUND_ROBIN`) they go to
    /// `latestAddress`, and this is what the cluster knows it by.
    let address: SocketAddress
    /// See EndpointState+Addresses.swift.
    var dialled: SocketAddress?
    /// Where there is a choice of addresses; nil: `address` alone.
    var rotation: AddressRotation?
    /// What the workers know it by together.
    let key: EndpointKey
    /// Strong: connections outlive the configuration that wanted them, and are counted when they
    /// end.
    let cluster: ClusterState
    var activeRequests = 0
    var requestsTotal: UInt64 = 0
    var errorsTotal: UInt64 = 0
    var connectionsTotal: UInt64 = 0
    var connectFailuresTotal: UInt64 = 0
    private(set) var isRetired = false
    /// Connecting, in use and pooled, on this worker.
    var openConnections = 0
    /// See EndpointState+Limits.swift.
    var limits: EndpointLimits?
    var line: EndpointLine?
    /// See EndpointState+Health.swift.
    var health: EndpointHealth?
    var isStarving = false
    /// Kept out of balancing for now; whoever changes it calls `cluster.healthChanged()`.
    var isEjected = false
    /// Its place in line, 0 the first; of clusters with a BalancePolicy.
    var priority = 0
    /// When it joined the cluster.
    var bornNs: UInt64
    /// One a name that was asked for; nearly always one. See EndpointState+Security.swift.
    var securities: ContiguousArray<UpstreamSecurity> = []
    /// Last in, first out: the connection used last is the least likely to be stale.
    private var idle: ContiguousArray<UpstreamConnection> = []
    /// HTTP/2 connections that are open, the latest last.
    private var multiplexed: ContiguousArray<H2UpstreamConnection> = []
    /// Series of answers by status and flags; nearly always the first one.
    var series: ContiguousArray<SeriesEntry> = []

    struct SeriesEntry {
        var status: UInt16
        var flags: ResponseFlags
        var isGRPC: Bool
        var grpcStatus: Int
        var series: RequestSeries
    }

    init(_ endpoint: Endpoint, address: SocketAddress, cluster: ClusterState) {
        self.endpoint = endpoint
        self.address = address
        self.cluster = cluster
        bornNs = cluster.worker.loop.nowNs
        key =
            if cluster.cluster.discovery == .oneAddress {
                .name
            } else if endpoint.isName, cluster.cluster.dynamic != nil {
                .host(endpoint.address, port: endpoint.port)
            } else {
                .address(address)
            }
    }

    func adopt(_ next: Endpoint) {
        if endpoint.workload != next.workload { series.removeAll() }
        let isSecuredAlike = UpstreamTLS.areSame(endpoint.tls, next.tls)
        endpoint = next
        if !isSecuredAlike {
            retireSecurities { _ in true }
            dropIdle()
        }
    }

    /// Pooled and waiting.
    var idleCount: Int { idle.count }

    /// One that is encrypted as `security` says; nil is for connections in the clear, of which
    /// an endpoint has all or none.
    func takeIdle(_ security: UpstreamSecurity?) -> UpstreamConnection? {
        guard let security else { return idle.popLast() }
        while let index = idle.lastIndex(where: { $0.security === security }) {
            let connection = idle.remove(at: index)
            if connection.peerIsValid { return connection }
            // Its certificate has ended meanwhile: whoever it is now has to show a new one.
            connection.closeIdle()
        }
        return nil
    }

    /// False when the connection is not wanted any more.
    func keepIdle(_ connection: UpstreamConnection) -> Bool {
        guard !isRetired, idle.count < cluster.worker.settings.limits.upstreamIdleConnectionsMax,
            connection.security.map({ !$0.isRetired }) ?? (endpoint.tls == nil),
            cluster.cluster.proxyHeader == nil, keepsConnections(to: connection.address)
        else { return false }
        idle.append(connection)
        return true
    }

    func removeIdle(_ connection: UpstreamConnection) {
        if let index = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: index) }
    }

    // MARK: - HTTP/2

    /// A connection that takes one more request: the one opened last, as earlier ones are full or
    /// about to end.
    func connectionWithRoom(_ security: UpstreamSecurity?) -> H2UpstreamConnection? {
        var index = multiplexed.count - 1
        while index >= 0 {
            if multiplexed[index].hasRoom(for: security) { return multiplexed[index] }
            index -= 1
        }
        return nil
    }

    /// Whether an HTTP/2 connection with room takes WebSocket (RFC 8441).
    func connectionForTunnel(_ security: UpstreamSecurity?) -> H2UpstreamConnection? {
        multiplexed.last { $0.takesExtendedConnect && $0.hasRoom(for: security) }
    }

    func add(_ connection: H2UpstreamConnection) {
        if isRetired { connection.retire() }
        multiplexed.append(connection)
    }

    func forget(_ connection: H2UpstreamConnection) {
        multiplexed.removeAll { $0 === connection }
    }

    /// Closes what idles encrypted in a way that is not wanted any more.
    func dropRetiredIdle() {
        for connection in multiplexed where connection.security?.isRetired == true {
            connection.retire()
        }
        let retired = idle.filter { $0.security?.isRetired == true }
        guard !retired.isEmpty else { return }
        idle.removeAll { $0.security?.isRetired == true }
        for connection in retired { connection.closeIdle() }
    }

    /// One pooled connection was stale, so its neighbours may be as well.
    func dropIdle() {
        let all = idle
        idle.removeAll()
        for connection in all { connection.closeIdle() }
        for connection in multiplexed { connection.retire() }
    }

    /// Closes what idles at addresses that are not wanted any more.
    func dropIdle(at isUnwanted: (SocketAddress) -> Bool) {
        for connection in multiplexed where isUnwanted(connection.address) { connection.retire() }
        let unwanted = idle.filter { isUnwanted($0.address) }
        guard !unwanted.isEmpty else { return }
        idle.removeAll { isUnwanted($0.address) }
        for connection in unwanted { connection.closeIdle() }
    }

    /// Another worker's requests wait here and it has no connection: one that idles is given up.
    func giveUpIdle() {
        guard !hasWaiting else { return }
        if let oldest = idle.first {
            idle.removeFirst()
            oldest.closeIdle()
        } else {
            multiplexed.first { $0.isIdle }?.retire()
        }
    }

    /// Makes room by closing a pooled connection that `security` cannot use.
    func dropIdle(notFor security: UpstreamSecurity?) -> Bool {
        guard let place = idle.firstIndex(where: { $0.security !== security }) else { return false }
        idle.remove(at: place).closeIdle()
        return true
    }

    /// No new requests come here.
    func retire() {
        isRetired = true
        leaveLimits()
        leaveHealth()
        dropIdle()
    }
}
