// A small HTTP/1.1 client: whole requests out, whole responses in, connections kept and reused.
// For the demo's services calling each other and for checks; the data plane has its own upstreams.
public import Net

/// Lives on one loop's thread.
public final class HTTPClient {
    public typealias Completion = (Result<ClientResponse, ClientError>) -> Void

    public let limits: ClientLimits
    unowned let loop: Loop
    /// Idle connections, the one used last at the end.
    private var idle: [SocketAddress: [OutboundConnection]] = [:]
    /// All connections, by address.
    private var open: [SocketAddress: Int] = [:]
    private var isStopped = false

    public init(loop: Loop, limits: ClientLimits = ClientLimits()) {
        self.loop = loop
        self.limits = limits
    }

    /// Sends a request and calls `completion` once, on the loop's thread, never before `send` has
    /// returned.
    /// - Parameters:
    ///   - address: where to connect; the request's `authority` says which host is meant.
    ///   - timeoutMs: milliseconds for all of it, connecting included.
    public func send(
        _ request: ClientRequest, to address: SocketAddress, timeoutMs: UInt64,
        completion: @escaping Completion
    ) {
        let call = OutboundCall(
            request, address: address, deadlineMs: loop.nowMs + timeoutMs,
            completion: completion)
        guard call.isSendable else {
            fail(call, .unsendable)
            return
        }
        attempt(call)
    }

    /// Closes what is idle; calls under way fail with `stopped`.
    public func stop() {
        isStopped = true
        idle = [:]
        loop.forEachWatched { pollable in
            if let connection = pollable as? OutboundConnection, connection.client === self {
                connection.fail(.stopped)
            }
        }
    }

    /// A call that met a connection its server had closed meanwhile goes out once more, on a new
    /// one, when nothing of an answer was there and the method allows it (RFC 9110 section 9.2.2).
    func retry(_ call: OutboundCall) {
        call.mayRetry = false
        attempt(call)
    }

    private func attempt(_ call: OutboundCall) {
        if isStopped {
            fail(call, .stopped)
            return
        }
        while call.mayRetry, let connection = idle[call.address]?.popLast() {
            if connection.begin(call, isReused: true) { return }
        }
        if (open[call.address] ?? 0) >= limits.connectionsMax {
            fail(call, .tooManyConnections)
            return
        }
        switch Socket.connect(to: call.address) {
        case .connected(let descriptor): begin(call, on: descriptor, isConnected: true)
        case .inProgress(let descriptor): begin(call, on: descriptor, isConnected: false)
        case .failed(let code):
            fail(call, .connectFailed(NetError(call: "connect", errno: code)))
        }
    }

    private func begin(_ call: OutboundCall, on descriptor: Int32, isConnected: Bool) {
        let connection = OutboundConnection(
            descriptor, isConnected: isConnected, address: call.address, client: self)
        do throws(NetError) {
            try loop.add(connection, descriptor: descriptor, for: .stream)
        } catch {
            fail(call, .connectFailed(error))
            return
        }
        open[call.address, default: 0] += 1
        _ = connection.begin(call, isReused: false)
    }

    /// Tells the caller in the loop's next round: a caller need not expect to be called from
    /// inside its own call.
    private func fail(_ call: OutboundCall, _ error: ClientError) {
        loop.again(Postponed { call.complete(.failure(error)) })
    }

    // MARK: - From connections

    /// - Returns: false when enough are kept already.
    func keep(_ connection: OutboundConnection) -> Bool {
        let kept = idle[connection.address]?.count ?? 0
        if isStopped || kept >= limits.idleConnectionsMax { return false }
        idle[connection.address, default: []].append(connection)
        return true
    }

    func closed(_ connection: OutboundConnection) {
        idle[connection.address]?.removeAll { $0 === connection }
        guard let count = open[connection.address] else { return }
        open[connection.address] = count > 1 ? count - 1 : nil
    }
}

/// Work for the loop's next round.
private final class Postponed: Pollable {
    private let work: () -> Void

    init(_ work: @escaping () -> Void) { self.work = work }

    override func resumed() { work() }
}
