// What a rule does with the requests it takes: forward by weight, redirect, or answer itself.
// Everything that does not depend on the match block is made once and shared by its routes.
internal import Spec

extension RouteCompiler {
    /// The parts of a route that all match blocks of a rule have in common.
    struct Parts {
        var headers: HeaderMutations?
        var destinations: [WeightedDestination]
        /// `rewrite.authority`, else `host` of the rule's headers: it beats a destination's.
        var authority: [UInt8]?
        var regexRewrite: Rewrite.Path?
        var direct: RouteAction?
        var policy = RoutePolicy.standard
    }

    mutating func parts(of rule: Rule, in scope: Scope) -> Parts {
        let site = Site(
            object: rule.owner, position: rule.route.position, rule: rule.index)
        let options = rule.route.options?.value
        var parts = Parts(headers: nil, destinations: [])
        if let headers = options?.headers {
            parts.headers = mutations(headers, site, "headers")
        }
        if let response = options?.directResponse {
            parts.direct = .direct(
                DirectResponse(status: response.status, body: response.body ?? []))
        }
        guard parts.direct == nil, options?.redirect == nil else { return parts }
        parts.policy = policy(
            of: options, mirrors: mirrors(of: options, rule, site, in: scope), site)
        parts.authority = parts.headers?.authority
        if let rewrite = options?.rewrite {
            if !rewrite.authority.isEmpty { parts.authority = Array(rewrite.authority.utf8) }
            parts.regexRewrite = regexRewrite(rewrite, site, "rewrite.uriRegexRewrite")
        }
        parts.destinations = destinations(
            rule, overruled: parts.authority != nil, site, in: scope)
        return parts
    }

    mutating func route(
        _ rule: Rule, match index: Int?, in scope: Scope, from source: RouteSource
    ) -> Route {
        route(rule, match: index, in: scope, parts: parts(of: rule, in: scope), from: source)
    }

    mutating func route(
        _ rule: Rule, match index: Int?, in scope: Scope, parts: Parts, from source: RouteSource
    ) -> Route {
        let matchName = index.map { rule.route.match[$0].name } ?? ""
        let name = matchName.isEmpty ? rule.route.name : "\(rule.route.name).\(matchName)"
        let asked = index.flatMap { rule.route.match[$0].uri }
        var parts = parts
        if let index, case let prefix = rule.route.match[index].statPrefix, !prefix.isEmpty {
            parts.policy = interned.policy(parts.policy.counted(as: prefix))
        }
        return Route(
            name: name.isEmpty ? "default" : name,
            match: index.map { match(rule, $0) } ?? RouteMatch(path: .any),
            action: action(rule, asked: asked, parts: parts, in: scope),
            headers: parts.headers,
            source: source, position: rule.position(ofMatch: index),
            place: RulePlace(rule: rule.index, match: index))
    }

    private mutating func action(
        _ rule: Rule, asked: StringMatch?, parts: Parts, in scope: Scope
    ) -> RouteAction {
        if let direct = parts.direct { return direct }
        if let redirect = rule.route.redirect {
            return .redirect(self.redirect(redirect, asked: asked, in: scope))
        }
        let rewrite = self.rewrite(rule.route.rewrite, asked: asked, parts: parts)
        if rewrite == nil, parts.destinations.count == 1, parts.destinations[0].headers == nil {
            return .forward(
                interned.forward(to: parts.destinations[0], policy: parts.policy))
        }
        return .forward(
            Forward(destinations: parts.destinations, rewrite: rewrite, policy: parts.policy))
    }

