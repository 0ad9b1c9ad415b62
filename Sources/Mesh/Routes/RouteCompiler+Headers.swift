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
        let request = operations(headers.request, site, "\(path).request")
        let response = operations(headers.response, site, "\(path).response")
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
        _ written: Headers.Operations, _ site: Site, _ path: String
    ) -> HeaderMutations.Operations {
        var operations = HeaderMutations.Operations()
        operations.remove = written.remove.map(\.value).filter { !Self.isInternal($0) }
            .map { Array($0.utf8) }
        operations.set = values(written.set, site, "\(path).set")
        operations.add = values(written.add, site, "\(path).add")
        return operations
    }

    /// By name, as Istio sorts them: a map has no order of its own.
    private mutating func values(
        _ pairs: [Headers.Pair], _ site: Site, _ path: String
    ) -> [HeaderMutations.HeaderValue] {
        var values: [HeaderMutations.HeaderValue] = []
        for pair in pairs.sorted(by: { $0.name < $1.name }) where !Self.isInternal(pair.name) {
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
