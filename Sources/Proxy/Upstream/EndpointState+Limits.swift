// An endpoint's connections as they are counted, and the requests that wait for one.
// All connections of this worker pass here when they are made and when they end, whatever they
// carry.
import Mesh
import Net
import Synchronization
import Telemetry

extension EndpointState {
    // MARK: - Connections

    /// Takes a place for one more connection; false at the limit. Who makes none after all calls
    /// `returnAdmission`.
    func admitConnection() -> Bool {
        guard let clusterLimits = cluster.limits else { return true }
        let max = cluster.bounds.connections
        let isAdmitted =
            limits?.takeConnection(of: clusterLimits, max: max)
            ?? clusterLimits.connections.take(max: max)
        return isAdmitted
    }

    func returnAdmission() {
        guard let clusterLimits = cluster.limits else { return }
        if let limits {
            limits.giveConnection(of: clusterLimits)
        } else {
            clusterLimits.connections.give()
        }
        cluster.capacityFreed(byClosing: true)
    }

    /// The place that was taken is filled.
    func connectionOpened() {
        openConnections += 1
        connectionsTotal += 1
        let stats = cluster.stats
        stats.add(.upstreamCxTotal)
        stats.add(.upstreamCxActive)
        if isStarving { noteStarving() }
    }

    func connectionClosed() {
        openConnections -= 1
        let stats = cluster.stats
        stats.subtract(.upstreamCxActive)
        stats.add(.upstreamCxDestroy)
        if cluster.limits != nil { returnAdmission() }
    }

    /// Limits came, or this endpoint did: its open connections count in them.
    func enterLimits() {
        guard limits == nil, let clusterLimits = cluster.limits else { return }
        let limits = clusterLimits.endpoints.enter(key) { EndpointLimits() }
        limits.connections.add(UInt32(openConnections))
        self.limits = limits
    }

    func leaveLimits() {
        guard let limits, let clusterLimits = cluster.limits else { return }
        if isStarving { noteStarving(false) }
        limits.connections.give(UInt32(openConnections))
        self.limits = nil
        clusterLimits.endpoints.leave(key)
    }

    // MARK: - Who waits

    var hasWaiting: Bool { line.map { !$0.line.isEmpty } ?? false }

    func join(_ stream: WaitingStream) {
        let line = line ?? EndpointLine()
        self.line = line
        let isFirst = line.line.isEmpty
        line.line.append(stream)
        if isFirst { cluster.errands?.add(self) }
        // What was given back before others could know that somebody waits is looked at once more.
        cluster.scheduleErrands()
    }

    func part(_ stream: WaitingStream) {
        guard let line, line.line.remove(stream) else { return }
        lineChanged(line)
        // It may have been called, and what it was called for is another's now.
        cluster.scheduleErrands()
    }

    private func lineChanged(_ line: EndpointLine) {
        guard line.line.isEmpty else { return }
        cluster.errands?.remove(self)
        if isStarving { noteStarving() }
    }

    /// Gives connections to those who wait, in order, as far as there are any.
    func serveLine() {
        guard let line else { return }
        while let stream = line.line.first(), let exchange = stream.exchange {
            do throws(DialFailure) {
                let found = try exchange.findConnection(at: self, fresh: false)
                if case .none = found { return }
                line.line.remove(stream)
                lineChanged(line)
                if case .connection(let upstream) = found {
                    stream.handOver(to: upstream)
                } else {
                    cluster.stats.add(.upstreamRqPendingOverflow)
                    stream.fail(.overflow)
                }
            } catch {
                line.line.remove(stream)
                lineChanged(line)
                stream.fail(.remoteConnectionFailure, reason: error.reason)
            }
        }
    }

    /// No connection could be made: who waits for one would wait as long again, one after the
    /// other. Envoy lets them all fail as well.
    func failLine(_ failure: Failure, reason: String?) {
        guard let line, !line.line.isEmpty else { return }
        let all = line.line.removeAll()
        lineChanged(line)
        for stream in all {
            cluster.stats.add(.upstreamRqPendingFailureEject)
            stream.fail(failure, reason: reason)
        }
    }

    // MARK: - Other workers

    /// Whether a connection that has come free is to be closed, because another worker's requests
    /// wait at this endpoint and it has none.
    var yieldsConnection: Bool {
        guard let limits else { return false }
        return limits.starving.load(ordering: .sequentiallyConsistent) > (isStarving ? 1 : 0)
    }

    /// Requests wait here and no connection is there or being made: tells the others, whose idle
    /// connections may be all that the limit allows.
    func noteStarving(_ isPossible: Bool = true) {
        guard let limits, let clusterLimits = cluster.limits else { return }
        let isStarving = isPossible && openConnections == 0 && hasWaiting
        guard isStarving != self.isStarving else { return }
        self.isStarving = isStarving
        let change = isStarving ? 1 : -1
        limits.starving.wrappingAdd(change, ordering: .sequentiallyConsistent)
        clusterLimits.starving.wrappingAdd(change, ordering: .sequentiallyConsistent)
        guard isStarving, let seat = cluster.limitsSeat else { return }
        clusterLimits.workers.tellOthers(than: seat) { [key] in
            $0.giveUpConnection(to: key)
        }
    }
}

/// Made when a request waits for the first time: most endpoints never see that.
final class EndpointLine {
    var line = WaitingLine()
}
