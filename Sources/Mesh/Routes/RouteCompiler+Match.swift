// From a match block to what is asked of a request.
// `port`, `gateways`, `sourceLabels` and `sourceNamespace` are gone by now; a block of nothing else
// asks nothing.
internal import Spec

extension RouteCompiler {
    mutating func match(_ rule: Rule, _ index: Int) -> RouteMatch {
        let block = rule.route.match[index]
        let site = Site(
            object: rule.matchOwner, position: block.position, rule: rule.index, match: index)
        let (uri, ignoresCase) = self.uri(block, site)
        guard let extra = block.conditions?.value else {
            return RouteMatch(path: uri, ignoresPathCase: ignoresCase)
        }
        var conditions: [RouteCondition] = []
        if let method = extra.method {
            conditions.append(.method(matcher(method, site, "method")))
        }
        if let scheme = extra.scheme {
            conditions.append(.scheme(matcher(scheme, site, "scheme")))
        }
        if let authority = extra.authority {
            conditions.append(.authority(matcher(authority, site, "authority")))
        }
        for named in extra.headers {
            conditions.append(
                header(named, isNegated: false, site.at(named.position), "headers"))
        }
        for named in extra.withoutHeaders {
            conditions.append(
                header(named, isNegated: true, site.at(named.position), "withoutHeaders"))
        }
        for named in extra.queryParams {
            let matcher = matcher(
                named.match, site.at(named.position), "queryParams")
            conditions.append(.queryParameter(name: interned.bytes(named.name), matcher))
        }
        return RouteMatch(path: uri, ignoresPathCase: ignoresCase, conditions: conditions)
    }

    private mutating func uri(
        _ block: HTTPMatchRequest, _ site: Site
    ) -> (RouteMatch.Path, ignoresCase: Bool) {
        let ignoresCase = block.ignoreUriCase
        switch block.uri {
        case nil, .present: return (.any, false)
        case .exact(let text):
            return (.exact(interned.bytes(ignoresCase ? text.lowercased() : text)), ignoresCase)
        case .prefix(let text):
            return (.prefix(interned.bytes(ignoresCase ? text.lowercased() : text)), ignoresCase)
        case .regex(let pattern):
            guard let regex = regex(pattern, site, "uri.regex") else {
                return (.any, false)
            }
            return (.regex(regex), false)
        }
    }

    /// Envoy treats `:method` and its like as header names, and so do match blocks.
    private mutating func header(
        _ named: NamedMatch, isNegated: Bool, _ site: Site, _ path: String
    ) -> RouteCondition {
        let name = named.name.lowercased()
        if name.hasPrefix("@request.auth.claims") {
            return .never(reason: "JWT claims are not matched yet")
        }
        let matcher = matcher(named.match, site, path)
        let pseudo: RouteCondition? =
            switch name {
            case ":method": .method(matcher)
            case ":scheme": .scheme(matcher)
            case ":authority", "host": .authority(matcher)
            case ":path": .pathAndQuery(matcher)
            default: nil
            }
        if let pseudo { return isNegated ? .not(pseudo) : pseudo }
        let bytes = interned.bytes(name)
        return isNegated
            ? .withoutHeader(name: bytes, matcher) : .header(name: bytes, matcher)
    }

    /// On header fields and query parameters the regex `*`, which is none, means presence.
    private mutating func matcher(
        _ match: StringMatch, _ site: Site, _ path: String
    ) -> StringMatcher {
        switch match {
        case .present: return .present
        case .exact(let text): return .exact(interned.bytes(text))
        case .prefix(let text): return .prefix(interned.bytes(text))
        case .regex("*"): return .present
        case .regex(let pattern):
            return regex(pattern, site, path).map { .regex($0) } ?? .present
        }
    }

    /// Nil after reporting the error, which keeps the whole snapshot from coming to be.
    mutating func regex(_ pattern: String, _ site: Site, _ path: String) -> Regex? {
        do {
            return try interned.regex(pattern)
        } catch {
            findings.report(
                .error, site.object, at: site.position, site.path(path),
                "the regex \"\(pattern)\" is not valid: \(error)",
                advice: "regexes are RE2's (https://github.com/google/re2/wiki/Syntax): no "
                    + "look-around, no back references")
            return nil
        }
    }

    /// What a message points at.
    struct Site {
        let object: VirtualService
        let position: Position
        let rule: Int
        var match: Int?

        func at(_ position: Position) -> Site {
            position.isKnown
                ? Site(object: object, position: position, rule: rule, match: match) : self
        }

        /// `spec.http[0].match[1].uri`; made only for messages, for it costs more than the rule.
        func path(_ field: String) -> String {
            "spec.\(RulePlace(rule: rule, match: match)).\(field)"
        }
    }
}
