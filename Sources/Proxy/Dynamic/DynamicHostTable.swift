// The endpoints of a cluster that finds them by what requests name: each host with its port becomes
// one when it is first called, and leaves with its name.
// A request that finds its host here looks at nothing but bytes: no text is made and nobody asked.
import Mesh
import Net
import Telemetry

final class DynamicHostTable {
    /// What becomes of a call.
    enum Finding {
        case host(EndpointState)
        /// Its name is being asked for: `NameCache.wait` tells when.
        case asks(DynamicHost)
        case failed(DynamicHostFailure)
    }

    private(set) var settings: DynamicHosts
    private var isRetired = false
    private unowned let cluster: ClusterState
    /// By the hash of host and port; a host whose place is taken stands in the next.
    private var hosts: [UInt64: DynamicHost] = [:]
    /// Two names that share a hash are an accident.
    private static let placesMax: UInt64 = 4

    init(_ settings: DynamicHosts, of cluster: ClusterState) {
        self.settings = settings
        self.cluster = cluster
    }

    private var worker: Worker { cluster.worker }
    private var hasRoom: Bool {
        hosts.count < worker.settings.limits.calledEndpointsMax
    }

    var endpoints: [EndpointState] { hosts.values.compactMap(\.endpoint) }

    /// What calls are like has changed.
    func adopt(_ next: DynamicHosts) {
        settings = next
        for host in hosts.values {
            if !next.admits(host.name.text) || next.port.map({ $0 != host.port }) == true {
                remove { $0 === host }
            } else {
                host.adopt(next)
            }
        }
    }

    /// The cluster left the configuration; a request that waits for DNS still finds its host, whose
    /// connections nobody keeps.
    func retire() {
        isRetired = true
        remove { _ in true }
    }

    /// Its name is kept no longer.
    func forget(_ name: CachedName) { remove { $0.name === name } }

    private func remove(where isGone: (DynamicHost) -> Bool) {
        for host in hosts.values where isGone(host) { host.endpoint?.retire() }
        hosts = hosts.filter { !isGone($0.value) }
    }

    // MARK: - Calls

    /// - Parameters:
    ///   - written: the host as the request has it, without a port; brackets or not.
    ///   - port: of the request; what the cluster says comes before it.
    func find(_ written: ByteView, port: UInt16) -> Finding {
        let port = settings.port ?? port
        let host: DynamicHost
        switch known(written, port) {
        case .success(let found): host = found
        case .failure(let failure): return .failed(failure)
        }
        if worker.nameCache.use(host.name) == .asking { return .asks(host) }
        let finding = host.call(settings, in: cluster)
        // Whoever waited for the name holds the endpoint; kept here, it would keep the cluster.
        if isRetired { retire() }
        return finding
    }

    private func known(
        _ written: ByteView, _ port: UInt16
    ) -> Result<DynamicHost, DynamicHostFailure> {
        let first = worker.hash(ofHost: written, port: port)
        var free: UInt64?
        for step in 0..<Self.placesMax {
            guard let host = hosts[first &+ step] else {
                free = free ?? first &+ step
                continue
            }
            if host.port == port, host.isWritten(written) { return .success(host) }
        }
        guard let name = HostSyntax.canonical(written.array) else { return .failure(.badName) }
        guard settings.admits(name) else { return .failure(.notAdmitted(settings)) }
        guard let place = free, hasRoom || makeRoom(),
            let cached = worker.nameCache.name(name)
        else { return .failure(.overflow) }
        let host = DynamicHost(cached, written: written.array, port: port)
        hosts[place] = host
        return .success(host)
    }

    /// Hosts that are nowhere go first, then the one that nobody calls now and was called longest
    /// ago. False where all are being called.
    private func makeRoom() -> Bool {
        remove { $0.endpoint == nil }
        if hasRoom { return true }
        let idle = hosts.values.lazy.filter { $0.endpoint?.activeRequests == 0 }
        guard let last = idle.min(by: { $0.name.usedMs < $1.name.usedMs }) else { return false }
        remove { $0 === last }
        return hasRoom
    }
}

extension Worker {
    /// Of a host as requests write it, whatever the case, with a port.
    func hash(ofHost host: ByteView, port: UInt16) -> UInt64 {
        hashInput.removeAll()
        for index in 0..<host.count {
            let byte = host[index]
            hashInput.append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
        }
        hashInput.append(UInt8(port >> 8))
        hashInput.append(UInt8(port & 255))
        let text = hashInput.readable
        // Callers choose the names: with a number of our own nobody can make them meet.
        return XXHash64.hash(text.span, seed: hostSeed)
    }
}
