// Why a match block lost, in words, with the near misses people stumble over: case, trailing
// slashes, regexes that match the whole path, ports in the authority.

extension Explainer {
    func pathReason(_ route: Route) -> String {
        let asked = request.path
        let folded = route.match.ignoresPathCase ? asked.lowercased() : asked
        switch route.match.path {
        case .any:
            return "the path does not match"
        case .exact(let bytes):
            let wanted = Self.text(bytes)
            let hint =
                Self.slashHint(wanted, folded)
                ?? Self.caseHint(
                    wanted == asked.lowercased() || wanted.lowercased() == asked.lowercased(), route
                )
            return "uri exact \"\(wanted)\" is not \"\(asked)\"\(hint)"
        case .prefix(let bytes):
            let wanted = Self.text(bytes)
            var hint = Self.caseHint(asked.lowercased().hasPrefix(wanted.lowercased()), route)
            if hint.isEmpty, wanted == folded + "/" {
                hint = " (only the slash at the end is missing: write the prefix without it)"
            }
            return "uri prefix \"\(wanted)\" does not match \"\(asked)\"\(hint)"
        case .regex(let regex):
            let pattern = Self.text(regex.pattern)
            var hint = ""
            if let wider = try? Regex(Array("(?:\(pattern)).*".utf8)),
                wider.matchesFully(Array(asked.utf8).span)
            {
                hint = " (a regex has to match the whole path: add .* at its end)"
            }
            return "uri regex \"\(pattern)\" does not match \"\(asked)\"\(hint)"
        }
    }

    func reason(_ condition: RouteCondition) -> String {
        switch condition {
        case .method(let matcher):
            return "method is \(request.method), not \(matcher.text)"
        case .scheme(let matcher):
            return "scheme is \(request.scheme), not \(matcher.text)"
        case .authority(let matcher):
            return "authority is \"\(request.authority)\", not \(matcher.text)"
                + authorityHint(matcher)
        case .header(let name, let matcher):
            guard let value = headers.text(of: name) else {
                return "there is no header \(Self.text(name)), which has to be \(matcher.text)"
            }
            return "header \(Self.text(name)) is \"\(value)\", not \(matcher.text)"
        case .withoutHeader(let name, let matcher):
            let value = headers.text(of: name).map { "\"\($0)\"" } ?? "absent"
            return "header \(Self.text(name)) is \(value), which withoutHeaders excludes "
                + "(\(matcher.text))"
        case .queryParameter(let name, let matcher):
            return "no query parameter \(Self.text(name)) is \(matcher.text)"
                + (request.query.isEmpty ? " (there is no query)" : " in \"\(request.query)\"")
        case .pathAndQuery(let matcher):
            return ":path is \"\(target)\", not \(matcher.text)"
        case .not(let condition):
            return "withoutHeaders excludes what it is: \(Self.words(condition))"
        case .never(let reason):
            return reason
        }
    }

    /// `authority` compares the port, too, which browsers send whenever it is not the default.
    private func authorityHint(_ matcher: StringMatcher) -> String {
        let bytes = Array(request.authority.utf8)
        let length = HostTable.hostLength(of: bytes.span)
        guard length < bytes.count else { return "" }
        let host = Array(bytes[..<length])
        return matcher.matches(host.span)
            ? " (authority is compared with its port: use a prefix or a regex)" : ""
    }

    private static func caseHint(_ isCaseAlone: Bool, _ route: Route) -> String {
        isCaseAlone && !route.match.ignoresPathCase
            ? " (it differs in case alone: set ignoreUriCase)" : ""
    }

    private static func slashHint(_ wanted: String, _ asked: String) -> String? {
        wanted + "/" == asked || wanted == asked + "/"
            ? " (it differs in the slash at the end alone: use a prefix)" : nil
    }

    private static func words(_ condition: RouteCondition) -> String {
        switch condition {
        case .method(let matcher): "method \(matcher.text)"
        case .scheme(let matcher): "scheme \(matcher.text)"
        case .authority(let matcher): "authority \(matcher.text)"
        case .pathAndQuery(let matcher): ":path \(matcher.text)"
        default: "the request"
        }
    }

    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension StringMatcher {
    /// `exactly "jason"`
    var text: String {
        switch self {
        case .exact(let bytes): "exactly \"\(String(decoding: bytes, as: UTF8.self))\""
        case .prefix(let bytes): "with the prefix \"\(String(decoding: bytes, as: UTF8.self))\""
        case .regex(let regex):
            "matched by the regex \"\(String(decoding: regex.pattern, as: UTF8.self))\""
        case .present: "present"
        }
    }
}
