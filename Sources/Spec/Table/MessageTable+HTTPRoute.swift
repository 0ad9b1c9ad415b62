// The fields of a VirtualService's HTTP rules (networking/v1alpha3/virtual_service.proto).
// Most act on requests one by one; the names are those of the proto file, in its order.

extension MessageTable {
    static let httpRoute = MessageTable(
        "HTTPRoute",
        [
            FieldRow("name", .string, "Shown as the route's name in log and explanation."),
            FieldRow("match", .list(.message(httpMatch)), "Any of them; without it every request."),
            FieldRow("route", .list(.message(httpRouteDestination)), "Where the request goes."),
            FieldRow("redirect", .message(httpRedirect), "Sends the client elsewhere."),
            FieldRow("directResponse", .message(httpDirectResponse), "Answers by itself."),
            FieldRow(
                "delegate", .message(delegate), "Takes the rules of another VirtualService."),
            FieldRow("rewrite", .message(httpRewrite), "Changes path or host on the way."),
            FieldRow("timeout", .duration, "For the whole answer; none by default."),
            FieldRow("retries", .message(httpRetry), "Tries again after failures."),
            FieldRow("fault", .message(httpFault), "Delays or aborts some requests."),
            FieldRow("mirror", .message(destination), "Sends a copy as well."),
            FieldRow(
                "mirrors", .list(.message(httpMirror)), "Sends copies as well."),
            FieldRow(
                "mirrorPercent", .integer("uint32"),
                "Deprecated, also as `mirror_percent`; `mirrorPercentage` is its successor."),
            FieldRow(
                "mirrorPercentage", .message(percent),
                "How many requests are copied; all by default."),
            FieldRow("corsPolicy", .message(corsPolicy), "Answers preflights."),
            FieldRow("headers", .message(headers), "Changes headers on the way."),
        ])

    static let httpMatch = MessageTable(
        "HTTPMatchRequest",
        [
            FieldRow("name", .string, "Shown behind the route's name."),
            FieldRow("uri", .message(stringMatch), "The path, normalised, without the query."),
            FieldRow("scheme", .message(stringMatch), "`http` or `https`."),
            FieldRow("method", .message(stringMatch), "`GET` and so on, in capitals."),
            FieldRow("authority", .message(stringMatch), "The host as sent, with any port."),
            FieldRow(
                "headers", .map(.message(stringMatch)),
                "Names are case-insensitive; `{}` means present."),
            FieldRow("port", .integer("uint32"), "The Gateway's port."),
            FieldRow(
                "sourceLabels", .map(.string),
                "Labels of the client: a sidecar's workload, or the gateway itself."),
            FieldRow("gateways", .list(.string), "Overrides the VirtualService's list."),
            FieldRow(
                "queryParams", .map(.message(stringMatch)),
                "Values as sent, not decoded; `{}` means present."),
            FieldRow("ignoreUriCase", .bool, "For exact and prefix."),
            FieldRow(
                "withoutHeaders", .map(.message(stringMatch)),
                "True where the header is absent or does not match."),
            FieldRow("sourceNamespace", .string, "Namespace of the client, as `sourceLabels`."),
            FieldRow(
                "statPrefix", .string,
                "Statistics of their own: "
                    + "`vhost.<virtual host>.route.<statPrefix>.upstream_rq_*`."),
        ])

    static let stringMatch = MessageTable(
        "StringMatch", usualField: "exact",
        [
            FieldRow("exact", .string, "The whole text."),
            FieldRow("prefix", .string, "Its beginning; `/foo` matches `/foobar`."),
            FieldRow("regex", .string, "RE2, the whole text."),
        ])

    static let httpRouteDestination = MessageTable(
        "HTTPRouteDestination",
        [
            FieldRow("destination", .message(destination), "A service."),
            FieldRow("weight", .integer("int32"), "Its share; a single one gets everything."),
            FieldRow("headers", .message(headers), "For this destination, after the rule's."),
        ])

    static let delegate = MessageTable(
        "Delegate", usualField: "name",
        [
            FieldRow("name", .string, "Of a VirtualService without hosts."),
            FieldRow("namespace", .string, "The same by default."),
        ])

    static let headers = MessageTable(
        "Headers",
        [
            FieldRow("request", .message(headerOperations), "Before it is sent on."),
            FieldRow("response", .message(headerOperations), "Before it is sent back."),
        ])

    static let headerOperations = MessageTable(
        "HeaderOperations",
        [
            FieldRow(
                "set", .map(.string), "Overwrites; `%` starts an operator, `%%` is a percent."),
            FieldRow("add", .map(.string), "Adds another value."),
            FieldRow("remove", .list(.string), "Removes."),
        ])

    static let httpRedirect = MessageTable(
        "HTTPRedirect",
        [
            FieldRow("uri", .string, "Replaces the path; the query stays."),
            FieldRow("authority", .string, "Replaces the host."),
            FieldRow("port", .integer("uint32"), "Replaces the port."),
            FieldRow(
                "derivePort", .choice(HTTPRedirect.PortSelection.self), "Instead of `port`."),
            FieldRow("scheme", .string, "`http` or `https`; the same by default."),
            FieldRow("redirectCode", .integer("uint32"), "301 (default), 302, 303, 307 or 308."),
            FieldRow("prefixRewrite", .string, "Replaces the matched prefix."),
        ])

    static let httpDirectResponse = MessageTable(
        "HTTPDirectResponse",
        [
            FieldRow("status", .integer("uint32"), "200 to 599."),
            FieldRow("body", .message(httpBody), "Up to 1 MiB."),
        ])

    static let httpBody = MessageTable(
        "HTTPBody", usualField: "string",
        [
            FieldRow("string", .string, "As text."),
            FieldRow("bytes", .bytes, "In base64."),
        ])

    static let httpRewrite = MessageTable(
        "HTTPRewrite",
        [
            FieldRow(
                "uri", .string, "Replaces the matched prefix, or the whole path of other matches."),
            FieldRow("authority", .string, "Replaces the host."),
            FieldRow("uriRegexRewrite", .message(regexRewrite), "Instead of `uri`."),
        ])

    static let regexRewrite = MessageTable(
        "RegexRewrite",
        [
            FieldRow("match", .string, "RE2; every place in the path."),
            FieldRow("rewrite", .string, "`\\1` for groups."),
        ])
}
