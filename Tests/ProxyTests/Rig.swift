// A worker on a thread of its own behind a port of this machine, and the questions tests ask it.
// It is the proxy as it runs, with nothing replaced: real sockets, real loop, real time.
import Foundation
import Mesh
import Net
import TLS
import Telemetry
import Testing

@testable import Proxy

/// Handed from the loop's thread to the test's, which waits in between.
private final class Answer<Value>: @unchecked Sendable {
    var value: Value?
}

/// Everything a test opens through the rig is closed by `settle`, which then insists that the proxy
/// holds nothing any more.
final class Rig {
    let listenerName = "test"
    /// Rigs that share it are workers of one process.
    let counts: ProcessCounts
    let address: SocketAddress
    private let seat = Seat()
    private let thread: LoopThread
    private var wires: [Wire] = []
    private(set) var backends: [Backend] = []
    private var version = 1

    /// Where the worker sits; touched on its loop's thread alone.
    final class Seat: @unchecked Sendable {
        var worker: Worker?
    }

    init(
        _ plan: Plan, backends: [Backend] = [], settings: ProxySettings = ProxySettings(),
        counts: ProcessCounts = ProcessCounts()
    ) throws {
        self.counts = counts
        self.backends = backends
        let any = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let socket = try Socket.listen(on: any, sharesPort: true)
        address = try #require(Socket.localAddress(socket.raw))
        let descriptor = socket.release()
        let snapshot = plan.snapshot(listener: listenerName, port: address.port)
        thread = try LoopThread.start(name: "rig") { [seat, counts, listenerName] loop in
            let worker = Worker(loop: loop, settings: settings, counts: counts)
            worker.adopt(
                snapshot,
                bindings: [Worker.Binding(listener: listenerName, descriptor: descriptor)])
            seat.worker = worker
            return worker
        }
    }

    deinit {
        // A test that failed half-way must not keep its listening socket.
        thread.mailbox.post { [seat] loop in
            seat.worker?.drain()
            seat.worker = nil
            loop.stop()
        }
    }

    /// One endpoint, everything forwarded to it.
    static func forwarding(
        _ policy: RoutePolicy = Plan.once, limits: (inout ProxyLimits) -> Void = { _ in }
    ) throws -> (Rig, Backend) {
        let backend = try Backend()
        var settings = ProxySettings()
        limits(&settings.limits)
        return (
            try Rig(
                .forwarding(to: [backend.address], route: policy), backends: [backend],
                settings: settings),
            backend
        )
    }

    // MARK: - Both sides

    func connect() throws -> Wire {
        let wire = try Wire.connect(to: address)
        wires.append(wire)
        return wire
    }

    /// The proxy's next connection to the endpoint.
    func accept(_ backend: Backend? = nil) throws -> Wire {
        let backend = try #require(backend ?? backends.first)
        let wire = try backend.accept()
        wires.append(wire)
        return wire
    }

    /// A client that sends `request`, and the endpoint's side once its head has arrived.
    func open(_ request: String) throws -> (client: Wire, upstream: Wire, head: String) {
        let client = try connect()
        try client.send(request)
        let upstream = try accept()
        return (client, upstream, try upstream.readHead())
    }

    // MARK: - The worker

    /// Runs `body` on the worker's thread and waits for it.
    @discardableResult
    func onLoop<R: Sendable>(_ body: @escaping @Sendable (Worker) -> R) throws -> R {
        let answer = Answer<R>()
        let done = DispatchSemaphore(value: 0)
        thread.mailbox.post { [seat] _ in
            if let worker = seat.worker { answer.value = body(worker) }
            done.signal()
        }
        _ = done.wait(timeout: .now() + 10)
        return try #require(answer.value, "the worker's loop does not answer")
    }

    /// Keeps the loop busy while `body` runs, so that everything it does to the sockets is met by
    /// the proxy at once, in the order it was done.
    func whileLoopIsHeld(_ body: () throws -> Void) throws {
        let isHeld = DispatchSemaphore(value: 0)
        let release = DispatchSemaphore(value: 0)
        thread.mailbox.post { _ in
            isHeld.signal()
            _ = release.wait(timeout: .now() + 10)
        }
        _ = isHeld.wait(timeout: .now() + 10)
        defer { release.signal() }
        try body()
    }

    func adopt(_ plan: Plan) throws {
        version += 1
        let snapshot = plan.snapshot(listener: listenerName, port: address.port, version: version)
        try onLoop { $0.adopt(snapshot, bindings: []) }
    }

