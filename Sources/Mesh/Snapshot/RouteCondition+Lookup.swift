// What one condition of a match block decides about a request.
// Reached only where the path fits already and the block asks for more than that.

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
