// The buffer against an array that does the same, and the numbers it writes against the library's.
import Net
import Testing

@Suite("buffers")
struct BufferTests {
    @Test("agrees with an array over random appends and reads", arguments: [1, 2, 3] as [UInt64])
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var buffer = Buffer()
        var model: [UInt8] = []
        for step in 0..<5000 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                let byte = UInt8.random(in: 0...255, using: &random)
                buffer.append(byte)
                model.append(byte)
            case 1, 2:
                let bytes = (0..<Int.random(in: 0...2000, using: &random)).map {
                    UInt8(truncatingIfNeeded: $0 &+ step)
                }
                buffer.append(bytes)
                model += bytes
            case 3:
                let bytes = [UInt8](repeating: 7, count: Int.random(in: 0...100, using: &random))
                bytes.withView { buffer.append($0) }
                model += bytes
            case 4:
                buffer.append("literal")
                model += Array("literal".utf8)
            case 5, 6:
                let count = Int.random(in: 0...model.count, using: &random)
                buffer.consume(count)
                model.removeFirst(count)
            default:
                if Int.random(in: 0..<20, using: &random) == 0 {
                    buffer.removeAll()
                    model = []
                } else {
                    buffer.reserve(Int.random(in: 0...5000, using: &random))
                }
            }
            let (count, isEmpty) = (buffer.count, buffer.isEmpty)
            #expect(count == model.count && isEmpty == model.isEmpty)
            if step % 50 == 0 { #expect(buffer.readable.array == model) }
        }
        #expect(buffer.readable.array == model)
    }

    @Test("an unused buffer holds nothing")
    func unused() {
        let buffer = Buffer()
        let (allocated, count) = (buffer.allocatedBytes, buffer.readable.count)
        #expect(allocated == 0 && count == 0)
    }

    @Test(
        "decimal and hexadecimal numbers are the library's",
        arguments: [
            0, 1, 9, 10, 11, 15, 16, 99, 100, 255, 256, 999_999_999, 4_294_967_295, 4_294_967_296,
            999_999_999_999_999_999, 1_000_000_000_000_000_000, 9_999_999_999_999_999_999,
            10_000_000_000_000_000_000, .max,
        ] as [UInt64])
    func numbers(value: UInt64) {
        var buffer = Buffer()
        buffer.append(decimal: value)
        #expect(buffer.readable.string == String(value))
        buffer.removeAll()
        buffer.append(hexadecimal: value)
        #expect(buffer.readable.string == String(value, radix: 16))
        let hexadecimal = String(value, radix: 16)
        let all = String(repeating: "0", count: 16 - hexadecimal.count) + hexadecimal
        for count in 0...16 {
            buffer.removeAll()
            buffer.appendHexDigits(value, count: count)
            #expect(buffer.readable.string == all.suffix(count))
        }
    }

    @Test("text goes in as UTF-8")
    func text() {
        var buffer = Buffer()
        buffer.append(text: "aé€😀")
        buffer.append(text: "")
        #expect(buffer.readable.array == Array("aé€😀".utf8))
    }

    @Test("a pool gives the same block again and keeps no block that has grown")
    func pool() {
        let pool = BufferPool()
        var one = pool.take()
        one.append([UInt8](repeating: 1, count: 100))
        pool.give(one)
        #expect(pool.freeCount == 1)
        let two = pool.take()
        let (count, allocated) = (two.count, two.allocatedBytes)
        #expect(count == 0 && allocated == BufferPool.blockBytes && pool.freeCount == 0)
        pool.give(two)
        var grown = pool.take()
        grown.append([UInt8](repeating: 1, count: BufferPool.blockBytes + 1))
        pool.give(grown)
        pool.give(Buffer())
        #expect(pool.freeCount == 0)
        for _ in 0..<(BufferPool.freeBlocksMax + 5) {
            pool.give(Buffer(capacity: BufferPool.blockBytes))
        }
        #expect(pool.freeCount == BufferPool.freeBlocksMax)
    }
}
