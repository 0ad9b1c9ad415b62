// The certificate service as a process: signals, readiness, metrics, and an end that cuts nobody
// off.
public import Authority
internal import HTTP
public import Net
internal import PKI

/// How `isthmus ca serve` runs.
public struct AuthorityProcessOptions: Sendable {
    public var address: SocketAddress
    public var service = AuthorityServer.Options()
    /// `/metrics`; nil: not served.
    public var metrics: SocketAddress?

    public init(address: SocketAddress) { self.address = address }
}

/// Lives on the main thread, from `run` to its return.
public final class AuthorityProcess: TimerTarget {
    private static let signalNumbers = [Signals.terminate, Signals.interrupt, Signals.hangup]
    /// For calls that are under way when the process is told to end.
    private static let drainMs: UInt64 = 5_000
    private static let askMs: UInt64 = 20

    private let loop: Loop
    private let log: Log
    private let server: AuthorityServer
    private var signals: Signals?
    private var desk: DeskServer?
    private var endsAtMs: UInt64?

    private init(loop: Loop, log: Log, server: AuthorityServer) {
        self.loop = loop
        self.log = log
        self.server = server
    }

    /// Serves until it is told to end.
    ///
    /// - Parameter whenReady: called once with the address that is served.
    public static func run(
        _ authority: Authority, _ options: AuthorityProcessOptions, log: Log,
        whenReady: (SocketAddress) -> Void
    ) throws(ServiceProblem) {
        // Before anything can be under way that a signal would cut off.
        Signals.block(signalNumbers)
        let process: AuthorityProcess
        let address: SocketAddress
        do {
            let loop = try Loop()
            let server = try AuthorityServer(
                authority, options: options.service, loop: loop, log: log)
            address = try server.listen(on: options.address)
            process = AuthorityProcess(loop: loop, log: log, server: server)
            try process.watch(options)
        } catch let problem as ServiceProblem {
            throw problem
        } catch let error as NetError {
            throw .net(options.address, error)
        } catch {
            throw .tls("\(error)")
        }
        log.info("ca", "serving", [("address", "\(address)"), ("folder", authority.path)])
        whenReady(address)
        ServiceNotice.send(["READY=1", "STATUS=issuing on \(address)"])
        process.loop.run()
        log.info("end", "ended", [("issued", "\(process.server.counts.issued)")])
    }

    private func watch(_ options: AuthorityProcessOptions) throws(NetError) {
        signals = try Signals(Self.signalNumbers, loop: loop) { [unowned self] number in
            received(signal: number)
        }
        if let metrics = options.metrics {
            desk = DeskServer("metrics", at: metrics, loop: loop, log: log) {
                [unowned self] request, responder in
                answer(request, responder)
            }
        }
    }

    private func received(signal number: Int32) {
        if number == Signals.hangup {
            server.look()
            return
        }
        if endsAtMs != nil {
            loop.stop()
            return
        }
        log.info("signal", number == Signals.interrupt ? "SIGINT" : "SIGTERM")
        ServiceNotice.send(["STOPPING=1"])
        server.stop()
        endsAtMs = loop.nowMs + Self.drainMs
        askWhetherIdle()
    }

    private func askWhetherIdle() {
        if server.isIdle || loop.nowMs >= endsAtMs ?? 0 {
            loop.stop()
        } else {
            _ = loop.timers.schedule(afterMs: Self.askMs, target: self, tag: 0)
        }
    }

    override public func timerFired(tag: UInt8) { askWhetherIdle() }

    private func answer(_ request: ServerRequest, _ responder: Responder) {
        switch request.path {
        case "/metrics", "/stats/prometheus":
            responder.send(
                ServerResponse(
                    contentType: "text/plain; version=0.0.4; charset=utf-8",
                    body: Array(server.metrics.utf8)))
        case "/healthz/ready", "/ready":
            let isReady = endsAtMs == nil
            responder.send(
                .text(isReady ? "LIVE\n" : "DRAINING\n", status: isReady ? 200 : 503))
        default: responder.send(.text("/metrics  /healthz/ready\n", status: 404))
        }
    }
}
