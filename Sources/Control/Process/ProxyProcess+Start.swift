// From options to a process that serves: each step either succeeds or ends the start with a reason
// and an exit status. Nothing is served before everything that can fail has been done.
internal import Mesh
public import Net
internal import Proxy
internal import Spec

extension ProxyProcess {
    /// The signals a proxy waits for, kept from ending the threads that inherit this: call it
    /// before the first thread is started. `run` does.
    public static func blockSignals() {
        Signals.block(signalNumbers)
    }

    /// Runs a proxy until it is told to end, on this thread.
    /// - Parameters:
    ///   - beside: proxies that are started before it and end after it, on the same thread.
    ///   - whenLive: called once, when the first configuration is served by every worker of every
    ///     proxy.
    /// - Returns: how the process should exit; the reason is in the log.
    public static func run(
        _ options: ProxyOptions, beside others: [ProxyOptions] = [], on given: Loop? = nil,
        log: Log, whenLive: @escaping (ProxyProcess) -> Void = { _ in }
    ) -> ExitStatus {
        blockSignals()
        do throws(StartFailure) {
            let loop: Loop
            if let given { loop = given } else { loop = try newLoop() }
            var companions: [ProxyProcess] = []
            for other in others {
                companions.append(try start(other, isLead: false, log: log, loop: loop))
            }
            let process = try start(options, isLead: true, log: log, loop: loop)
            process.companions = companions
            var waitedFor = companions.count + 1
            for proxy in companions + [process] {
                proxy.whenLive = { [unowned process] _ in
                    waitedFor -= 1
                    if waitedFor == 0 { whenLive(process) }
                }
            }
            loop.run()
            for proxy in companions + [process] { proxy.end() }
            return process.status
        } catch {
            log.error("start", error.message)
            return error.status
        }
    }

    private struct StartFailure: Error {
        let status: ExitStatus
        let message: String

        init(_ status: ExitStatus, _ message: String) {
            self.status = status
            self.message = message
        }
    }

    private static func newLoop() throws(StartFailure) -> Loop {
        do throws(NetError) {
            return try Loop()
        } catch {
            throw StartFailure(.inputOutput, "no event loop: \(error)")
        }
    }

    private static func start(
        _ options: ProxyOptions, isLead: Bool, log shared: Log, loop: Loop
    ) throws(StartFailure) -> ProxyProcess {
        let log = options.name.map { shared.speaking(for: $0) } ?? shared
        let descriptorsMax = ProcessLimits.raiseDescriptorLimit()
        log.info(
            "start", "isthmus \(Version.text)",
            [("workers", "\(options.workerCount)"), ("pid", "\(Machine.processID)")])
        let reader = ConfigurationReader(options.source)
        let reading = reader.load()
        guard let snapshot = reading.snapshot else { throw refusal(reading, log) }

        let listeners = snapshot.routing.listeners
        let sockets = ListenerSockets(
            workerCount: options.workerCount, workloadSockets: options.settings.workloadSockets)
        let fresh: ListenerSockets.Fresh
        do throws(BindFailure) {
            fresh = try sockets.bind(listeners)
        } catch {
            throw StartFailure(error.status, "\(error)")
        }
        let process = try prepare(
            options, isLead: isLead, log: log, loop: loop, reader: reader, sockets: sockets,
            descriptorsMax: descriptorsMax)
        process.openServers()
        process.keepIdentity()
        process.takeWithNames(snapshot, reading, bindings: sockets.commit(fresh, of: listeners))
        return process
    }

    private static func prepare(
        _ options: ProxyOptions, isLead: Bool, log: Log, loop: Loop, reader: ConfigurationReader,
        sockets: ListenerSockets, descriptorsMax: Int
    ) throws(StartFailure) -> ProxyProcess {
        do throws(NetError) {
            let counts = ProcessCounts()
            var settings = options.settings
            // Three quarters of the descriptors for clients, most of which idle; the rest for
            // upstreams, pipes and files.
            settings.limits.connectionsMax = min(
                settings.limits.connectionsMax, max(16, (descriptorsMax - 128) * 3 / 4))
            // The system's generator, which the kernel seeds: nobody else may know these.
            var generator = SystemRandomNumberGenerator()
            settings.ticketKeys = (0..<80).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            settings.resolver = options.resolver
            let mailbox = loop.mailbox
            settings.tellRefusal = { refusal in mailbox.post { _ in log.tell(refusal) } }
            let crew = try Crew(
                count: options.workerCount, settings: settings, counts: counts, loop: loop)
            var told = options
            told.settings = settings
            let process = ProxyProcess(
                told, isLead: isLead, log: log, loop: loop, crew: crew, counts: counts,
                reader: reader,
                sockets: sockets, descriptorsMax: descriptorsMax)
            try process.watch()
            return process
        } catch {
            throw StartFailure(.inputOutput, "the threads could not be started: \(error)")
        }
    }

    /// Prints every finding of a configuration that cannot be started with.
    private static func refusal(_ reading: ConfigurationReading, _ log: Log) -> StartFailure {
        for finding in reading.diagnostics where finding.severity != .info {
            if finding.isError {
                log.error("config", "\(finding)")
            } else {
                log.warning("config", "\(finding)")
            }
        }
        if reading.isUnreadable {
            return StartFailure(.inputOutput, "not started: no file to read")
        }
        let count = reading.errors.count
        return StartFailure(
            .badConfiguration,
            "not started: \(count) error\(count == 1 ? "" : "s") in the configuration; "
                + "`isthmus validate` shows the lines")
    }

    /// After the loop: workers end after their present round, so that what they wrote is written.
    private func end() {
        if drain?.isComplete == true { crew.stop() }
        keeper?.stop()
        log.info("end", "ended", [("connections", "\(counts.connectionCount)")])
    }
}
