// The timer wheel against a list that does the same the slow way.
// What matters: every timer fires once, never early, never after its millisecond was passed, and
// the loop never sleeps past one.
import Net
import Testing

@Suite("the timer wheel")
struct TimerWheelTests {
    /// Tells what fired, and may do something about it.
    private final class Target: TimerTarget {
        let number: Int
        let fired: (Int, UInt8) -> Void

        init(_ number: Int, fired: @escaping (Int, UInt8) -> Void) {
            self.number = number
            self.fired = fired
        }

        override func timerFired(tag: UInt8) { fired(number, tag) }
    }

    /// The wheel and its model side by side.
    private final class Pair {
        let wheel: TimerWheel
        var now: UInt64
        var deadlines: [Int: UInt64] = [:]
        var ids: [Int: TimerID] = [:]
        var next = 0
        /// (deadline in the model, number) in the order the wheel fired them.
        var fired: [(deadline: UInt64, number: Int)] = []
        /// Called with the deadline of each timer that fires.
        var whenFired: (Pair, Int, UInt64) -> Void = { _, _, _ in }

        init(now: UInt64) {
            self.now = now
            wheel = TimerWheel(nowMs: now)
        }

        /// `base` is the wheel's time: inside a timer that is the millisecond it fires in.
        func schedule(_ delay: UInt64, base: UInt64) {
            let number = next
            next += 1
            let target = Target(number) { [unowned self] number, tag in
                #expect(tag == UInt8(truncatingIfNeeded: number))
                guard let deadline = deadlines.removeValue(forKey: number) else {
                    Issue.record("timer \(number) fired twice or after it was cancelled")
                    return
                }
                fired.append((deadline, number))
                whenFired(self, number, deadline)
            }
            // The present millisecond has partly passed: the wheel adds one, never to be early.
            deadlines[number] = base + delay + 1
            ids[number] = wheel.schedule(
                afterMs: delay, target: target, tag: UInt8(truncatingIfNeeded: number))
        }

        func cancel(_ number: Int) {
            guard let id = ids[number] else { return }
            #expect(wheel.isPending(id) == (deadlines[number] != nil))
            wheel.cancel(id)
            deadlines[number] = nil
            #expect(!wheel.isPending(id))
        }

        func advance(to time: UInt64) {
            fired = []
            wheel.advance(toMs: time)
            now = time
            let late = deadlines.filter { $0.value <= time }
            #expect(late.isEmpty, "not fired by \(time): \(late)")
            for entry in fired {
                #expect(entry.deadline <= time, "\(entry) fired early, at \(time)")
            }
            #expect(zip(fired, fired.dropFirst()).allSatisfy { $0.deadline <= $1.deadline })
            #expect(wheel.count == deadlines.count)
            expectSleep()
        }

        func expectSleep() {
            let sleep = wheel.sleepMs(now: now)
            guard let earliest = deadlines.values.min() else {
                #expect(sleep == nil)
                return
            }
            guard let sleep else {
                Issue.record("sleeps for ever with a timer due at \(earliest)")
                return
            }
            #expect(now + sleep <= earliest, "sleeps past \(earliest) from \(now)")
            // Sleeping on and on gets there: a wake-up that moves nothing would spin.
            #expect(sleep > 0)
        }
    }

    /// Delays of every magnitude, so that every level of the wheel is used.
    private func delay(_ random: inout SeededRandom, bits: Int) -> UInt64 {
        UInt64.random(
            in: 0..<(1 << UInt64.random(in: 0...UInt64(bits), using: &random)),
            using: &random)
    }

