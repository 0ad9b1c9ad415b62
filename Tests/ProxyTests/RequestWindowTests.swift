// How many requests of the last interval there were, as time passes and workers count at once.
import Synchronization
import Testing

@testable import Proxy

@Suite("requests of an interval")
struct RequestWindowTests {
    private static let second: UInt64 = 1_000_000_000

    /// A moment so many seconds after a machine has been up for a day.
    private func at(_ seconds: Double) -> UInt64 {
        86_400 * Self.second + UInt64(seconds * Double(Self.second))
    }

    @Test("a request counts for the interval, and is forgotten a tenth later at most")
    func expiry() {
        let window = RequestWindow()
        for _ in 0..<3 { window.add(nowNs: at(0), intervalMs: 10_000) }
        window.add(nowNs: at(4), intervalMs: 10_000)
        #expect(window.count(nowNs: at(4), intervalMs: 10_000) == 4)
        #expect(window.count(nowNs: at(10), intervalMs: 10_000) == 4)
        #expect(window.count(nowNs: at(11), intervalMs: 10_000) == 1)
        #expect(window.count(nowNs: at(14), intervalMs: 10_000) == 1)
        #expect(window.count(nowNs: at(15), intervalMs: 10_000) == 0)
    }

    @Test("a slot whose turn comes again begins anew")
    func reuse() {
        let window = RequestWindow()
        for step in 0..<200 {
            let now = at(Double(step))
            window.add(nowNs: now, intervalMs: 10_000)
            #expect(window.count(nowNs: now, intervalMs: 10_000) == UInt64(min(step + 1, 11)))
        }
        // After a long silence nothing of old is taken for new.
        #expect(window.count(nowNs: at(100_000), intervalMs: 10_000) == 0)
    }

    @Test("an interval of a millisecond is no division by zero")
    func shortest() {
        let window = RequestWindow()
        window.add(nowNs: at(1), intervalMs: 1)
        #expect(window.count(nowNs: at(1), intervalMs: 1) == 1)
        #expect(window.count(nowNs: at(1.01), intervalMs: 1) == 0)
    }

    @Test("workers that count at once lose nothing")
    func together() async {
        final class Shared: Sendable { let window = RequestWindow() }
        let shared = Shared()
        let now = at(3)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<10_000 { shared.window.add(nowNs: now, intervalMs: 1000) }
                }
            }
        }
        #expect(shared.window.count(nowNs: now, intervalMs: 1000) == 40_000)
    }
}
