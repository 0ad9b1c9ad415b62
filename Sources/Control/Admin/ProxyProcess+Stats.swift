// Statistics of the process: every worker's, added up, and the process's own.
internal import HTTP
internal import Mesh
internal import Net
internal import PKI
internal import Proxy
internal import Telemetry

extension ProxyProcess {
    /// Milliseconds after which a worker that has not answered is left out of a page.
    static let gatherMs: UInt64 = 1_000

    func gather(_ then: @escaping (MetricsSample) -> Void) {
        crew.ask(withinMs: Self.gatherMs) { worker, _ in
            worker.sample()
        } then: { [unowned self] samples in
            var whole = MetricsSample.merge(samples)
            whole.version = Version.text
            // The workers' own look-ups, for hosts that requests name.
            let asked = whole.server
            whole.server = serverStats(workersAnswered: samples.count)
            fillConfigStats(&whole.config)
            fill(&whole, with: names, and: asked)
            then(whole)
        }
    }

    var uptimeSeconds: UInt64 { (Machine.monotonicNs - startedNs) / 1_000_000_000 }

    private func serverStats(workersAnswered: Int) -> StatValues<ServerStat> {
        var values = StatValues<ServerStat>()
        values[.uptime] = uptimeSeconds
        values[.concurrency] = UInt64(crew.count)
        values[.live] = isReady ? 1 : 0
        values[.state] =
            switch state {
            case .live: listenersAreDrained ? 1 : 0
            case .draining: 1
            case .starting: 3
            }
        values[.totalConnections] = UInt64(max(0, counts.connectionCount))
        values[.memoryAllocated] = Machine.residentBytes
        values[.version] = Version.number
        values[.listenerManagerTotalListenersActive] =
            listenersAreDrained || drain != nil ? 0 : UInt64(sockets.addresses.count)
        values[.listenerManagerWorkersStarted] = workersAnswered == crew.count ? 1 : 0
        values[.clusterManagerActiveClusters] = UInt64(live.snapshot.clusters.count)
        return values
    }

    /// The control thread's share; what the workers counted stays.
    private func fillConfigStats(_ values: inout StatValues<ConfigStat>) {
        values[.configReloadsTotal] = live.reloadCount
        values[.configReloadFailuresTotal] = live.failureCount
        values[.configLastReloadSuccessful] = live.refusal == nil ? 1 : 0
        values[.configLastSuccessTimestampSeconds] = live.sinceWallNs / 1_000_000_000
        values[.configVersion] = live.snapshot.version
        values[.configObjects] = UInt64(live.objectCount)
        values[.configWarnings] = UInt64(live.warningCount)
        values[.configLoadMicroseconds] = live.loadMicroseconds
        values[.tlsCredentialErrors] = UInt64(credentials.problems.count)
        values[.snapshotLiveWorkers] = UInt64(live.workerCount)
        if let keeper { fill(&values, with: keeper.status) }
    }

    private func fill(_ values: inout StatValues<ConfigStat>, with identity: IdentityStatus) {
        let now = UnixTime(Int64(Machine.wallNs / 1_000_000_000))
        values[.identityNotAfterSeconds] = UInt64(max(0, identity.notAfter?.seconds ?? 0))
        values[.identitySecondsToExpiry] = UInt64(
            max(0, identity.secondsToExpiry(at: now) ?? 0))
        values[.identityRenewalsTotal] = identity.renewals
        values[.identityRequestsTotal] = identity.requests
        values[.identityFailuresTotal] = identity.failures + identity.readFailures
        values[.identityIsOverdue] = identity.isOverdue(at: now) ? 1 : 0
    }

    /// What was counted where names are looked up, by cluster and in all.
    private func fill(
        _ sample: inout MetricsSample, with names: NameService, and others: StatValues<ServerStat>
    ) {
        let counts = names.counts
        sample.server[.dnsCaresResolveTotal] = others[.dnsCaresResolveTotal] + counts.total
        sample.server[.dnsCaresPendingResolutions] =
            others[.dnsCaresPendingResolutions] + counts.pending
        sample.server[.dnsCaresNotFound] = others[.dnsCaresNotFound] + counts.notFound
        sample.server[.dnsCaresTimeout] = others[.dnsCaresTimeout] + counts.timeouts
        sample.server[.dnsCaresGetAddrFailure] =
            others[.dnsCaresGetAddrFailure] + counts.failures
        sample.config[.dnsNames] = UInt64(names.count)
        sample.config[.dnsStaleNames] += UInt64(names.staleCount)
        for cluster in live.snapshot.clusters where cluster.discovery != .fixed {
            var values = StatValues<DiscoveryStat>()
            for endpoint in cluster.endpoints where endpoint.isName {
                guard let record = names[endpoint.address] else { continue }
                values[.updateAttempt] += record.attempts
                values[.updateSuccess] += record.successes
                values[.updateFailure] += record.failures
                values[.updateEmpty] += record.empties
                values[.updateNoRebuild] += record.unchanged
            }
            sample.discoveries[cluster.name] = values
        }
    }

    func answerStats(_ request: ServerRequest, _ responder: Responder) {
        let items = request.queryItems
        switch items.value(of: "format") {
        case "prometheus": answerPrometheus(request, responder)
        case "json": answerStats(items, .json, responder)
        case nil, "text", "": answerStats(items, .text, responder)
        case let other?:
            responder.send(
                .text("no format \"\(other)\"; use text, json or prometheus\n", status: 400))
        }
    }

    private func answerStats(
        _ items: [FormItem], _ format: StatsText.Format, _ responder: Responder
    ) {
        guard let filter = StatFilter(items, responder) else { return }
        gather { sample in
            let body = StatsText.render(
                sample, format: format, usedOnly: items.has("usedonly"), filter: filter.takes)
            let type =
                format == .json ? "application/json" : "text/plain; charset=utf-8"
            responder.send(ServerResponse(contentType: type, body: body))
        }
    }

    func answerPrometheus(_ request: ServerRequest, _ responder: Responder) {
        let items = request.queryItems
        guard let filter = StatFilter(items, responder) else { return }
        gather { sample in
            // Ten thousand busy hosts make half a gigabyte: a piece at a time, as it is taken.
            var pieces = PrometheusText.pieces(
                sample, usedOnly: items.has("usedonly"), filter: filter.takes)
            let head = ServerResponse(contentType: PrometheusText.contentType, body: [])
            responder.stream(head) { pieces.next() }
        }
    }
}

/// `?filter=REGEX`: RE2, found anywhere in the name, as Envoy's.
private struct StatFilter {
    let takes: ((String) -> Bool)?

    /// nil, and the request is answered, where the expression is none.
    init?(_ items: [FormItem], _ responder: Responder) {
        guard let pattern = items.value(of: "filter"), !pattern.isEmpty else {
            takes = nil
            return
        }
        do throws(RegexError) {
            let regex = try Regex(Array("(?s:.*)(?:\(pattern))(?s:.*)".utf8))
            takes = { regex.matchesFully(Array($0.utf8).span) }
        } catch {
            responder.send(.text("filter: \(error)\n", status: 400))
            return nil
        }
    }
}
