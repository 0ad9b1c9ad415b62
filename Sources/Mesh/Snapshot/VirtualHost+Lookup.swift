// The first route of a virtual host that matches a request, and what one condition decides.
// `explain` asks the same functions as the data plane, so the two cannot disagree.

extension VirtualHost {
    /// The first of `routes` that matches, or nil: 404 NR.
    @inlinable
    public func route(
        for request: borrowing RouteRequest, headers: borrowing some HeaderSource
    ) -> Route? {
        let count = routes.count
        var index = 0
        while index < count {
            if matches(index, request, headers) { return routes[index] }
            index &+= 1
        }
        return nil
    }

    /// Whether the route at `index` takes the request.
    @inlinable
    func matches(
        _ index: Int, _ request: borrowing RouteRequest, _ headers: borrowing some HeaderSource
    ) -> Bool {
        guard pathMatches(index, request.path) else { return false }
        guard paths.steps[index].hasConditions else { return true }
        let conditions = routes[index].match.conditions
        var number = 0
        while number < conditions.count {
            guard conditions[number].holds(for: request, headers) else { return false }
            number &+= 1
        }
        return true
    }

    @inlinable
    func pathMatches(_ index: Int, _ path: Span<UInt8>) -> Bool {
        let step = paths.steps[index]
        let offset = Int(step.offset)
        let length = Int(step.length)
        switch step.kind {
        case .any:
            return true
        case .exact:
            return path.count == length
                && path.matches(arena: paths.arena, at: offset, length: length)
        case .prefix:
            return path.matches(arena: paths.arena, at: offset, length: length)
        case .exactIgnoringCase:
            return path.count == length
                && path.matchesLowercased(arena: paths.arena, at: offset, length: length)
        case .prefixIgnoringCase:
            return path.matchesLowercased(arena: paths.arena, at: offset, length: length)
        case .regex:
            guard path.matches(arena: paths.arena, at: offset, length: length) else { return false }
            guard case .regex(let regex) = routes[index].match.path else { return false }
            return regex.matchesFully(path)
        }
    }
}

extension RouteCondition {
    @inlinable
    func holds(
        for request: borrowing RouteRequest, _ headers: borrowing some HeaderSource
    ) -> Bool {
        switch self {
        case .method(let matcher): return matcher.matches(request.method)
        case .scheme(let matcher): return matcher.matches(request.scheme)
        case .authority(let matcher): return matcher.matches(request.authority)
        case .header(let name, let matcher):
            return headers.withValue(of: name) { value in
                guard let value else { return false }
                return matcher.matches(value)
            }
        case .withoutHeader(let name, let matcher):
            return headers.withValue(of: name) { value in
                guard let value else { return !matcher.matchesAbsent }
                return !matcher.matches(value)
            }
        case .queryParameter(let name, let matcher):
            return matcher.matchesParameter(name, in: request.query)
        case .pathAndQuery(let matcher):
            return matcher.matchesWhole(path: request.path, query: request.query)
        case .not(let condition):
            return !condition.holds(for: request, headers)
        case .never:
            return false
        }
    }
}
