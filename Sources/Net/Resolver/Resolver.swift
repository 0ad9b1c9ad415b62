// Addresses of host names, asked for without waiting: hosts file first, then DNS by c-ares.
// One for a process and on one loop; how many questions are under way is bounded, and names that
// failed before wait in a line of their own, so that dead zones do not hold up living ones.

public final class Resolver {
    private let settings: ResolverSettings
    private unowned let loop: Loop
    private var hosts: HostsFile
    private var channel: ResolverChannel?
    private var configuration: WatchedFile
    private var lines = (healthy: LookUpLine(), suspect: LookUpLine())
    private var underWay = (healthy: 0, suspect: 0)
    private var isAdvancing = false
    public private(set) var counts = ResolverCounts()

    public init(_ settings: ResolverSettings, loop: Loop) {
        self.settings = settings
        self.loop = loop
        hosts = HostsFile(path: settings.hostsPath)
        configuration = WatchedFile(settings.configurationPath)
    }

    /// Looks a name up.
    /// - Parameters:
    ///   - isSuspect: it was not answered the last time.
    ///   - isWhole: nothing is tried behind it, whatever resolv.conf has under `search`.
    ///   - then: called on the loop's thread, maybe before this returns: once with the complete
    ///     answer, and before that once with one family's addresses where the other's take long.
    public func lookUp(
        _ name: String, isSuspect: Bool = false, isWhole: Bool = false,
        then: @escaping (NameAnswer) -> Void
    ) {
        counts.total += 1
        let known = hosts.lookUp(name, nowMs: loop.nowMs)
        if !known.isEmpty {
            then(answer(fromHosts: known))
            return
        }
        counts.pending += 1
        // RFC 1034 section 3.1: a name that ends with the root's dot is complete.
        let question = isWhole ? "\(name)." : name
        let lookUp = LookUp(question, loop: loop) { [weak self] answer in
            if answer.isComplete { self?.finished(answer, isSuspect: isSuspect) }
            then(answer)
            if answer.isComplete { self?.advance() }
        }
        if isSuspect { lines.suspect.append(lookUp) } else { lines.healthy.append(lookUp) }
        advance()
    }

    /// How long an answer of the hosts file holds: as long as looking again costs nothing.
    static let hostsTTLSeconds: UInt32 = 5

    private func answer(fromHosts addresses: [SocketAddress]) -> NameAnswer {
        func family(_ isIPv6: Bool) -> NameAnswer.Family {
            let own = addresses.filter { $0.isIPv6 == isIPv6 }
            return own.isEmpty
                ? .none(.noAddress) : .addresses(own, ttlSeconds: Self.hostsTTLSeconds)
        }
        return NameAnswer(v4: family(false), v6: family(true))
    }

    /// Lets as many look-ups begin as there is room for. Where questions fail as they are put (the
    /// network is down) each answer makes room for the next: that one begins in this loop and not
    /// inside the answer, or the stack would have to be as deep as the line is long.
    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        while underWay.healthy + underWay.suspect < settings.lookUpsMax {
            if let next = lines.healthy.next() {
                underWay.healthy += 1
                begin(next)
            } else if underWay.suspect < settings.suspectLookUpsMax,
                let next = lines.suspect.next()
            {
                underWay.suspect += 1
                begin(next)
            } else {
                return
            }
        }
    }

    private func begin(_ lookUp: LookUp) {
        do throws(NameProblem) {
            lookUp.start(on: try freshChannel(), delayMs: settings.resolutionDelayMs)
        } catch {
            lookUp.fail(error)
        }
    }

    /// A new one when resolv.conf has changed; the one before goes with its last question.
    private func freshChannel() throws(NameProblem) -> ResolverChannel {
        if configuration.hasChanged(nowMs: loop.nowMs) { channel = nil }
        if let channel { return channel }
        let made = try ResolverChannel(settings, loop: loop)
        channel = made
        return made
    }

    private func finished(_ answer: NameAnswer, isSuspect: Bool) {
        counts.pending -= 1
        if isSuspect { underWay.suspect -= 1 } else { underWay.healthy -= 1 }
        guard !answer.hasAddresses else { return }
        switch answer.problem {
        case .timeout: counts.timeouts += 1
        case let problem? where problem.isFinal: counts.notFound += 1
        default: counts.failures += 1
        }
    }
}

/// Look-ups that wait, first come first served.
private struct LookUpLine {
    private var waiting: ContiguousArray<LookUp> = []
    private var first = 0

    mutating func append(_ lookUp: LookUp) { waiting.append(lookUp) }

    mutating func next() -> LookUp? {
        guard first < waiting.count else { return nil }
        let lookUp = waiting[first]
        first += 1
        // What was served is let go in pieces, so that neither end costs by length.
        if first == waiting.count || first >= 1024 {
            waiting.removeFirst(first)
            first = 0
        }
        return lookUp
    }
}

extension SocketAddress {
    public var isIPv6: Bool {
        if case .v6 = self { true } else { false }
    }
}
