// Random numbers: within their bounds, spread over them, and not the same twice.
import Net
import Testing

@Suite("random numbers")
struct RandomTests {
    @Test("stay below their bound and reach all of it", arguments: [1, 2, 3, 7, 100] as [UInt32])
    func below(bound: UInt32) {
        var random = Random()
        var counts = [Int](repeating: 0, count: Int(bound))
        let draws = 20_000
        for _ in 0..<draws {
            let value = random.below(bound)
            guard value < bound else {
                Issue.record("\(value) is not below \(bound)")
                return
            }
            counts[Int(value)] += 1
        }
        let share = 1 / Double(bound)
        let deviation = (Double(draws) * share * (1 - share)).squareRoot()
        for count in counts { #expect(abs(Double(count) - Double(draws) * share) <= 6 * deviation) }
    }

    @Test("no bound is 0, the largest reaches both halves")
    func extremes() {
        var random = Random()
        var high = 0
        for _ in 0..<1000 {
            #expect(random.below(0) == 0)
            if random.below(.max) > .max / 2 { high += 1 }
        }
        #expect((350...650).contains(high))
    }

    @Test("two generators do not say the same, and no bit stands still")
    func bits() {
        var one = Random()
        var two = Random()
        var ones = [Int](repeating: 0, count: 64)
        for _ in 0..<4000 {
            let value = one.next()
            #expect(value != two.next())
            for bit in 0..<64 where value >> UInt64(bit) & 1 == 1 { ones[bit] += 1 }
        }
        for count in ones { #expect((1700...2300).contains(count)) }
    }
}
