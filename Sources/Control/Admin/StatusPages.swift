// What load balancers and scrapers ask: ready or not, and the metrics. Reading only, so that these
// ports may be open to others.
internal import HTTP

extension ProxyProcess {
    func answerStatus(_ request: ServerRequest, _ responder: Responder) {
        guard request.method == .get || request.method == .head else {
            responder.send(.methodNotAllowed("GET, HEAD"))
            return
        }
        switch request.path {
        case "/healthz/ready", "/ready": answerReady(responder)
        case "/metrics", "/stats/prometheus": answerPrometheus(request, responder)
        default:
            responder.send(
                .text("served here: /healthz/ready /metrics /stats/prometheus\n", status: 404))
        }
    }

    /// 200 only while requests should come here.
    func answerReady(_ responder: Responder) {
        let word =
            !isHealthy
            ? "FAILED BY /healthcheck/fail" : listenersAreDrained ? "DRAINING" : state.rawValue
        responder.send(.text(word + "\n", status: isReady ? 200 : 503))
    }
}

extension ServerResponse {
    static func methodNotAllowed(_ allowed: String) -> ServerResponse {
        var response = ServerResponse.text("method not allowed; use \(allowed)\n", status: 405)
        response.fields.set("allow", allowed)
        return response
    }
}
