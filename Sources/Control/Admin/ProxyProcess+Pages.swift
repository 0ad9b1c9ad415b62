// Listeners, clusters, the configuration and the process itself, in the shapes that scripts written
// for Envoy's admin port read.
internal import HTTP
internal import Mesh
internal import Net
internal import PKI
internal import Proxy

extension ProxyProcess {
    func answerListeners(_ request: ServerRequest, _ responder: Responder) {
        let bound = live.snapshot.routing.listeners.compactMap { listener in
            sockets.addresses[listener.name].map { (name: listener.name, address: $0) }
        }
        guard request.queryItems.value(of: "format") == "json" else {
            var text = ""
            for entry in bound {
                text += "\(entry.name)::\(entry.address)\n"
                for problem in problems(of: entry.name) {
                    text +=
                        "\(entry.name)::\(problem.chain): no certificate: "
                        + "\(problem.credential): \(problem.reason)\n"
                }
            }
            responder.send(.text(text))
            return
        }
        let statuses = bound.map { entry -> JSON in
            var members = [
                ("name", JSON(entry.name)), ("local_address", Self.json(entry.address)),
            ]
            let problems = problems(of: entry.name).map { problem -> JSON in
                [
                    "filter_chain": JSON(problem.chain), "credential": JSON(problem.credential),
                    "reason": JSON(problem.reason), "gateway": JSON("\(problem.origin.object)"),
                ]
            }
            if !problems.isEmpty { members.append(("tls_credential_errors", .array(problems))) }
            return .object(members)
        }
        respond(["listener_statuses": .array(statuses)], responder)
    }

    private func problems(of listener: String) -> [CredentialProblem] {
        credentials.problems.filter { $0.listener == listener }
    }

    static func json(_ address: SocketAddress) -> JSON {
        if case .unix(let path) = address { return ["pipe": ["path": JSON(path)]] }
        return [
            "socket_address": [
                "address": JSON(address.host), "port_value": JSON(address.port),
            ]
        ]
    }

    func answerCertificates(_ responder: Responder) {
        let now = UnixTime(Int64(Machine.wallNs / 1_000_000_000))
        let page = CertificatesPage(credentials, now: now)
        responder.send(
            ServerResponse(contentType: "application/json", body: page.json.prettyBytes))
    }

    func respond(_ json: JSON, _ responder: Responder) {
        responder.send(ServerResponse(contentType: "application/json", body: json.bytes))
    }

    func answerClusters(_ request: ServerRequest, _ responder: Responder) {
        let wantsJSON = request.queryItems.value(of: "format") == "json"
        crew.ask(withinMs: Self.gatherMs) { worker, _ in
            worker.endpointReports()
        } then: { [unowned self] reports in
            let page = ClustersPage(
                live.snapshot, reports: reports, names: names.records, nowMs: loop.nowMs)
            if wantsJSON {
                respond(page.json, responder)
            } else {
                responder.send(
                    ServerResponse(contentType: "text/plain; charset=utf-8", body: page.text))
            }
        }
    }

    /// What is served, and beside it why the files as they are now are not.
    func answerConfigDump(_ request: ServerRequest, _ responder: Responder) {
        let refusal: JSON =
            live.refusal.map { refusal in
                [
                    "at": JSON(TimeText.text(wallNs: refusal.atWallNs)),
                    "reasons": .array(refusal.reasons.map { JSON($0) }),
                ]
            } ?? .null
        let dump: JSON = [
            "version": JSON(live.snapshot.version),
            "liveSince": JSON(TimeText.text(wallNs: live.sinceWallNs)),
            "liveWorkers": JSON(live.workerCount),
            "files": JSON(live.fileCount),
            "objects": JSON(live.objectCount),
            "lastError": refusal,
            "snapshot": .written(live.snapshot.json()),
        ]
        respond(dump, responder)
    }

    func answerServerInfo(_ responder: Responder) {
        let node = options.source.node
        let uptime = JSON("\(uptimeSeconds)s")
        let info: JSON = [
            "version": JSON("isthmus/\(Version.text)"),
            "state": JSON(listenersAreDrained ? State.draining.rawValue : state.rawValue),
            "uptime_current_epoch": uptime,
            "uptime_all_epochs": uptime,
            "hot_restart_version": "disabled",
            "started": JSON(TimeText.text(wallNs: startedWallNs)),
            "pid": JSON(Machine.processID),
            "resident_bytes": JSON(Machine.residentBytes),
            "descriptors_max": JSON(descriptorsMax),
            "command_line_options": [
                "concurrency": JSON(crew.count),
                "service_node": JSON(Machine.hostname),
                "drain_time": JSON("\(options.settings.limits.drainMs / 1000)s"),
                "arguments": .array(options.commandLine.map { JSON($0) }),
            ],
            "node": [
                "id": JSON(Machine.hostname),
                "namespace": JSON(node.namespace),
                "labels": .object(
                    node.labels.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }),
            ],
            "ports": .object(servers.map { ($0.name, JSON("\($0.address)")) }),
        ]
        responder.send(ServerResponse(contentType: "application/json", body: info.prettyBytes))
    }
}
