// The scanners that look at eight bytes at once, against those that look at one.
// Every byte is put at every place, so that no neighbour can hide it.
import Net
import Testing

@testable import HTTP

@Suite("byte scanners")
struct H1ScannerTests {
    @Test("the length of a token is found wherever it ends", arguments: 0..<18)
    func tokens(place: Int) {
        for filler in [UInt8(ascii: "a"), UInt8(ascii: "-"), UInt8(ascii: "7")] {
            for byte in UInt8.min...UInt8.max {
                var text = [UInt8](repeating: filler, count: 18)
                text[place] = byte
                let expected = H1Scanner.isToken(byte) ? 18 : place
                #expect(text.withView { H1Scanner.tokenLength($0, from: 0) } == expected)
                let shifted = max(0, expected - 3)
                if place >= 3 {
                    #expect(text.withView { H1Scanner.tokenLength($0, from: 3) } == shifted)
                }
            }
        }
    }
}
