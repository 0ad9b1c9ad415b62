// What one StringMatch of a match block decides about the bytes of a request.
// Case matters everywhere, and values are compared raw: Istio decodes no query parameter.

extension StringMatcher {
    @inlinable
    func matches(_ value: Span<UInt8>) -> Bool {
        switch self {
        case .exact(let bytes): value.equals(bytes)
        case .prefix(let bytes): value.starts(with: bytes)
        case .regex(let regex): regex.matchesFully(value)
        case .present: true
        }
    }

    /// What `withoutHeaders` negates for an absent field: Istio sets Envoy's
    /// `treat_missing_header_as_empty`, except for `{}`, which asks for presence alone.
    @usableFromInline
    var matchesAbsent: Bool {
        switch self {
        case .present: return false
        case .exact, .prefix, .regex:
            let empty: [UInt8] = []
            return matches(empty.span)
        }
    }

    /// The first parameter called `name` decides; one without `=` has the empty value.
    @usableFromInline
    func matchesParameter(_ name: [UInt8], in query: Span<UInt8>) -> Bool {
        var start = 0
        while start < query.count {
            var end = start
            var equals: Int?
            while end < query.count, query[end] != UInt8(ascii: "&") {
                if equals == nil, query[end] == UInt8(ascii: "=") { equals = end }
                end &+= 1
            }
            if query.extracting(start..<(equals ?? end)).equals(name) {
                let value = equals.map { $0 &+ 1 } ?? end
                return matches(query.extracting(value..<end))
            }
            start = end &+ 1
        }
        return false
    }

    /// `:path` as a header key: path and query as one string.
    @usableFromInline
    func matchesWhole(path: Span<UInt8>, query: Span<UInt8>) -> Bool {
        if query.isEmpty { return matches(path) }
        var whole = [UInt8](copying: path)
        whole.append(UInt8(ascii: "?"))
        for index in query.indices { whole.append(query[index]) }
        return matches(whole.span)
    }
}
