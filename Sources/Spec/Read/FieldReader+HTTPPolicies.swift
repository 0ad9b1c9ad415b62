// Decodes an HTTP rule's policies: retry, fault, mirror, CORS.
// Deprecated spellings are folded into their successors here and nowhere else.

extension FieldReader {
    func httpRetry(_ node: NodeID) -> HTTPRetry {
        var retry = HTTPRetry()
        retry.position = tree.position(node)
        var fields = open(node, .httpRetry)
        while let (name, value) = next(&fields) {
            switch name {
            case "attempts": retry.attempts = int32(value)
            case "perTryTimeout": retry.perTryTimeout = duration(value)
            case "retryOn": retry.retryOn = string(value)
            case "retryRemoteLocalities": retry.retryRemoteLocalities = bool(value)
            case "retryIgnorePreviousHosts": retry.retryIgnorePreviousHosts = bool(value)
            case "backoff": retry.backoff = duration(value)
            default: unread(name, fields)
            }
        }
        return retry
    }

    func httpFault(_ node: NodeID) -> HTTPFaultInjection {
        var fault = HTTPFaultInjection()
        fault.position = tree.position(node)
        var fields = open(node, .httpFault)
        while let (name, value) = next(&fields) {
            switch name {
            case "delay": fault.delay = faultDelay(value)
            case "abort": fault.abort = faultAbort(value)
            default: unread(name, fields)
            }
        }
        return fault
    }

    private func faultDelay(_ node: NodeID) -> HTTPFaultInjection.Delay {
        var delay = HTTPFaultInjection.Delay()
        delay.position = tree.position(node)
        var percent: Double?
        var fields = open(node, .faultDelay)
        while let (name, value) = next(&fields) {
            switch name {
            case "percent":
                deprecated(value, "percent", use: "percentage.value")
                percent = self.percent(wholeNumber: value)
            case "fixedDelay": delay.fixedDelay = duration(value, zeroAllowed: false)
            case "exponentialDelay": delay.exponentialDelay = duration(value)
            case "percentage": delay.percentage = self.percent(value)
            default: unread(name, fields)
            }
        }
        delay.percentage = delay.percentage ?? percent
        return delay
    }

    private func faultAbort(_ node: NodeID) -> HTTPFaultInjection.Abort {
        var abort = HTTPFaultInjection.Abort()
        abort.position = tree.position(node)
        var fields = open(node, .faultAbort)
        while let (name, value) = next(&fields) {
            switch name {
            case "httpStatus": abort.httpStatus = integer(value, UInt16.self)
            case "grpcStatus": abort.grpcStatus = string(value)
            case "http2Error": abort.http2Error = string(value)
            case "percentage": abort.percentage = percent(value)
            default: unread(name, fields)
            }
        }
        return abort
    }

    /// `{value: 12.5}`; a message without a value means 0, protobuf's default.
    func percent(_ node: NodeID) -> Double {
        var percent = 0.0
        var fields = open(node, .percent)
        while let (name, value) = next(&fields) {
            switch name {
            case "value":
                guard let number = double(value) else { continue }
                if !(0...100).contains(number) {
                    error(at: value, "\(number) is no percentage", "0 to 100 are allowed")
                }
                percent = number
            default: unread(name, fields)
            }
        }
        return percent
    }

    func percent(wholeNumber node: NodeID) -> Double? {
        guard let number = int32(node) else { return nil }
        if !(0...100).contains(number) {
            error(at: node, "\(number) is no percentage", "0 to 100 are allowed")
        }
        return Double(number)
    }

    func httpMirror(_ node: NodeID) -> HTTPMirrorPolicy {
        var mirror = HTTPMirrorPolicy()
        mirror.position = tree.position(node)
        var fields = open(node, .httpMirror)
        while let (name, value) = next(&fields) {
            switch name {
            case "destination": mirror.destination = destination(value)
            case "percentage": mirror.percentage = percent(value)
            default: unread(name, fields)
            }
        }
        return mirror
    }

    func corsPolicy(_ node: NodeID) -> CorsPolicy {
        var policy = CorsPolicy()
        policy.position = tree.position(node)
        var exactOrigins: [StringMatch] = []
        var fields = open(node, .corsPolicy)
        while let (name, value) = next(&fields) {
            switch name {
            case "allowOrigin":
                deprecated(value, "allowOrigin", use: "allowOrigins")
                exactOrigins = strings(value).map { .exact($0) }
            case "allowOrigins":
                policy.allowOrigins = list(value) { stringMatch($0, emptyAllowed: false) }
            case "allowMethods": policy.allowMethods = strings(value)
            case "allowHeaders": policy.allowHeaders = strings(value)
            case "exposeHeaders": policy.exposeHeaders = strings(value)
            case "maxAge": policy.maxAge = duration(value)
            case "allowCredentials": policy.allowCredentials = bool(value)
            case "unmatchedPreflights":
                policy.unmatchedPreflights =
                    choice(value, CorsPolicy.UnmatchedPreflights.self) ?? .unspecified
            default: unread(name, fields)
            }
        }
        if policy.allowOrigins.isEmpty { policy.allowOrigins = exactOrigins }
        return policy
    }
}
