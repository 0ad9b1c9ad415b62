// The paths of a virtual host's routes, side by side in memory.
// Trying a route then reads twelve bytes here and not three objects: with ten thousand hosts the
// cost of a request is the cache lines it touches.

@usableFromInline
struct PathSteps: Sendable {
    @usableFromInline
    enum Kind: UInt8, Sendable {
        case any, exact, prefix, exactIgnoringCase, prefixIgnoringCase, regex
    }

    @usableFromInline
    struct Step: Sendable {
        @usableFromInline let kind: Kind
        @usableFromInline let hasConditions: Bool
        /// Where the path (of a regex: the bytes it must start with) lies in `arena`.
        @usableFromInline let offset: UInt32
        @usableFromInline let length: UInt32
    }

    @usableFromInline let steps: [Step]
    @usableFromInline let arena: [UInt8]

    init(_ routes: [Route]) {
        var steps: [Step] = []
        steps.reserveCapacity(routes.count)
        var offset = 0
        for route in routes {
            let match = route.match
            let (kind, bytes) = Self.parts(of: match)
            steps.append(
                Step(
                    kind: kind, hasConditions: !match.conditions.isEmpty,
                    offset: UInt32(offset), length: UInt32(bytes.count)))
            offset += bytes.count
        }
        var arena: [UInt8] = []
        arena.reserveCapacity(offset)
        for route in routes { arena.append(contentsOf: Self.parts(of: route.match).bytes) }
        self.steps = steps
        self.arena = arena
    }

    private static func parts(of match: RouteMatch) -> (kind: Kind, bytes: ArraySlice<UInt8>) {
        switch match.path {
        case .any: (.any, [])
        case .exact(let path): (match.ignoresPathCase ? .exactIgnoringCase : .exact, path[...])
        case .prefix(let path): (match.ignoresPathCase ? .prefixIgnoringCase : .prefix, path[...])
        case .regex(let regex): (.regex, regex.literalPrefix)
        }
    }
}
