// Looks at bytes: comparisons, searches and numbers, at their edges.
import Net
import Testing

@Suite("byte views")
struct ByteViewTests {
    private func with<R>(_ text: String, _ body: (ByteView) -> R) -> R {
        Array(text.utf8).withView(body)
    }

    @Test("parts of a view are what they say")
    func parts() {
        with("hello") { view in
            #expect(view.count == 5 && !view.isEmpty)
            #expect(view.slice(1, 3).string == "ell")
            #expect(view.slice(5, 0).isEmpty && view.slice(0, 5).equals(view))
            #expect(view.prefix(2).string == "he" && view.suffix(from: 3).string == "lo")
            #expect(view.suffix(from: 5).isEmpty)
            #expect(view[0] == 0x68 && view[4] == 0x6f)
            #expect(view.array == Array("hello".utf8))
            #expect(view.span.count == 5 && view.span[4] == 0x6f)
        }
        #expect(ByteView.empty.isEmpty && ByteView.empty.array == [])
        #expect([UInt8]().withView { $0.count } == 0)
    }

    @Test("a text is found wherever it stands, and nothing is found nowhere")
    func contained() {
        with("aab, aac") { view in
            for part in ["aab, aac", "aac", "aab", "ab,", "c", "a"] {
                #expect(with(part, view.contains), "\(part)")
            }
            for part in ["", "aad", "aaca", "aab, aacd", "d"] {
                #expect(!with(part, view.contains), "\(part)")
            }
        }
        #expect(!with("a", ByteView.empty.contains))
    }

    @Test("a look outside of a view ends the process, and not quietly", .enabled(if: isLinux))
    func outside() async {
        await #expect(processExitsWith: .failure) {
            _ = Array("hello".utf8).withView { $0[5] }
        }
        await #expect(processExitsWith: .failure) {
            _ = Array("hello".utf8).withView { $0.slice(3, 3) }
        }
        await #expect(processExitsWith: .failure) {
            _ = Array("hello".utf8).withView { $0.slice(.max, 1) }
        }
        await #expect(processExitsWith: .failure) {
            _ = Array("hello".utf8).withView { $0.slice(-1, 2) }
        }
        await #expect(processExitsWith: .failure) {
            _ = Array("hello".utf8).withView { $0.index(of: 1, from: 6) }
        }
        await #expect(processExitsWith: .failure) {
            var buffer = Buffer()
            buffer.append("hello")
            buffer.consume(6)
        }
    }

    static var isLinux: Bool {
        #if os(Linux)
            true
        #else
            false
        #endif
    }

    @Test("searches find the first, the last, or nothing")
    func search() {
        with("a,b,c") { view in
            #expect(view.index(of: 0x2c) == 1 && view.index(of: 0x2c, from: 2) == 3)
            #expect(view.index(of: 0x2c, from: 4) == -1 && view.index(of: 0x2c, from: 5) == -1)
            #expect(view.lastIndex(of: 0x2c) == 3 && view.lastIndex(of: 0x7a) == -1)
        }
        #expect(ByteView.empty.index(of: 0) == -1 && ByteView.empty.lastIndex(of: 0) == -1)
    }

    @Test("case is that of ASCII letters and of nothing else")
    func cases() {
        for byte in UInt8.min ... .max {
            let isUpper = (0x41...0x5a).contains(byte)
            #expect(lowercased(byte) == (isUpper ? byte + 0x20 : byte))
        }
        with("Content-Ä@[") { view in
            with("cONTENT-Ä@[") { #expect(view.equalsIgnoringCase($0) && !view.equals($0)) }
            with("content-ä@[") { #expect(!view.equalsIgnoringCase($0)) }
            with("content-Ä`{") { #expect(!view.equalsIgnoringCase($0)) }
            #expect(view.hasPrefix("Content") && !view.hasPrefix("content"))
            #expect(view.hasPrefixIgnoringCase("CONTENT-"))
            #expect(!view.hasPrefix("Content-Ä@[longer") && view.hasPrefix(""))
        }
    }

    @Test(
        "eight bytes at once are compared and made lower case as one by one",
        arguments: [1, 3, 4, 5, 7, 8, 9, 13, 16, 19])
    func words(length: Int) {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<length {
                var text = Array("AbCdEfGh-IjKlMnOpQr".utf8.prefix(length))
                text[place] = byte
                let lower = text.map { lowercased($0) as UInt8 }
                var buffer = Buffer()
                text.withView { buffer.append($0) }
                buffer.lowercase(from: 0, count: text.count)
                #expect(buffer.readable.array == lower)
                let isSame = text.withView { one in
                    lower.withView { one.equalsIgnoringCase($0) }
                }
                #expect(isSame)
                for other in [byte ^ 0x20, byte ^ 0x80, byte &+ 1] {
                    var changed = text
                    changed[place] = other
                    let equal = text.withView { one in
                        changed.withView { one.equalsIgnoringCase($0) }
                    }
                    #expect(equal == ((lowercased(byte) as UInt8) == lowercased(other)))
                }
            }
        }
    }

    @Test(
        "blanks and tabs go from both ends",
        arguments: [
            ("", ""), (" ", ""), ("\t \t", ""), ("a", "a"), (" a b\t", "a b"), ("\ra\n", "\ra\n"),
        ])
    func trim(text: String, wanted: String) {
        #expect(with(text) { $0.trimmed().string } == wanted)
    }

    @Test(
        "a number is digits, and fits",
        arguments: [
            ("0", 0), ("007", 7), ("9223372036854775807", .max), ("9223372036854775808", nil),
            ("9999999999999999999", nil), ("00000000000000000001", nil), ("", nil), ("+1", nil),
            ("-1", nil), ("1 ", nil), (" 1", nil), ("0x1", nil), ("1e3", nil), ("١", nil),
        ] as [(String, Int?)])
    func decimal(text: String, value: Int?) {
        #expect(with(text) { $0.decimal() } == value)
    }
}
