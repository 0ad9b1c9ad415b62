// The fields of an HTTP rule's policies: retry, fault, mirror, CORS.
// Deprecated spellings have rows of their own, so that documentation shows them.

extension MessageTable {
    static let httpRetry = MessageTable(
        "HTTPRetry",
        [
            FieldRow("attempts", .integer("int32"), "0 switches retries off."),
            FieldRow("perTryTimeout", .duration, "The whole timeout by default."),
            FieldRow("retryOn", .string, "Conditions, separated by commas."),
            FieldRow("retryRemoteLocalities", .bool, "Also in other places."),
            FieldRow(
                "retryIgnorePreviousHosts", .bool, "Not where it failed before."),
            FieldRow("backoff", .duration, "Base of the pause; 25 ms by default."),
        ])

    static let httpFault = MessageTable(
        "HTTPFaultInjection",
        [
            FieldRow("delay", .message(faultDelay), "Waits first."),
            FieldRow("abort", .message(faultAbort), "Answers with an error."),
        ])

    static let faultDelay = MessageTable(
        "Delay",
        [
            FieldRow(
                "percent", .integer("int32"), "Deprecated; use `percentage`."),
            FieldRow("fixedDelay", .duration, "At least 1 ms."),
            FieldRow(
                "exponentialDelay", .duration, .decodesOnly, "Not implemented by Istio either."),
            FieldRow(
                "percentage", .message(percent),
                "How many requests; none where it says nothing."),
        ])

    static let faultAbort = MessageTable(
        "Abort",
        [
            FieldRow("httpStatus", .integer("int32"), "200 to 599."),
            FieldRow("grpcStatus", .string, "A name or number."),
            FieldRow("http2Error", .string, .decodesOnly, "Not implemented by Istio either."),
            FieldRow(
                "percentage", .message(percent),
                "How many requests; none where it says nothing."),
        ])

    static let percent = MessageTable(
        "Percent", usualField: "value",
        [
            FieldRow("value", .double, "0.0 to 100.0.")
        ])

    static let httpMirror = MessageTable(
        "HTTPMirrorPolicy",
        [
            FieldRow("destination", .message(destination), "A service."),
            FieldRow("percentage", .message(percent), "All by default."),
        ])

    static let corsPolicy = MessageTable(
        "CorsPolicy",
        [
            FieldRow(
                "allowOrigin", .list(.string), "Deprecated; use `allowOrigins`."),
            FieldRow("allowOrigins", .list(.message(stringMatch)), "Any of them."),
            FieldRow("allowMethods", .list(.string), "For preflights."),
            FieldRow("allowHeaders", .list(.string), "For preflights."),
            FieldRow("exposeHeaders", .list(.string), "What scripts may read."),
            FieldRow("maxAge", .duration, "Whole seconds."),
            FieldRow("allowCredentials", .bool, "Cookies and the like."),
            FieldRow(
                "unmatchedPreflights", .choice(CorsPolicy.UnmatchedPreflights.self),
                "FORWARD by default."),
        ])
}