    @Test(
        "agrees with a list over random schedules",
        arguments: [
            (1, 0), (2, 255), (3, 256), (4, 65_535), (5, 16_777_215), (6, 4_294_967_295),
            (7, 1_234_567_890_123), (8, 0xffff_ffff_ff00),
        ] as [(UInt64, UInt64)])
    func model(seed: UInt64, start: UInt64) {
        var random = SeededRandom(seed: seed)
        let pair = Pair(now: start)
        for _ in 0..<3000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5: pair.schedule(delay(&random, bits: 20), base: pair.now)
            case 5..<7:
                if pair.next > 0 { pair.cancel(Int.random(in: 0..<pair.next, using: &random)) }
            case 7: pair.advance(to: pair.now + delay(&random, bits: 18))
            case 8: pair.advance(to: pair.now + 1)
            default:
                // As the loop does: sleep exactly as long as it may.
                if let sleep = pair.wheel.sleepMs(now: pair.now) {
                    pair.advance(to: pair.now + sleep)
                }
            }
        }
        while let sleep = pair.wheel.sleepMs(now: pair.now) { pair.advance(to: pair.now + sleep) }
        #expect(pair.deadlines.isEmpty)
    }

    @Test("timers set and cancelled inside a timer are kept as any other")
    func inside() {
        var random = SeededRandom(seed: 42)
        let pair = Pair(now: 200)
        var budget = 20_000
        pair.whenFired = { pair, _, deadline in
            for _ in 0..<2 where budget > 0 {
                budget -= 1
                // 0, 1, 255 and 256 are where the same slot or the next level is met.
                let delay =
                    [0, 1, 2, 254, 255, 256, 511, 65_534, 65_535].randomElement(using: &random) ?? 1
                pair.schedule(UInt64(delay), base: deadline)
            }
            if pair.next > 0, Bool.random(using: &random) {
                pair.cancel(Int.random(in: 0..<pair.next, using: &random))
            }
        }
        for delay in 1...20 { pair.schedule(UInt64(delay), base: pair.now) }
        for _ in 0..<400 { pair.advance(to: pair.now + delay(&random, bits: 11)) }
        pair.whenFired = { _, _, _ in }
        while let sleep = pair.wheel.sleepMs(now: pair.now) { pair.advance(to: pair.now + sleep) }
        #expect(pair.deadlines.isEmpty)
    }

    @Test(
        "a timer at each level's border fires in its own millisecond",
        arguments: [
            0, 1, 100, 255, 256, 65_279, 65_535, 65_536, 16_777_215, 16_777_216,
        ] as [UInt64])
    func borders(start: UInt64) {
        let delays: [UInt64] = [
            0, 1, 254, 255, 256, 65_534, 65_535, 65_536, 16_777_214, 16_777_215,
        ]
        for delay in delays {
            let pair = Pair(now: start)
            pair.schedule(delay, base: start)
            pair.advance(to: start + delay)
            #expect(pair.fired.isEmpty)
            pair.advance(to: start + delay + 1)
            #expect(pair.fired.count == 1, "start \(start), delay \(delay)")
        }
    }

    @Test("a timer beyond the last level waits, and is found again")
    func farAway() {
        let pair = Pair(now: 77)
        pair.schedule(1 << 40, base: pair.now)
        pair.schedule(.max / 2, base: pair.now)
        pair.schedule(50, base: pair.now)
        for _ in 0..<64 { pair.advance(to: pair.now + (1 << 20)) }
        #expect(pair.deadlines.count == 2)
        pair.cancel(0)
        pair.cancel(1)
        #expect(pair.wheel.count == 0)
        #expect(pair.wheel.sleepMs(now: pair.now) == nil)
    }

    @Test("a timer holds its target until it fires or is cancelled, and no longer")
    func lifetime() {
        let wheel = TimerWheel(nowMs: 0)
        weak var first: TimerTarget?
        weak var second: TimerTarget?
        var id = TimerID.none
        do {
            let one = TimerTarget()
            let two = TimerTarget()
            first = one
            second = two
            _ = wheel.schedule(afterMs: 5, target: one, tag: 0)
            id = wheel.schedule(afterMs: 5, target: two, tag: 0)
        }
        #expect(first != nil && second != nil)
        wheel.cancel(id)
        #expect(second == nil)
        wheel.advance(toMs: 6)
        #expect(first == nil)
    }

    @Test("an old name cancels nothing of who came after")
    func oldNames() {
        let wheel = TimerWheel(nowMs: 0)
        var fired = 0
        let target = Target(0) { _, _ in fired += 1 }
        let old = wheel.schedule(afterMs: 1, target: target, tag: 0)
        wheel.cancel(old)
        let new = wheel.schedule(afterMs: 1, target: target, tag: 0)
        wheel.cancel(old)
        wheel.cancel(.none)
        #expect(wheel.isPending(new) && !wheel.isPending(old) && !wheel.isPending(.none))
        wheel.advance(toMs: 2)
        #expect(fired == 1)
        wheel.cancel(new)
        #expect(wheel.count == 0)
    }
}
