// A new configuration: read, compiled and bound here, then handed to every worker; or refused, with
// the reasons, while the one before serves on.
internal import Mesh
internal import Net
internal import Proxy
internal import Spec

extension ProxyProcess {
    enum ReloadCause: String {
        case files = "files changed"
        /// Nobody said so; a look every few seconds.
        case poll = "regular look"
        case signal = "SIGHUP"
        /// This proxy has a new certificate of its own, or new roots.
        case identity = "new identity"
    }

    /// Looks at the files and goes over to what they say now.
    /// - Parameter told: where to look; nil for everywhere.
    func reload(because cause: ReloadCause, told: FolderChanges? = nil) {
        guard drain == nil, !listenersAreDrained else {
            log.debug("config", "not read again: draining")
            return
        }
        // One at a time: sockets of the last one may not be closed yet. What was told is forgotten,
        // so the look that follows is one at everything.
        guard !isAdopting else {
            reloadIsDue = true
            return
        }
        // What was refused for an address that others had may be fine by now.
        let always = live.refusal?.isOfAddress ?? false
        let reading = reader.reload(live: live.snapshot, told: told, always: always)
        watchFolders()
        guard reading.hasChanged || always else {
            refreshCredentials(because: cause)
            if cause == .signal { answerUnchanged() }
            return
        }
        guard let snapshot = reading.snapshot else {
            refuse(reading.errors.map(\.description), because: cause)
            return
        }
        do throws(BindFailure) {
            let listeners = snapshot.routing.listeners
            let fresh = try sockets.bind(listeners)
            live.reloadCount += 1
            takeWithNames(snapshot, reading, bindings: sockets.commit(fresh, of: listeners))
        } catch {
            refuse(["\(error)"], isOfAddress: true, because: cause)
        }
    }

    /// Somebody asked, so somebody wants to know.
    private func answerUnchanged() {
        if let refusal = live.refusal {
            refuse(refusal.reasons, isOfAddress: refusal.isOfAddress, because: .signal)
        } else {
            log.info("config", "nothing changed", [("by", ReloadCause.signal.rawValue)])
        }
    }

    /// The one that is live stays.
    private func refuse(
        _ reasons: [String], isOfAddress: Bool = false, because cause: ReloadCause
    ) {
        if cause == .poll, live.refusal?.reasons == reasons { return }
        live.failureCount += 1
        live.refusal = .init(
            reasons: reasons, isOfAddress: isOfAddress, atWallNs: Machine.wallNs)
        for reason in reasons.prefix(Self.findingsMax) { log.error("config", reason) }
        if reasons.count > Self.findingsMax {
            log.error("config", "and \(reasons.count - Self.findingsMax) more errors")
        }
        log.error(
            "config", "refused; the configuration before stays live",
            [("by", cause.rawValue), ("version", "\(live.snapshot.version)")])
        notify([
            "STATUS=configuration \(live.snapshot.version) live, the last change was refused"
        ])
    }

    /// Findings of one kind that the log tells of one configuration.
    private static var findingsMax: Int { 50 }

    /// Hands a configuration whose sockets are bound to the workers.
    func take(
        _ snapshot: Snapshot, _ reading: ConfigurationReading, bindings: [[Worker.Binding]]
    ) {
        let before = live.snapshot
        let credentials = readCredentials(of: snapshot, objects: reading.objects).settings
        live.snapshot = snapshot
        watchFolders()
        live.objectCount = reading.objects?.count ?? 0
        live.fileCount = reading.fileCount
        live.findings = reading.diagnostics
        live.loadMicroseconds = reading.microseconds
        live.workerCount = 0
        live.refusal = nil
        isAdopting = true
        let startNs = Machine.monotonicNs
        crew.ask(withinMs: nil) { worker, index in
            worker.adopt(snapshot, bindings: bindings[index], credentials: credentials)
        } then: { [unowned self] answers in
            live.workerCount = answers.count
            live.sinceWallNs = Machine.wallNs
            let tookUs = (Machine.monotonicNs - startNs) / 1000
            adopted(snapshot, after: before, handOverMicroseconds: tookUs)
        }
    }

    /// Every worker serves by it. What was before is let go here, not on a worker: freeing ten
    /// thousand hosts takes longer than a request may.
    private func adopted(_ snapshot: Snapshot, after before: Snapshot, handOverMicroseconds: UInt64)
    {
        isAdopting = false
        names.keepOnly(snapshot.names)
        tellFindings()
        let values = [
            ("version", "\(snapshot.version)"),
            ("listeners", "\(snapshot.routing.listeners.count)"),
            ("clusters", "\(snapshot.clusters.count)"),
            ("objects", "\(live.objectCount)"), ("files", "\(live.fileCount)"),
            ("took", "\((live.loadMicroseconds + handOverMicroseconds) / 1000)ms"),
        ]
        let status =
            "STATUS=configuration \(snapshot.version) live, "
            + "\(snapshot.routing.listeners.count) listeners"
        tellWhenDeaf(snapshot)
        whenAdopted?(snapshot)
        if state == .starting {
            state = .live
            for listener in snapshot.routing.listeners { tell(listener) }
            log.info("config", "live", values)
            notify(["READY=1", status])
            tellWhenLive()
        } else {
            let difference = SnapshotDifference(from: before, to: snapshot)
            log.info("config", "live: \(difference)", values)
            notify([status])
        }
        MemoryRelease.schedule(on: loop)
        if reloadIsDue {
            reloadIsDue = false
            reload(because: .files)
        }
    }

    /// A gateway that no Gateway selects is running, ready and useless.
    private func tellWhenDeaf(_ snapshot: Snapshot) {
        guard snapshot.routing.listeners.isEmpty, !options.waitsForRules else { return }
        let labels = options.source.node.labels.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        log.warning(
            "listen", "no port is open: no Gateway with a server for this proxy was found",
            [("labels", labels), ("objects", "\(live.objectCount)")])
    }

    private func tell(_ listener: ListenerSpec) {
        guard listener.isBound else { return }
        let address = sockets.addresses[listener.name].map { "\($0)" } ?? listener.bind
        let kind =
            switch listener.kind {
            case .http: "http"
            case .tcp: "tcp"
            case .tls: "tls"
            case .sniffed: "tls or plain text"
            }
        let by = listener.origins.map { "\($0.object)" }.joined(separator: ", ")
        log.info("listen", address, [("protocol", kind), ("by", by)])
    }

    /// Each distinct warning once, as long as it holds: a reload does not repeat it.
    private func tellFindings() {
        let warnings = live.findings.filter { $0.severity == .warning }.map(\.description)
        let fresh = warnings.filter { !told.contains($0) }
        for warning in fresh.prefix(Self.findingsMax) { log.warning("config", warning) }
        if fresh.count > Self.findingsMax {
            log.warning(
                "config",
                "and \(fresh.count - Self.findingsMax) more warnings; "
                    + "`isthmus validate` lists them")
        }
        told = Set(warnings)
        let skipped = live.findings.filter { $0.severity == .info }
        for finding in skipped { log.debug("config", "\(finding)") }
    }
}
