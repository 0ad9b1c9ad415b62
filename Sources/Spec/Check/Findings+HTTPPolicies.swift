// Checks retry, fault, mirror and CORS policies as Istio's validation does.
// What it would refuse is refused here too, before it changes what is served.

extension Findings {
    mutating func checkPolicies(_ options: HTTPRoute.Options) {
        if let retries = options.retries {
            enter("retries")
            check(retries)
            leave()
        }
        if let fault = options.fault {
            enter("fault")
            check(fault)
            leave()
        }
        if let policy = options.corsPolicy {
            enter("corsPolicy")
            check(policy)
            leave()
        }
        if let mirror = options.mirror {
            enter("mirror")
            checkFields(of: mirror)
            leave()
            if !options.mirrors.isEmpty {
                error(
                    .field("mirrors"), message: "both `mirror` and `mirrors`",
                    advice: "keep one of them")
            }
        }
        for (index, mirror) in options.mirrors.enumerated() {
            enter("mirrors", index)
            check(mirror.destination)
            leave()
        }
    }

    private mutating func check(_ retry: HTTPRetry) {
        let attempts = retry.attempts ?? 0
        if attempts < 0 {
            error(
                .field("attempts"), message: "\(attempts) attempts", advice: "write 0 or more")
        }
        let saysMore =
            retry.perTryTimeout != nil || !retry.retryOn.isEmpty
            || retry.retryRemoteLocalities != nil
        if attempts <= 0, saysMore {
            error(
                message: "retries are off without `attempts`, and more is said about them",
                advice: "write `attempts`, 1 or more")
        }
        for token in retry.retryOn.split(separator: ",", omittingEmptySubsequences: false)
        where !retry.retryOn.isEmpty {
            check(condition: String(token))
        }
    }

    private mutating func check(condition token: String) {
        let word = String(token.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        let isStatus = Int(word).map { (100...599).contains($0) } ?? false
        guard isStatus || HTTPRetry.conditions.contains(word) else {
            let near = Spelling.nearest(to: word, among: HTTPRetry.conditions)
            error(
                .field("retryOn"), message: "`\(token)` is no condition for a retry",
                advice: near.map { "did you mean `\($0)`?" }
                    ?? "they are \(HTTPRetry.conditions.joined(separator: ", ")) or a status")
            return
        }
        guard word != token else { return }
        // Its converter takes them all the same, so files that came past its webhook have them.
        warning(
            .field("retryOn"), message: "`\(token)` has blanks, which Istio's validation refuses",
            advice: "write the conditions with commas alone")
    }

    private mutating func check(_ fault: HTTPFaultInjection) {
        if fault.delay == nil, fault.abort == nil {
            error(message: "a fault without `delay` and `abort`", advice: "write one of them")
        }
        if let delay = fault.delay {
            enter("delay")
            if delay.fixedDelay == nil {
                error(
                    message: delay.exponentialDelay == nil
                        ? "a delay without `fixedDelay`"
                        : "`exponentialDelay` is not implemented, by Istio neither",
                    advice: "write `fixedDelay`, such as 5s")
            } else if delay.percentage == nil {
                warning(
                    message: "a delay without `percentage` delays nothing",
                    advice: "write `percentage: {value: 100}` for every request")
            }
            leave()
        }
        if let abort = fault.abort {
            enter("abort")
            check(abort)
            leave()
        }
    }

    private mutating func check(_ abort: HTTPFaultInjection.Abort) {
        let kinds = [abort.httpStatus != nil, !abort.grpcStatus.isEmpty, !abort.http2Error.isEmpty]
            .count { $0 }
        if kinds == 0 {
            error(message: "an abort without `httpStatus`", advice: "write it, such as 503")
        } else if kinds > 1 {
            error(message: "an abort in more than one way", advice: "keep one of them")
        } else if !abort.http2Error.isEmpty {
            error(
                .field("http2Error"),
                message: "`http2Error` is not implemented, by Istio neither",
                advice: "write `httpStatus`")
        }
        if let status = abort.httpStatus, !(200...599).contains(status) {
            error(
                .field("httpStatus"), message: "\(status) is no status for an answer",
                advice: "200 to 599 are allowed")
        }
        if !abort.grpcStatus.isEmpty, HTTPFaultInjection.grpcStatus(abort.grpcStatus) == nil {
            let near = Spelling.nearest(
                to: abort.grpcStatus, among: HTTPFaultInjection.grpcStatuses)
            error(
                .field("grpcStatus"), message: "`\(abort.grpcStatus)` is no gRPC status",
                advice: near.map { "did you mean `\($0)`?" } ?? "write a name such as UNAVAILABLE")
        }
        if abort.percentage == nil {
            warning(
                message: "an abort without `percentage` aborts nothing",
                advice: "write `percentage: {value: 100}` for every request")
        }
    }

    private mutating func check(_ policy: CorsPolicy) {
        for (index, origin) in policy.allowOrigins.enumerated() {
            switch origin {
            case .prefix(""):
                error(
                    .field("allowOrigins"), .index(index), message: "an empty prefix",
                    advice: "write `regex: .*` for every origin")
            case .regex(let pattern):
                enter("allowOrigins", index)
                check(regex: pattern, .field("regex"))
                leave()
            default: break
            }
        }
        let methods = [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*",
        ]
        for (index, method) in policy.allowMethods.enumerated() where !methods.contains(method) {
            error(
                .field("allowMethods"), .index(index), message: "`\(method)` is no method",
                advice: methods.contains(method.uppercased())
                    ? "write `\(method.uppercased())`"
                    : "they are \(methods.joined(separator: ", "))")
        }
        for (field, names) in [
            ("allowHeaders", policy.allowHeaders), ("exposeHeaders", policy.exposeHeaders),
        ] {
            for (index, name) in names.enumerated() where !NameSyntax.isToken(name) {
                error(
                    .field(field), .index(index),
                    message: "`\(name)` cannot be the name of a header",
                    advice: "use letters, digits and dashes")
            }
        }
        if let maxAge = policy.maxAge, maxAge.components.attoseconds != 0 {
            error(
                .field("maxAge"), message: "`maxAge` is counted in whole seconds",
                advice: "write it without a fraction")
        }
    }
}