    /// From now on connections by `tls` are made with `settings`.
    func trust(_ tls: UpstreamTLS, _ settings: TLSClientSettings) throws {
        try onLoop {
            var credentials = Worker.Credentials()
            credentials.clients[tls.credentialKey] = settings
            $0.replaceCredentials(credentials)
        }
    }

    var sample: MetricsSample {
        get throws { try onLoop { $0.sample() } }
    }

    func http(_ stat: HTTPStat, _ way: String = "outbound") throws -> UInt64 {
        try sample.http["\(way)_\(listenerName)"]?[stat] ?? 0
    }

    func listener(_ stat: ListenerStat) throws -> UInt64 {
        try sample.listeners[listenerName]?[stat] ?? 0
    }

    func wait(forListener stat: ListenerStat, _ value: UInt64) throws {
        try Wire.wait(for: "\(stat) \(value)") { try self.listener(stat) == value ? () : nil }
    }

    /// Certificates for the listener's chains, by the chain's name.
    func credentials(_ servers: [String: TLSServerSettings]) throws {
        let name = listenerName
        try onLoop { worker in
            var next = Worker.Credentials()
            for (chain, settings) in servers { next.servers["\(name)/\(chain)"] = settings }
            worker.replaceCredentials(next)
        }
    }

    /// A TLS client of the mesh; its handshake is begun.
    func secure(
        _ certificates: MeshCertificates, _ workload: MeshCertificates.Workload?,
        protocols: [String] = ["istio-http/1.1", "istio", "http/1.1"],
        maxVersion: TLSVersion = .v13
    ) throws -> SecureWire {
        try SecureWire(
            try connect(), certificates, workload, protocols: protocols, maxVersion: maxVersion)
    }

    func cluster(_ stat: ClusterStat, _ name: String = "a") throws -> UInt64 {
        try sample.clusters["outbound|80||\(name)"]?[stat] ?? 0
    }

    /// Waits until a statistic has this value.
    func wait(for stat: HTTPStat, _ value: UInt64) throws {
        try Wire.wait(for: "\(stat) \(value)") { try self.http(stat) == value ? () : nil }
    }

    // MARK: - The end

    /// Before a rig of the same process settles: connections are counted for both.
    func closeWires() {
        for wire in wires { wire.close() }
    }

    /// Closes what the test opened. Then every gauge must come back to nothing, and the worker
    /// may hold no connection and no exchange: the invariant of every scenario.
    func settle(sourceLocation: SourceLocation = #_sourceLocation) throws {
        closeWires()
        for backend in backends {
            while let late = backend.acceptNow() { late.close() }
        }
        let deadline = Machine.monotonicNs + 10_000_000_000
        var left = try remains()
        while !left.isEmpty, Machine.monotonicNs < deadline {
            usleep(500)
            for backend in backends { backend.acceptNow()?.close() }
            left = try remains()
        }
        #expect(left.isEmpty, "left behind: \(left)", sourceLocation: sourceLocation)
    }

    /// Gauges that are not zero, connections and exchanges that are still there.
    private func remains() throws -> [String] {
        let open = counts.connectionCount
        return try onLoop { worker in
            var left: [String] = []
            if worker.activeCount != 0 { left.append("exchanges \(worker.activeCount)") }
            if open != 0 { left.append("connections \(open)") }
            let sample = worker.sample()
            for (name, values) in sample.http { left += values.gauges(of: name) }
            for (name, values) in sample.listeners { left += values.gauges(of: name) }
            for (name, values) in sample.clusters { left += values.gauges(of: name) }
            for case let state? in worker.clusters {
                for endpoint in state.endpoints where endpoint.activeRequests != 0 {
                    left.append("\(endpoint.address) activeRequests \(endpoint.activeRequests)")
                }
            }
            worker.loop.forEachWatched { pollable in
                if pollable is ClientConnection || pollable is UpstreamConnection
                    || pollable is H2UpstreamConnection || pollable is H2Connection
                    || pollable is TLSAcceptor
                    || pollable is TunnelEnd || pollable is TCPConnection
                    || pollable is Opening || pollable is Attempt
                {
                    left.append("\(type(of: pollable))")
                }
            }
            return left
        }
    }
}

extension StatValues {
    fileprivate func gauges(of name: String) -> [String] {
        Family.allCases.filter { $0.definition.kind == .gauge && self[$0] != 0 }.map {
            "\(name) \($0.definition.name) \(Int64(bitPattern: self[$0]))"
        }
    }
}
