// Checks redirects, direct responses, rewrites and header operations of HTTP rules.
// What a client or an upstream would make of a wrong one is worse than a refusal here.

extension Findings {
    mutating func check(_ redirect: HTTPRedirect, matches: [HTTPMatchRequest]) {
        let says =
            !redirect.uri.isEmpty || !redirect.prefixRewrite.isEmpty
            || !redirect.authority.isEmpty || redirect.port != nil || redirect.derivePort != nil
            || !redirect.scheme.isEmpty
        if !says {
            error(
                message: "a redirect to the same place",
                advice: "write one of `uri`, `prefixRewrite`, `authority`, `port` and `scheme`")
        }
        if redirect.port != nil, redirect.derivePort != nil {
            error(
                .field("derivePort"), message: "both `port` and `derivePort`",
                advice: "keep one of them")
        }
        if !redirect.scheme.isEmpty, redirect.scheme != "http", redirect.scheme != "https" {
            error(
                .field("scheme"), message: "`\(redirect.scheme)` is no scheme for a redirect",
                advice: "write http or https")
        }
        if let code = redirect.redirectCode, ![301, 302, 303, 307, 308].contains(code) {
            error(
                .field("redirectCode"), message: "\(code) is no redirect",
                advice: "write 301, 302, 303, 307 or 308")
        }
        guard !redirect.prefixRewrite.isEmpty else { return }
        if !redirect.uri.isEmpty {
            error(
                .field("prefixRewrite"), message: "both `uri` and `prefixRewrite`",
                advice: "keep one of them")
        }
        let allPrefixes = matches.allSatisfy { if case .prefix = $0.uri { true } else { false } }
        if matches.isEmpty || !allPrefixes {
            error(
                .field("prefixRewrite"), message: "`prefixRewrite` without a prefix to rewrite",
                advice: "match `uri.prefix`, or write `uri`")
        }
    }

    mutating func check(_ response: HTTPDirectResponse) {
        if !(200...599).contains(response.status) {
            error(
                .field("status"), message: "\(response.status) is no status for an answer",
                advice: "200 to 599 are allowed")
        }
        guard let body = response.body else { return }
        if body.count > SpecLimits.directResponseBytesMax {
            error(
                .field("body"), message: "a body of \(body.count) bytes",
                advice: "at most \(SpecLimits.directResponseBytesMax) are allowed")
        } else if body.count > 100 << 10 {
            warning(
                .field("body"), message: "a body of \(body.count) bytes lives in memory",
                advice: "serve large files from an upstream")
        }
    }

    mutating func check(_ rewrite: HTTPRewrite) {
        if rewrite.uri.isEmpty, rewrite.authority.isEmpty, rewrite.uriRegexRewrite == nil {
            error(
                message: "a rewrite that changes nothing",
                advice: "write one of `uri`, `uriRegexRewrite` and `authority`")
        }
        guard let regex = rewrite.uriRegexRewrite else { return }
        if !rewrite.uri.isEmpty {
            error(
                .field("uriRegexRewrite"), message: "both `uri` and `uriRegexRewrite`",
                advice: "keep one of them")
        }
        if regex.match.isEmpty || regex.rewrite.isEmpty {
            error(
                .field("uriRegexRewrite"), message: "`match` and `rewrite` belong together",
                advice: "write both")
        } else {
            check(regex: regex.match, .field("uriRegexRewrite"), .field("match"))
        }
    }

    mutating func check(_ headers: Headers) {
        enter("request")
        check(headers.request, authorityAllowed: true)
        leave()
        enter("response")
        check(headers.response, authorityAllowed: false)
        leave()
    }

    private mutating func check(_ operations: Headers.Operations, authorityAllowed: Bool) {
        for (field, pairs) in [("set", operations.set), ("add", operations.add)] {
            for pair in pairs {
                enter(field)
                let lowered = pair.name.lowercased()
                let isAuthority = lowered == ":authority" || lowered == "host"
                if !(isAuthority && authorityAllowed) {
                    check(headerName: pair.name, at: .field(pair.name))
                }
                check(headerValue: pair.value, at: .field(pair.name))
                leave()
            }
        }
        for (index, name) in operations.remove.enumerated() {
            enter("remove")
            check(headerName: name.value, at: .index(index))
            leave()
        }
    }

    private mutating func check(headerName name: String, at step: PathStep) {
        if name.lowercased() == "host" || name.hasPrefix(":") {
            error(
                step, message: "the header `\(name)` cannot be changed here",
                advice: "use `rewrite.authority` for the host")
        } else if !NameSyntax.isToken(name) {
            error(
                step, message: "`\(name)` cannot be the name of a header",
                advice: "use letters, digits and dashes")
        }
    }

    /// RFC 9110, 5.5, and Envoy's format: every `%` opens an operator that another closes.
    private mutating func check(headerValue value: String, at step: PathStep) {
        let isControl = { (byte: UInt8) in (byte < 0x20 && byte != 0x09) || byte == 0x7F }
        if value.utf8.contains(where: isControl) {
            error(step, message: "a line break or control character in a header's value")
        }
        var rest = value.utf8[...]
        while let percent = rest.firstIndex(of: UInt8(ascii: "%")) {
            rest = rest[rest.index(after: percent)...]
            guard let close = rest.firstIndex(of: UInt8(ascii: "%")) else {
                return error(
                    step, message: "a `%` that starts no operator", advice: "write `%%`")
            }
            let name = rest[..<close].prefix { $0 != UInt8(ascii: "(") && $0 != UInt8(ascii: ":") }
            let isOperator = name.allSatisfy {
                (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
            }
            if !isOperator {
                return error(
                    step, message: "a `%` that starts no operator", advice: "write `%%`")
            }
            rest = rest[rest.index(after: close)...]
        }
    }
}
