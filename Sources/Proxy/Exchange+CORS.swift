// Cross-origin requests (Fetch, "CORS protocol"): preflights are answered here, and answers to
// other requests say which site's scripts may read them.
// As Envoy's filter, to the letter: the route is chosen before, nothing is ever refused, and what
// the endpoint says in the same fields is overruled where the origin is one of the policy's.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    /// Notes whether the answer is for an origin of the policy. True for a preflight that has been
    /// answered; the exchange is over then.
    func answersPreflight(_ policy: CORSPolicy) -> Bool {
        guard let origin = request.value(of: .origin), !origin.isEmpty else { return false }
        allowsOrigin = policy.allows(origin.span)
        client?.listener.httpStats.add(allowsOrigin ? .corsOriginValid : .corsOriginInvalid)
        guard request.method == .options,
            let method = request.value(named: ByteView("access-control-request-method")),
            !method.isEmpty, allowsOrigin || !policy.forwardsUnmatched
        else { return false }
        var answer = Reply(status: 200, details: ResponseDetails.corsResponse)
        answer.isPreflight = true
        reply(answer)
        return true
    }

    /// What only a preflight is told; `appendCORSFields` says the rest.
    func appendPreflightFields(to out: inout Buffer) {
        guard let policy = forward?.policy.cors else { return }
        if policy.allowsCredentials, !allowsOrigin {
            out.append("access-control-allow-credentials: true\r\n")
        }
        append(
            policy.allowMethods, named: "access-control-allow-methods: ",
            asked: "access-control-request-method", to: &out)
        append(
            policy.allowHeaders, named: "access-control-allow-headers: ",
            asked: "access-control-request-headers", to: &out)
        guard !policy.maxAge.isEmpty else { return }
        out.append("access-control-max-age: ")
        out.append(policy.maxAge)
        out.append("\r\n")
    }

    /// `*` is answered with what was asked for: with credentials browsers take it for a name.
    private func append(
        _ list: [UInt8], named name: StaticString, asked: StaticString, to out: inout Buffer
    ) {
        guard !list.isEmpty else { return }
        out.append(name)
        if list == [0x2a] {
            if let value = request.value(named: ByteView(asked)) { out.append(value) }
        } else {
            out.append(list)
        }
        out.append("\r\n")
    }

    /// What every answer to a script of an allowed origin says, the proxy's own as well: without it
    /// a browser shows its script nothing of them.
    func appendCORSFields(to out: inout Buffer) {
        guard allowsOrigin, let policy = forward?.policy.cors,
            let origin = request.value(of: .origin)
        else { return }
        out.append("access-control-allow-origin: ")
        out.append(origin)
        out.append("\r\n")
        if policy.allowsCredentials { out.append("access-control-allow-credentials: true\r\n") }
        guard !policy.exposeHeaders.isEmpty else { return }
        out.append("access-control-expose-headers: ")
        out.append(policy.exposeHeaders)
        out.append("\r\n")
    }

    /// Drops what the endpoint said and `appendCORSFields` says anew.
    func dropOverruledCORSFields() {
        guard allowsOrigin else { return }
        for index in response.fields.indices where response.fields[index].id == .other {
            if overrulesInCORS(response.name(response.fields[index])) {
                response.fields[index].isDropped = true
            }
        }
    }

    /// Two fields of one of these names are as good as none to a browser.
    func overrulesInCORS(_ name: ByteView) -> Bool {
        guard allowsOrigin, let policy = forward?.policy.cors,
            name.hasPrefixIgnoringCase("access-control-")
        else { return false }
        return name.equalsIgnoringCase("access-control-allow-origin")
            || policy.allowsCredentials
                && name.equalsIgnoringCase("access-control-allow-credentials")
            || !policy.exposeHeaders.isEmpty
                && name.equalsIgnoringCase("access-control-expose-headers")
    }
}
