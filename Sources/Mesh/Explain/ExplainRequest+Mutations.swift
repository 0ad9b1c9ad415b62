// What the header rules of a route and of its destination make of a request, for the proxy behind
// this one.
// In the data plane's order, as a rule there may match on what was set here.

extension ExplainRequest {
    /// - Parameters:
    ///   - route, destination: rules for requests; what the destination sets or removes is left
    ///     out of what the route adds.
    ///   - operators: values of those that are known beside the request.
    func changed(
        route: HeaderMutations.Operations?, destination: HeaderMutations.Operations?,
        operators: [FormatPart: String]
    ) -> ExplainRequest {
        var copy = self
        for operations in [route, destination] {
            guard let operations else { continue }
            copy.headers.removeAll { operations.replaces($0.name) }
        }
        let ofRoute = (route?.set ?? []) + (route?.add ?? [])
        let ofDestination = (destination?.set ?? []) + (destination?.add ?? [])
        let kept = ofRoute.filter { destination?.replaces($0.nameText) != true }
        copy.headers += (kept + ofDestination).map { field in
            (field.nameText, field.value.map { text($0, operators) }.joined())
        }
        return copy
    }

    /// Operators whose value only a connection has stand for themselves.
    private func text(_ part: FormatPart, _ operators: [FormatPart: String]) -> String {
        switch part {
        case .literal(let bytes): String(decoding: bytes, as: UTF8.self)
        // Of several fields the first, and of those that came in: what rules set is not seen.
        case .requestHeader(let name): value(named: name) ?? "-"
        default: operators[part] ?? part.text
        }
    }

    private func value(named name: [UInt8]) -> String? {
        let name = String(decoding: name, as: UTF8.self).lowercased()
        return name == "host" ? authority : headers.first { $0.name.lowercased() == name }?.value
    }
}

extension HeaderMutations.Operations {
    /// What came in under this name goes.
    fileprivate func replaces(_ name: String) -> Bool {
        let name = name.lowercased()
        return remove.contains { String(decoding: $0, as: UTF8.self).lowercased() == name }
            || set.contains { $0.nameText.lowercased() == name }
    }
}

extension HeaderMutations.HeaderValue {
    fileprivate var nameText: String { String(decoding: name, as: UTF8.self) }
}
