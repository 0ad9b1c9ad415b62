// Decodes one HTTP rule: what it matches and where it leads.
// The rarely used fields are gathered in a local and boxed only when one of them was there.

extension FieldReader {
    func httpRoute(_ node: NodeID) -> HTTPRoute {
        var route = HTTPRoute()
        route.position = tree.position(node)
        var options: HTTPRoute.Options?
        var mirrorPercent: Double?
        var fields = open(node, .httpRoute)
        while let (name, value) = next(&fields) {
            switch name {
            case "name": route.name = sharedString(value)
            case "match": route.match = list(value, httpMatch)
            case "route": route.route = list(value, httpRouteDestination)
            case "mirrorPercent":
                deprecated(value, "mirrorPercent", use: "mirrorPercentage")
                mirrorPercent = percent(wholeNumber: value)
            default: httpOption(name, value, fields, &options)
            }
        }
        if let mirrorPercent, options?.mirrorPercentage == nil {
            options = options ?? HTTPRoute.Options()
            options?.mirrorPercentage = mirrorPercent
        }
        if let options { route.options = Box(options) }
        return route
    }

    private func httpOption(
        _ name: String, _ value: NodeID, _ fields: Fields, _ stored: inout HTTPRoute.Options?
    ) {
        var options = stored ?? HTTPRoute.Options()
        switch name {
        case "redirect": options.redirect = httpRedirect(value)
        case "directResponse": options.directResponse = httpDirectResponse(value)
        case "delegate": options.delegate = delegate(value)
        case "rewrite": options.rewrite = httpRewrite(value)
        case "headers": options.headers = headers(value)
        case "timeout": options.timeout = duration(value)
        case "retries": options.retries = httpRetry(value)
        case "fault": options.fault = httpFault(value)
        case "mirror": options.mirror = destination(value)
        case "mirrors": options.mirrors = list(value, httpMirror)
        case "mirrorPercentage": options.mirrorPercentage = percent(value)
        case "corsPolicy": options.corsPolicy = corsPolicy(value)
        default: unread(name, fields)
        }
        stored = options
    }

    private func httpMatch(_ node: NodeID) -> HTTPMatchRequest {
        var match = HTTPMatchRequest()
        match.position = tree.position(node)
        var conditions: HTTPMatchRequest.Conditions?
        var fields = open(node, .httpMatch)
        while let (name, value) = next(&fields) {
            switch name {
            case "uri": match.uri = stringMatch(value, emptyAllowed: false)
            case "ignoreUriCase": match.ignoreUriCase = bool(value)
            default: httpCondition(name, value, fields, &conditions)
            }
        }
        if let conditions { match.conditions = Box(conditions) }
        return match
    }

    private func httpCondition(
        _ name: String, _ value: NodeID, _ fields: Fields,
        _ stored: inout HTTPMatchRequest.Conditions?
    ) {
        var conditions = stored ?? HTTPMatchRequest.Conditions()
        switch name {
        case "name": conditions.name = sharedString(value)
        case "scheme": conditions.scheme = stringMatch(value, emptyAllowed: false)
        case "method": conditions.method = stringMatch(value, emptyAllowed: false)
        case "authority": conditions.authority = stringMatch(value, emptyAllowed: false)
        case "headers": conditions.headers = namedMatches(value)
        case "withoutHeaders": conditions.withoutHeaders = namedMatches(value)
        case "queryParams": conditions.queryParams = namedMatches(value)
        case "port": conditions.port = port(value)
        case "gateways": conditions.gateways = locatedStrings(value)
        case "sourceLabels": conditions.sourceLabels = stringMap(value)
        case "sourceNamespace": conditions.sourceNamespace = sharedString(value)
        case "statPrefix": conditions.statPrefix = string(value)
        default: unread(name, fields)
        }
        stored = conditions
    }

    private func namedMatches(_ node: NodeID) -> [NamedMatch] {
        pairs(node).map { key, value in
            checkKey(key)
            var match = NamedMatch()
            match.position = tree.position(key)
            match.name = strings.string(tree.bytes(key))
            if tree.isNull(value) {
                error(
                    at: key, "`\(match.name)` is compared with nothing",
                    "write exact, prefix or regex under it, or {} for any value")
            } else {
                match.match = stringMatch(value, emptyAllowed: true)
            }
            return match
        }
    }

    /// `{}` is any value for headers and parameters and senseless elsewhere.
    func stringMatch(_ node: NodeID, emptyAllowed: Bool) -> StringMatch {
        var match: StringMatch?
        var fields = open(node, .stringMatch)
        while let (name, value) = next(&fields) {
            if match != nil {
                error(
                    at: value, "more than one of exact, prefix and regex", "keep one of them")
            }
            switch name {
            case "exact": match = .exact(string(value))
            case "prefix": match = .prefix(string(value))
            case "regex": match = .regex(string(value))
            default: unread(name, fields)
            }
        }
        if match == nil, !emptyAllowed, tree.kind(node) == .mapping {
            error(at: node, "none of exact, prefix and regex", "write one of them")
        }
        return match ?? .present
    }

    private func httpRouteDestination(_ node: NodeID) -> HTTPRouteDestination {
        var share = HTTPRouteDestination()
        share.position = tree.position(node)
        var fields = open(node, .httpRouteDestination)
        while let (name, value) = next(&fields) {
            switch name {
            case "destination": share.destination = destination(value)
            case "weight": share.weight = int32(value) ?? 0
            case "headers": share.headers = headers(value)
            default: unread(name, fields)
            }
        }
        return share
    }

    func deprecated(_ node: NodeID, _ name: String, use successor: String) {
        report(.warning, at: node, "`\(name)` is deprecated", "use `\(successor)`")
    }
}
