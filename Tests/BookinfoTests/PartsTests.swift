// The parts that need no network: sessions, header values, JSON, HTML.
import Foundation
import Testing

@testable import Bookinfo

@Suite("Sessions")
struct SessionsTests {
    @Test("session names do not repeat and are 128 bits")
    func names() {
        var sessions = Sessions()
        var seen: Set<String> = []
        for _ in 0..<500 {
            let id = sessions.begin(user: "jason") ?? ""
            #expect(id.utf8.count == 32)
            seen.insert(id)
        }
        #expect(seen.count == 500)
    }

    @Test("the oldest session ends when there are too many")
    func bounded() {
        var sessions = Sessions()
        let first = sessions.begin(user: "first") ?? ""
        let second = sessions.begin(user: "second") ?? ""
        for _ in 0..<(Sessions.sessionsMax - 1) { _ = sessions.begin(user: "other") }
        #expect(sessions.user(of: first) == nil)
        #expect(sessions.user(of: second) == "second")
    }

    @Test("an ended session makes room")
    func ended() {
        var sessions = Sessions()
        let first = sessions.begin(user: "first") ?? ""
        for _ in 0..<3 * Sessions.sessionsMax {
            let id = sessions.begin(user: "other") ?? ""
            sessions.end(id)
        }
        #expect(sessions.user(of: first) == "first")
    }

    @Test("names are tidied: blanks, control characters, length")
    func tidied() {
        var sessions = Sessions()
        func name(_ user: String) -> String? {
            sessions.begin(user: user).flatMap { sessions.user(of: $0) }
        }
        #expect(name("  jason \n") == "jason")
        #expect(name("ja\u{0}so\u{7}n") == "jason")
        #expect(name("j\u{202E}ason") == "jason")
        #expect(name("Jäger 久美") == "Jäger 久美")
        #expect(name(String(repeating: "x", count: 500))?.count == Sessions.nameLengthMax)
        #expect(name(" \t ") == nil)
    }
}

@Suite("The user in a header")
struct EndUserTests {
    @Test("visible ASCII stays, everything else is encoded, and no two users look the same")
    func encoding() {
        #expect(EndUser.headerValue("jason") == "jason")
        #expect(EndUser.headerValue("a b") == "a%20b")
        #expect(EndUser.headerValue("é") == "%C3%A9")
        #expect(EndUser.headerValue("%C3%A9") == "%25C3%25A9")
        #expect(EndUser.headerValue("\r\n\t") == "%0D%0A%09")
        for scalar in UInt8.min...UInt8.max {
            let value = EndUser.headerValue(String(Unicode.Scalar(scalar)))
            #expect(value.utf8.allSatisfy { (0x21...0x7E).contains($0) })
        }
    }
}

@Suite("HTML")
struct HTMLTests {
    @Test("nothing that means something to HTML stays as it is")
    func escaping() {
        #expect(
            HTML.escape(#"<a href="x" b='y'>&amp;é"#)
                == "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;é")
    }
}

@Suite("JSON")
struct JSONTests {
    private func parse(_ text: String) -> JSONValue? {
        try? JSONValue.parse(Array(text.utf8))
    }

    @Test("documents come back as they were written")
    func roundTrip() {
        for text in [
            "null", "true", "false", "0", "-12", "1.5", "1e9", "-0.25E-3", #""a""#, "[]", "{}",
            #"[1,[2,{"a":null}],"x"]"#, #"{"b":1,"a":{"c":[true]}}"#, #""\"\\\n\t""#,
            "9223372036854775807", "123456789012345678901234567890",
        ] {
            #expect(parse(text)?.text == text)
        }
        #expect(parse(" [ 1 , 2 ]\n")?.text == "[1,2]")
        #expect(parse(#""\u00e9\ud83d\ude80\/\b\f""#)?.string == "é🚀/\u{8}\u{C}")
        #expect(JSONValue.string("\u{1}\u{1F}").text == #""\u0001\u001f""#)
    }

    @Test("what the grammar does not allow is refused")
    func refused() {
        for text in [
            "", " ", "nul", "tru e", "01", "+1", "1.", ".5", "1e", "-", "[1,]", "[1 2]", "{a:1}",
            #"{"a":1,}"#, #"{"a" 1}"#, #"{"a"}"#, #"""#, #""\x""#, #""\u12""#, #""\ud800""#,
            #""\ud800\u0041""#, "\"\n\"", "[", "{", "1 2", "NaN", "'a'", "[1]]",
        ] {
            #expect(parse(text) == nil, "\(text)")
        }
        #expect((try? JSONValue.parse([0x22, 0xFF, 0x22])) == nil)
    }

    @Test("nesting is bounded")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(parse(nested(JSONValue.depthMax)) != nil)
        #expect(parse(nested(JSONValue.depthMax + 2)) == nil)
        #expect(parse(String(repeating: "[", count: 1_000_000)) == nil)
    }

    @Test("members are found by name, the last of several")
    func members() {
        let value = parse(#"{"a":1,"b":"x","a":2}"#)
        #expect(value?["a"]?.integer == 2)
        #expect(value?["b"]?.string == "x")
        #expect(value?["c"] == nil)
        #expect(value?["b"]?["c"] == nil)
        #expect(parse("[1]")?.array?.count == 1)
    }

    @Test("what Foundation reads is what was written")
    func foundation() throws {
        let value = JSONValue.object([
            ("k\"\\\u{7}é", .array([.integer(-1), .bool(true), .null, .string("🚀\n")]))
        ])
        let object = try JSONSerialization.jsonObject(with: Data(value.text.utf8))
        let list = (object as? [String: [Any]])?["k\"\\\u{7}é"]
        #expect(list?.count == 4)
        #expect(list?[3] as? String == "🚀\n")
    }
}
