// What is believed of a name over time: when it is asked for again, and what stays when nobody
// answers.
import Testing

@testable import Net

@Suite("names over time") struct NameRecordTests {
    private var record = NameRecord()
    private var random = Random()

    private static func some(_ hosts: String..., ttl: UInt32 = 30) -> NameAnswer.Family {
        .addresses(hosts.compactMap { SocketAddress(host: $0, port: 0) }, ttlSeconds: ttl)
    }

    private mutating func take(
        _ v4: NameAnswer.Family, _ v6: NameAnswer.Family = .none(.noAddress), at nowMs: UInt64 = 0
    ) -> Bool {
        record.take(NameAnswer(v4: v4, v6: v6), nowMs: nowMs, random: &random)
    }

    private var hosts: [String] { record.addresses.map(\.host) }

    @Test("an answer in another order is the same answer")
    mutating func order() {
        #expect(take(Self.some("127.0.0.2", "127.0.0.1"), Self.some("::1")))
        #expect(hosts == ["127.0.0.1", "127.0.0.2", "::1"])
        #expect(!take(Self.some("127.0.0.1", "127.0.0.2"), Self.some("::1")))
        #expect(record.successes == 2)
        #expect(record.unchanged == 1)
    }

    @Test("the TTL decides, within bounds", arguments: [(0, 1), (1, 1), (30, 30), (90_000, 3600)])
    mutating func refresh(_ ttl: UInt32, _ seconds: UInt64) {
        _ = take(Self.some("127.0.0.1", ttl: ttl), at: 500)
        #expect(record.refreshAtMs >= 500 + seconds * 1000)
        #expect(record.refreshAtMs <= 500 + seconds * 1100)
    }

    @Test("names are asked for in steps, so that a process at rest wakes once for many")
    mutating func steps() {
        for (ttl, step) in [(1, 50), (10, 500), (30, 1000), (3600, 1000)] as [(UInt32, UInt64)] {
            for nowMs in [0, 1, 77_777] as [UInt64] {
                _ = take(Self.some("127.0.0.1", ttl: ttl), at: nowMs)
                #expect(record.refreshAtMs % step == 0)
                #expect(record.refreshAtMs >= nowMs + UInt64(ttl) * 1000)
            }
        }
    }

    @Test("a name may be asked for sooner, but neither at once nor before it is known")
    mutating func sooner() {
        var due: Set<UInt64> = []
        for _ in 0..<200 {
            let answer = NameAnswer(v4: Self.some("127.0.0.1"), v6: .none(.noAddress))
            _ = record.take(answer, nowMs: 1_000_000, earlyMs: 90_000, random: &random)
            due.insert(record.refreshAtMs - 1_000_000)
        }
        #expect(due.min()! >= 1000 && due.min()! < 8_000)
        #expect(due.max()! > 25_000 && due.max()! <= 33_000)
        #expect(due.count > 20)
    }

    @Test("a name that fails is not asked for any sooner")
    mutating func notSooner() {
        for seconds in [1, 2, 4, 8] as [UInt64] {
            let answer = NameAnswer(v4: .none(.timeout), v6: .none(.timeout))
            _ = record.take(answer, nowMs: 5_000, earlyMs: 90_000, random: &random)
            #expect(record.refreshAtMs >= 5_000 + seconds * 1000)
        }
    }

    @Test("the last good addresses stay while the resolver fails, and are called stale")
    mutating func stale() {
        _ = take(Self.some("127.0.0.1"))
        #expect(!take(.none(.timeout), .none(.timeout)))
        #expect(hosts == ["127.0.0.1"])
        #expect(record.isStale)
        #expect(record.problem == .timeout)
        #expect(record.failures == 1)
        #expect(!take(Self.some("127.0.0.1")))
        #expect(!record.isStale)
        #expect(record.problem == nil || record.problem == .noAddress)
    }

    @Test("a name that is gone has no addresses, for that is an answer")
    mutating func gone() {
        _ = take(Self.some("127.0.0.1"))
        #expect(take(.none(.noSuchName), .none(.noSuchName)))
        #expect(hosts.isEmpty)
        #expect(!record.isStale)
        #expect(record.empties == 1)
        #expect(record.failures == 0)
    }

    @Test("a family that fails alone keeps its addresses and costs the other nothing")
    mutating func oneFamily() {
        _ = take(Self.some("127.0.0.1"), Self.some("::1"))
        #expect(take(Self.some("127.0.0.9", ttl: 60), .none(.serverFailed)))
        #expect(hosts == ["127.0.0.9", "::1"])
        #expect(record.isStale)
        #expect(!record.isSuspect)
        #expect(record.refreshAtMs >= 60_000)
    }

    @Test("a resolver that never answers AAAA makes no name stale")
    mutating func silentFamily() {
        _ = take(Self.some("127.0.0.1"), .none(.timeout))
        #expect(!record.isStale)
        #expect(!record.isSuspect)
        #expect(record.successes == 1)
    }

    @Test("who fails is asked again after 1, 2, 4 .. 60 s")
    mutating func backoff() {
        for seconds: UInt64 in [1, 2, 4, 8, 16, 32, 60, 60] {
            _ = take(.none(.timeout), .none(.timeout))
            #expect(record.refreshAtMs >= seconds * 1000)
            #expect(record.refreshAtMs <= seconds * 1100)
            #expect(record.isSuspect)
        }
    }

    @Test("half an answer serves already and sets no time")
    mutating func half() {
        #expect(take(Self.some("127.0.0.1"), .pending))
        #expect(hosts == ["127.0.0.1"])
        #expect(!record.isAnswered)
        #expect(record.refreshAtMs == 0)
        #expect(!take(Self.some("127.0.0.1"), .none(.noAddress)))
        #expect(record.isAnswered)
    }
}