    /// One destination gets everything whatever its weight; of several, those without weight
    /// nothing. The validator has refused a total of 0 before.
    private mutating func destinations(
        _ rule: Rule, overruled: Bool, _ site: Site, in scope: Scope
    ) -> [WeightedDestination] {
        let isSingle = rule.route.route.count == 1
        var result: [WeightedDestination] = []
        for (index, share) in rule.route.route.enumerated() where isSingle || share.weight > 0 {
            let answer = destination(
                share.destination, in: rule.owner, in: scope,
                path: site.path("route[\(index)].destination"))
            let headers = share.headers.flatMap {
                mutations(
                    $0, site.at(share.position), "route[\(index)].headers",
                    keepsAuthority: !overruled)
            }
            result.append(
                WeightedDestination(
                    cluster: answer.cluster, clusterName: answer.name,
                    weight: isSingle ? 1 : UInt32(share.weight), headers: headers))
        }
        let total = result.reduce(UInt64(0)) { $0 + UInt64($1.weight) }
        guard total == 0 || total > UInt64(UInt32.max) else { return result }
        findings.report(
            .error, rule.owner, at: rule.route.position, site.path("route"),
            "the weights add up to \(total)", advice: "their sum has to be 1 to 4294967295")
        return []
    }

    /// A prefix match swaps the prefix, any other the whole path. A rule without `uri` is, to
    /// Envoy, one with the prefix `/`: only that slash is swapped.
    private func rewrite(_ rewrite: HTTPRewrite?, asked: StringMatch?, parts: Parts) -> Rewrite? {
        var path = parts.regexRewrite ?? .unchanged
        if parts.regexRewrite == nil, let uri = rewrite?.uri, !uri.isEmpty {
            path = Self.swap(asked, for: Array(uri.utf8))
        }
        if case .unchanged = path, parts.authority == nil { return nil }
        return Rewrite(path: path, authority: parts.authority)
    }

    private static func swap(_ asked: StringMatch?, for uri: [UInt8]) -> Rewrite.Path {
        switch asked {
        case .prefix(let prefix): .prefix(matchedLength: prefix.utf8.count, replacement: uri)
        case nil, .present: .prefix(matchedLength: 1, replacement: uri)
        case .exact, .regex: .full(uri)
        }
    }

    private mutating func regexRewrite(
        _ rewrite: HTTPRewrite, _ site: Site, _ path: String
    ) -> Rewrite.Path? {
        guard let wanted = rewrite.uriRegexRewrite,
            let regex = regex(wanted.match, site.at(rewrite.position), "\(path).match")
        else { return nil }
        let replacement = Array(wanted.rewrite.utf8)
        do {
            try regex.check(replacement: replacement)
        } catch {
            findings.report(
                .error, site.object, at: site.at(rewrite.position).position,
                site.path("\(path).rewrite"),
                "the rewrite \"\(wanted.rewrite)\" does not fit the regex \"\(wanted.match)\": "
                    + "\(error)",
                advice: "\\1 is the first group in parentheses, and a backslash is \\\\")
        }
        return .regex(regex, replacement: replacement)
    }

    /// The port is written only where it is not what the scheme means anyway (Istio ApplyRedirect).
    private func redirect(
        _ redirect: HTTPRedirect, asked: StringMatch?, in scope: Scope
    ) -> Redirect {
        var path = Redirect.Path.unchanged
        if !redirect.uri.isEmpty {
            path = .full(Array(redirect.uri.utf8))
        } else if !redirect.prefixRewrite.isEmpty {
            let replacement = Array(redirect.prefixRewrite.utf8)
            switch asked {
            case .prefix(let prefix):
                path = .prefix(matchedLength: prefix.utf8.count, replacement: replacement)
            case nil, .present: path = .prefix(matchedLength: 1, replacement: replacement)
            case .exact, .regex: path = .full(replacement)
            }
        }
        var port = Redirect.Port.fromProtocolDefault
        let written =
            redirect.port
            ?? (redirect.derivePort == .fromRequestPort
                ? scope.declaredPort : nil)
        if let written {
            let isDefault = written == (redirect.scheme == "https" ? 443 : 80)
            if !isDefault { port = redirect.port == nil ? .fromRequestPort : .number(written) }
        }
        return Redirect(
            status: redirect.redirectCode ?? 301, path: path,
            authority: redirect.authority.isEmpty ? nil : Array(redirect.authority.utf8),
            scheme: redirect.scheme.isEmpty ? nil : Array(redirect.scheme.utf8), port: port)
    }
}
