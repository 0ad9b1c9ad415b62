// From a request to its virtual host and route.
// `explain` asks the same functions as the data plane, so the two cannot disagree.

extension RouteTable {
    /// Where the virtual host that answers for `authority` (as sent, with any port) is, or nil:
    /// 404 NR.
    @inlinable
    public func place(for authority: Span<UInt8>) -> HostPlace? {
        place(for: authority, hint(for: authority))
    }

    /// The look-up in two halves, for who has something else to do between them.
    @inlinable
    public func hint(for authority: Span<UInt8>) -> HostHint {
        hosts.hint(for: authority)
    }

    /// Calls for the memory that `place` and `find` are going to read. - Returns: nothing of use;
    /// who keeps it makes sure that it is read.
    @inlinable
    public func touch(_ hint: HostHint) -> UInt8 {
        arena.touch(Int(hint.name))
    }

    /// With the hint that this table gave for this authority.
    @inlinable
    public func place(for authority: Span<UInt8>, _ hint: HostHint) -> HostPlace? {
        hosts.record(for: authority, hint, in: arena).map { HostPlace(record: $0) }
    }

    /// The virtual host that answers for `authority`; nil: 404 NR.
    public func virtualHost(for authority: Span<UInt8>) -> VirtualHost? {
        place(for: authority).map { virtualHost(at: $0) }
    }

    public func virtualHost(at place: HostPlace) -> VirtualHost {
        virtualHosts[Int(arena.word(at: place.record))]
    }

    /// Whether plain requests get 301 to https there.
    @inlinable
    public func redirectsToHTTPS(at place: HostPlace) -> Bool {
        arena.bytes[place.record &+ 12] != 0
    }

    /// The first route there that matches, or nil: 404 NR.
    @inlinable
    public func find(
        at place: HostPlace, for request: borrowing RouteRequest,
        headers: borrowing some HeaderSource
    ) -> FoundRoute? {
        var number = Int(arena.word(at: place.record &+ 4))
        let end = number &+ Int(arena.word(at: place.record &+ 8))
        var offset = place.record &+ LookupArena.recordHead
        while number < end {
            let step = arena.step(at: offset)
            if pathMatches(step, number, at: place, request.path) {
                let found = FoundRoute(number: number, plan: step.plan)
                if !step.hasConditions { return found }
                if conditionsHold(number, at: place, request, headers) { return found }
            }
            offset = step.end
            number &+= 1
        }
        return nil
    }

    @inlinable
    public func plan(of found: FoundRoute) -> RoutePlan { plans[Int(found.plan)] }

    /// The route of a number that was found there.
    public func route(_ number: Int, at place: HostPlace) -> Route {
        virtualHost(at: place).routes[number - Int(arena.word(at: place.record + 4))]
    }

    /// For people: whether the path, and whether the whole match of the route at `index` of the
    /// virtual host there takes the request.
    func matches(
        _ index: Int, at place: HostPlace, _ request: borrowing RouteRequest,
        _ headers: borrowing some HeaderSource
    ) -> (path: Bool, all: Bool) {
        var step = arena.step(at: place.record + LookupArena.recordHead)
        for _ in 0..<index { step = arena.step(at: step.end) }
        let number = Int(arena.word(at: place.record + 4)) + index
        let path = pathMatches(step, number, at: place, request.path)
        guard path else { return (false, false) }
        return (true, conditionsHold(number, at: place, request, headers))
    }

    @inlinable
    func conditionsHold(
        _ number: Int, at place: HostPlace, _ request: borrowing RouteRequest,
        _ headers: borrowing some HeaderSource
    ) -> Bool {
        let conditions = route(number, at: place).match.conditions
        var index = 0
        while index < conditions.count {
            guard conditions[index].holds(for: request, headers) else { return false }
            index &+= 1
        }
        return true
    }

    /// - Parameter number: of the route among all, for expressions that only RE2 decides.
    @inlinable
    func pathMatches(
        _ step: LookupArena.Step, _ number: Int, at place: HostPlace, _ path: Span<UInt8>
    ) -> Bool {
        switch step.kind {
        case .any:
            return true
        case .exact:
            return path.count == step.length
                && path.matches(arena: arena.bytes, at: step.offset, length: step.length)
        case .prefix:
            return path.matches(arena: arena.bytes, at: step.offset, length: step.length)
        case .exactIgnoringCase:
            return path.count == step.length
                && path.matchesLowercased(arena: arena.bytes, at: step.offset, length: step.length)
        case .prefixIgnoringCase:
            return path.matchesLowercased(arena: arena.bytes, at: step.offset, length: step.length)
        case .regex:
            return path.matches(arena: arena.bytes, at: step.offset, length: step.length)
                && regexMatches(step, number, at: place, path)
        }
    }

    @usableFromInline
    func regexMatches(
        _ step: LookupArena.Step, _ number: Int, at place: HostPlace, _ path: Span<UInt8>
    ) -> Bool {
        if step.program != LookupArena.noProgram {
            switch PositionAutomaton.verdict(
                of: programs, at: Int(step.program), on: path, from: step.length)
            {
            case .match: return true
            case .noMatch: return false
            case .unknown: break
            }
        }
        guard case .regex(let regex) = route(number, at: place).match.path else { return false }
        return regex.matchesFullyByRE2(path)
    }
}
