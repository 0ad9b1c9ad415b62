// The admin port: who may ask, what for, and the small answers.
internal import HTTP
internal import Net
internal import Proxy
internal import Telemetry

extension ProxyProcess {
    func answerAdmin(_ request: ServerRequest, _ responder: Responder) {
        if let objection = RequestGuard().objection(to: request) {
            responder.send(.text(objection + "\n", status: 403))
            return
        }
        guard let row = AdminPath.find(request.path) else {
            responder.send(.text("no such path\n\n" + AdminPath.helpText, status: 404))
            return
        }
        guard row.method.allows(request.method) else {
            responder.send(.methodNotAllowed(row.method.allowed))
            return
        }
        row.answer(self, request, responder)
    }

    func setHealth(_ isHealthy: Bool, _ responder: Responder) {
        self.isHealthy = isHealthy
        log.info("admin", isHealthy ? "readiness by the truth again" : "readiness set to fail")
        responder.send(.text("OK\n"))
    }

    func resetCounters(_ responder: Responder) {
        crew.ask(withinMs: Self.gatherMs) { worker, _ in
            worker.metrics.resetCounters()
        } then: { _ in
            responder.send(.text("OK\n"))
        }
    }

    /// As Envoy: the active level after what was asked for has been done.
    func answerLogging(_ request: ServerRequest, _ responder: Responder) {
        let items = request.queryItems
        let wanted = items.value(of: "level") ?? request.form.value(of: "level")
        if let wanted {
            guard request.method == .post else {
                responder.send(.methodNotAllowed("POST"))
                return
            }
            guard let level = LogLevel(name: wanted) else {
                let levels = LogLevel.allCases.map(\.name).joined(separator: ", ")
                responder.send(.text("no level \"\(wanted)\"; use \(levels)\n", status: 400))
                return
            }
            log.level = level
        }
        responder.send(.text("active loggers:\n  isthmus: \(log.level.name)\n"))
    }

    func answerIndex(_ request: ServerRequest, _ responder: Responder) {
        let accepted = request.value(of: "accept") ?? "*/*"
        if accepted.contains("text/html") || accepted.contains("*/*") {
            responder.send(.html(IndexPage.render(self)))
        } else {
            responder.send(.text(AdminPath.helpText))
        }
    }
}
