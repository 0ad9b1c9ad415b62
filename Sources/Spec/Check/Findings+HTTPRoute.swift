// Checks an HTTP rule as Istio does (validateHTTPRoute): exactly one action, and matches that can
// match.
// A rule that can never match is a warning at the least: silent 404s are the first complaint.

extension Findings {
    mutating func check(_ route: HTTPRoute, isDelegate: Bool) {
        for (index, match) in route.match.enumerated() {
            enter("match", index)
            check(match)
            leave()
        }
        checkAction(of: route, isDelegate: isDelegate)
        checkDestinations(of: route)
        guard let options = route.options?.value else { return }
        if let headers = options.headers {
            enter("headers")
            check(headers)
            leave()
        }
        if let redirect = options.redirect {
            enter("redirect")
            check(redirect, matches: route.match)
            leave()
        }
        if let response = options.directResponse {
            enter("directResponse")
            check(response)
            leave()
        }
        if let rewrite = options.rewrite {
            enter("rewrite")
            check(rewrite)
            leave()
        }
        if let delegate = options.delegate {
            enter("delegate")
            if delegate.name.isEmpty {
                error(message: "a delegate without a name", advice: "write `name`")
            }
            check(namespace: delegate.namespace, named: "namespace")
            leave()
        }
        checkPolicies(options)
    }

    private mutating func checkAction(of route: HTTPRoute, isDelegate: Bool) {
        let actions = [
            ("route", !route.route.isEmpty), ("redirect", route.redirect != nil),
            ("directResponse", route.directResponse != nil), ("delegate", route.delegate != nil),
        ].filter(\.1).map(\.0)
        if actions.isEmpty {
            error(
                message: "a rule that does nothing",
                advice: "write one of `route`, `redirect`, `directResponse` and `delegate`")
        } else if actions.count > 1 {
            error(
                .field(actions[1]), message: "a rule with \(actions.joined(separator: " and "))",
                advice: "keep one of them; two need two rules")
        }
        if isDelegate, route.delegate != nil {
            error(
                .field("delegate"), message: "a delegate cannot delegate in turn",
                advice: "write the rules here, or `hosts`")
        }
        let answers = route.redirect != nil ? "redirect" : "directResponse"
        guard route.redirect != nil || route.directResponse != nil else { return }
        if route.fault != nil {
            error(
                .field("fault"), message: "`fault` beside `\(answers)`",
                advice: "faults need a `route`")
        }
        if route.rewrite != nil {
            error(
                .field("rewrite"), message: "`rewrite` beside `\(answers)`",
                advice: "a rewrite needs a `route`")
        }
    }

    private mutating func checkDestinations(of route: HTTPRoute) {
        for (index, share) in route.route.enumerated() {
            enter("route", index)
            check(share.destination)
            if let headers = share.headers {
                enter("headers")
                check(headers)
                leave()
            }
            leave()
        }
        if !route.route.isEmpty { check(weights: route.route.map(\.weight)) }
        if route.rewrite.map({ !$0.authority.isEmpty }) ?? false {
            let setters =
                [route.headers].compactMap { $0 } + route.route.compactMap(\.headers)
            if setters.contains(where: \.request.setsAuthority) {
                error(
                    .field("rewrite"), .field("authority"),
                    message: "both `rewrite.authority` and `headers` set the host",
                    advice: "keep one of them")
            }
        }
    }

    // MARK: - Matches

    private mutating func check(_ match: HTTPMatchRequest) {
        switch match.uri {
        case .exact(let path) where !path.hasPrefix("/") && path != "*":
            warning(
                .field("uri"), .field("exact"),
                message: "`\(path)` never matches: every path starts with `/`",
                advice: "write `/\(path)`")
        case .prefix(let path) where !path.isEmpty && !path.hasPrefix("/"):
            warning(
                .field("uri"), .field("prefix"),
                message: "`\(path)` never matches: every path starts with `/`",
                advice: "write `/\(path)`")
        case .regex(let pattern): check(regex: pattern, .field("uri"), .field("regex"))
        default: break
        }
        guard let conditions = match.conditions?.value else { return }
        check(conditions.scheme, at: .field("scheme"))
        check(conditions.method, at: .field("method"))
        check(conditions.authority, at: .field("authority"))
        if case .exact(let method) = conditions.method, method != method.uppercased() {
            warning(
                .field("method"), .field("exact"),
                message: "methods are compared as they are sent, in capitals",
                advice: "write `\(method.uppercased())`")
        }
        check(conditions.headers, in: "headers")
        check(conditions.withoutHeaders, in: "withoutHeaders")
        check(conditions.queryParams, in: "queryParams")
        check(gateways: conditions.gateways)
        check(labels: conditions.sourceLabels, named: "sourceLabels")
        check(namespace: conditions.sourceNamespace, named: "sourceNamespace")
    }

    private mutating func check(_ matches: [NamedMatch], in field: String) {
        for match in matches {
            let steps: [PathStep] = [.field(field), .field(match.name)]
            let isHeader = field != "queryParams"
            if match.name.isEmpty {
                error(.field(field), message: "a condition without a name", advice: "write it")
            } else if isHeader, !match.name.hasPrefix("@request.auth."),
                !NameSyntax.isToken(
                    match.name.hasPrefix(":") ? String(match.name.dropFirst()) : match.name)
            {
                error(
                    steps[0], steps[1], message: "`\(match.name)` cannot be the name of a header",
                    advice: "use letters, digits and dashes")
            }
            check(match.match, at: steps[0], steps[1], starAllowed: isHeader)
        }
    }

    /// An empty prefix matches everything, which is meant only of a path.
    private mutating func check(
        _ match: StringMatch?, at steps: PathStep..., starAllowed: Bool = false
    ) {
        switch match {
        case .prefix(""):
            for step in steps { enter(step) }
            error(.field("prefix"), message: "an empty prefix", advice: "write {} for any value")
            for step in steps.reversed() { leave(step) }
        case .regex(let pattern) where pattern != "*" || !starAllowed:
            for step in steps { enter(step) }
            check(regex: pattern, .field("regex"))
            for step in steps.reversed() { leave(step) }
        default: break
        }
    }

    /// Length and emptiness; whether RE2 takes it is found out when the configuration is compiled.
    mutating func check(regex pattern: String, _ steps: PathStep...) {
        for step in steps { enter(step) }
        if pattern.isEmpty {
            error(message: "an empty regex matches nothing but an empty text", advice: "remove it")
        } else if pattern.utf8.count > SpecLimits.regexLengthMax {
            error(
                message: "a regex of \(pattern.utf8.count) characters, more than "
                    + "\(SpecLimits.regexLengthMax)",
                advice: "make it shorter")
        }
        for step in steps.reversed() { leave(step) }
    }
}

extension Headers.Operations {
    /// Sets the host of the request.
    fileprivate var setsAuthority: Bool {
        (set + add).contains { $0.name.lowercased() == "host" || $0.name == ":authority" }
    }
}
