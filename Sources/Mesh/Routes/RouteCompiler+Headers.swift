// Header operations of rules and destinations, with their values taken apart.
// `host` cannot be changed as a header: setting it is a rewrite of the authority, as in Istio, and
// every other pseudo header is dropped.
internal import Spec

extension RouteCompiler {
    /// Nil where nothing remains to be done.
    mutating func mutations(
        _ headers: Headers, _ site: Site, _ path: String, keepsAuthority: Bool = true
    ) -> HeaderMutations? {
        let authority = keepsAuthority ? Self.authority(in: headers.request) : nil
        let request = operations(
            headers.request, site, "\(path).request", reserved: Self.reservedInRequests)
        let response = operations(
            headers.response, site, "\(path).response", reserved: Self.reservedInResponses)
        if request.isEmpty, response.isEmpty, authority == nil { return nil }
        return HeaderMutations(request: request, response: response, authority: authority)
    }

    /// `set` beats `add`; of several, the last.
    private static func authority(in operations: Headers.Operations) -> [UInt8]? {
        let pair =
            operations.set.last { isAuthority($0.name) && !$0.value.isEmpty }
            ?? operations.add.last { isAuthority($0.name) && !$0.value.isEmpty }
        return pair.map { Array($0.value.utf8) }
    }

    private mutating func operations(
        _ written: Headers.Operations, _ site: Site, _ path: String,
        reserved: [String: String]
    ) -> HeaderMutations.Operations {
        var operations = HeaderMutations.Operations()
        for (index, name) in written.remove.enumerated() where !Self.isInternal(name.value) {
            if let why = reserved[name.value.lowercased()] {
                tellOfReserved(name.value, why, site, "\(path).remove[\(index)]")
            } else {
                operations.remove.append(Array(name.value.utf8))
            }
        }
        operations.set = Self.lastOfEach(
            values(written.set, site, "\(path).set", reserved: reserved))
        operations.add = values(written.add, site, "\(path).add", reserved: reserved)
        return operations
    }

    /// Names that differ in their case alone are one field, of which the last is set.
    private static func lastOfEach(
        _ values: [HeaderMutations.HeaderValue]
    ) -> [HeaderMutations.HeaderValue] {
        var seen: Set<String> = []
        return values.reversed().filter {
            seen.insert(String(decoding: $0.name, as: UTF8.self).lowercased()).inserted
        }.reversed()
    }

    /// What says where a message ends and what a connection does is between two neighbours (RFC
    /// 9110 section 7.6.1, RFC 9112 section 6), and a second field of it is how requests are
    /// smuggled.
    private static let reservedEverywhere: [String: String] = Dictionary(
        uniqueKeysWithValues: [
            "content-length", "transfer-encoding", "connection", "keep-alive",
            "proxy-connection", "upgrade", "te", "trailer",
        ].map { ($0, "it belongs to the connection and is the proxy's to write") })

    private static let reservedInRequests = reservedEverywhere.merging([
        "x-envoy-attempt-count": "the proxy writes it, as Envoy, behind the rule's operations",
        "x-envoy-expected-rq-timeout-ms":
            "the proxy writes it, as Envoy, behind the rule's operations",
        "x-envoy-original-path": "the proxy writes it, as Envoy, behind the rule's operations",
    ]) { $1 }

    private static let reservedInResponses = reservedEverywhere.merging([
        "server": "the proxy writes it, as Envoy, behind the rule's operations; --server-name "
            + "says what"
    ]) { $1 }

    private mutating func tellOfReserved(
        _ name: String, _ why: String, _ site: Site, _ path: String
    ) {
        findings.report(
            .warning, site.object, at: site.position, site.path(path),
            "the header \(name) is left as it is: \(why)", advice: "remove this line")
    }

    /// By name, as Istio sorts them: a map has no order of its own.
    private mutating func values(
        _ pairs: [Headers.Pair], _ site: Site, _ path: String, reserved: [String: String]
    ) -> [HeaderMutations.HeaderValue] {
        var values: [HeaderMutations.HeaderValue] = []
        for pair in pairs.sorted(by: { $0.name < $1.name }) where !Self.isInternal(pair.name) {
            if let why = reserved[pair.name.lowercased()] {
                tellOfReserved(
                    pair.name, why, site.at(pair.position), "\(path)[\(pair.name)]")
                continue
            }
            if let value = format(pair, site.at(pair.position), "\(path)[\(pair.name)]") {
                values.append(.init(name: Array(pair.name.utf8), value: value))
            }
        }
        return values
    }

    private mutating func format(
        _ pair: Headers.Pair, _ site: Site, _ path: String
    ) -> [FormatPart]? {
        do {
            return try FormatString.parse(pair.value)
        } catch {
            tellOf(error, pair, site, path)
            return nil
        }
    }

    private mutating func tellOf(
        _ error: FormatError, _ pair: Headers.Pair, _ site: Site, _ path: String
    ) {
        let advice = "write %% for a percent sign"
        switch error {
        case .lonePercent:
            findings.report(
                .error, site.object, at: site.position, site.path(path),
                "\"\(pair.value)\" has a percent sign that opens no %OPERATOR%", advice: advice)
        case .unknown(let name):
            findings.report(
                .error, site.object, at: site.position, site.path(path),
                "there is no operator %\(name)%", advice: advice)
        case .notYet(let name):
            findings.report(
                .warning, site.object, at: site.position, site.path(path),
                "%\(name)% is not supported yet: the header is left as it is")
        }
    }

    private static func isInternal(_ name: String) -> Bool {
        name.hasPrefix(":") || name.lowercased() == "host"
    }

    private static func isAuthority(_ name: String) -> Bool {
        let lowered = name.lowercased()
        return lowered == ":authority" || lowered == "host"
    }
}
