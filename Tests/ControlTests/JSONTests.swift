// JSON that Foundation's reader reads back as what was meant.
import Foundation
import Testing

@testable import Control

@Suite("JSON")
struct JSONTests {
    private static let value: JSON = [
        "text": "a \"quoted\" \\ line\nand\ttab \u{1} \u{9B} ü €", "number": -12, "yes": true,
        "nothing": .null, "list": [1, "two", [], [:]], "ready": .written(Array("[1,2]".utf8)),
    ]

    @Test("what is written is read back the same, on one line and on many")
    func roundTrip() throws {
        for bytes in [Self.value.bytes, Self.value.prettyBytes] {
            let read = try #require(
                JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
            #expect(read["text"] as? String == "a \"quoted\" \\ line\nand\ttab \u{1} \u{9B} ü €")
            #expect(read["number"] as? Int == -12)
            #expect(read["yes"] as? Bool == true)
            #expect(read["nothing"] is NSNull)
            #expect((read["list"] as? [Any])?.count == 4)
            #expect(read["ready"] as? [Int] == [1, 2])
        }
    }

    @Test("no control character leaves as it is, C1 ones included")
    func controls() {
        let bytes = JSON.string("\u{0}\u{1B}\u{7F}\u{9B}").bytes
        #expect(String(decoding: bytes, as: UTF8.self) == #""\u0000\u001b\u007f\u009b""# + "\n")
    }

    @Test("a number too large for 64 signed bits is the largest of them")
    func clamped() {
        #expect(JSON(UInt64.max).bytes == Array("\(Int64.max)\n".utf8))
    }
}
