// RE2 behind Regex: what matches, what is refused, and when it is built.
import Testing

@testable import Mesh

@Suite struct RegexTests {
    private static func regex(_ pattern: String) throws -> Regex {
        try Regex(Array(pattern.utf8))
    }

    private static func matches(_ pattern: String, _ text: String) throws -> Bool {
        try regex(pattern).matches(text)
    }

    @Test("the whole text has to match, at both ends")
    func anchored() throws {
        #expect(try Self.matches("/api/v[0-9]+", "/api/v12"))
        #expect(try !Self.matches("/api/v[0-9]+", "/api/v12/x"))
        #expect(try !Self.matches("/api/v[0-9]+", "x/api/v12"))
        #expect(try Self.matches("a|ab", "ab"))
        #expect(try Self.matches("", ""))
        #expect(try !Self.matches("", "a"))
    }

    @Test(
        "what RE2 refuses is refused with RE2's reason",
        arguments: [
            ("[a", "missing ]"), ("(a", "missing )"), ("*a", "no argument for repetition operator"),
            ("(?=a)", "invalid perl operator"), ("\\1", "invalid escape sequence"),
            ("a{1001}", "invalid repetition size"),
        ])
    func refused(_ pattern: String, _ reason: String) {
        #expect {
            try Self.regex(pattern)
        } throws: { error in
            "\(error)".contains(reason)
        }
    }

    @Test("RE2 builds it at its first match and not before")
    func lazy() throws {
        let regex = try Self.regex("/a[0-9]/(?i)X")
        #expect(!regex.isCompiled)
        #expect(!regex.matches("/b1/x"))
        #expect(!regex.isCompiled, "the literal prefix decides without RE2")
        #expect(regex.matches("/a1/x"))
        #expect(regex.isCompiled)
    }

    @Test("it is not built where its automaton can tell")
    func never() throws {
        let regex = try Self.regex("/a[0-9]/.*")
        #expect(regex.matches("/a1/x"))
        #expect(!regex.isCompiled)
        #expect(regex.matches("/a1/é"))
        #expect(regex.isCompiled, "one character, two bytes")
    }

    @Test("threads that match for the first time together all get the right answer")
    func race() async throws {
        for _ in 0..<50 {
            let regex = try Self.regex("(?s)(a|b)*c[0-9]{2,9}")
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        regex.matches("ababc123") && !regex.matches("ababc1")
                    }
                }
                for await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test("an evil pattern takes linear time")
    func linear() throws {
        let regex = try Self.regex("(?s)(a*)*b")
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 100_000)
        #expect(!regex.matches(bytes))
    }

    @Test("bytes that are no UTF-8 do not match a dot and do no harm")
    func notUTF8() throws {
        let bytes: [UInt8] = [0x2f, 0xff, 0xfe]
        #expect(try !Self.regex("/.*").matches(bytes))
        #expect(try Self.regex("/\\C*").matches(bytes))
    }

    @Test("replacement swaps every match and knows groups")
    func replace() throws {
        func replaced(_ pattern: String, _ text: String, _ with: String) throws -> String {
            let bytes = Array(text.utf8)
            let result = try Self.regex(pattern).replaceAll(in: bytes.span, with: Array(with.utf8))
            return String(decoding: result, as: UTF8.self)
        }
        #expect(try replaced("/v([0-9]+)", "/v1/x/v22", "/\\1") == "/1/x/22")
        #expect(try replaced("x", "/abc", "y") == "/abc")
        #expect(try replaced("/(a)(b)", "/ab", "\\2\\1\\0") == "ba/ab")
        #expect(try replaced("a", "", "b") == "")
        #expect(try replaced("b*", "abc", "-") == "-a-c-")
    }

    @Test("a replacement that names a missing group is refused")
    func badReplacement() throws {
        let regex = try Self.regex("/(a)")
        try regex.check(replacement: Array("\\1".utf8))
        #expect(throws: RegexError.self) { try regex.check(replacement: Array("\\2".utf8)) }
        #expect(throws: RegexError.self) { try regex.check(replacement: Array("\\x".utf8)) }
    }

    @Test(
        "the bytes every match starts with are read off the pattern",
        arguments: [
            ("/api/v[0-9]+", "/api/v"), ("^/api/(a|b)", "/api/"), ("/abc*", "/ab"),
            ("/abc?", "/ab"),
            ("/abc+", "/ab"), ("/abc{0,2}", "/ab"), ("/a|/b", ""), ("(a|b)/c", ""), ("/a.b", "/a"),
            ("/a\\.b", "/a"), (".*", ""), ("/x(a|b)|y", ""), ("/[|]a", ""), ("/\\Qa|b\\E", ""),
            ("", ""),
            ("*", ""), ("^*", ""), ("(?i)/abc", ""), ("/abc$", "/abc"),
        ])
    func prefix(_ pattern: String, _ literal: String) {
        let bytes = Array(pattern.utf8)
        let range = Regex.literalPrefix(of: bytes)
        #expect(String(decoding: bytes[range], as: UTF8.self) == literal)
    }

    @Test("the shortcuts never disagree with RE2 on patterns made at random")
    func shortcuts() throws {
        var random = SplitMix(state: 7)
        let letters = Array("ab/.*+?|()[]^${}\\0QdZ-_".utf8)
        var checked = 0
        var taken = 0
        for _ in 0..<60_000 {
            let pattern = (0..<Int(random.next() % 10)).map { _ in
                letters[Int(random.next() % UInt64(letters.count))]
            }
            // A group around it keeps the shortcuts of reading out: this is RE2's own verdict.
            let plain = try? Regex([UInt8](ascii: "(?:") + pattern + [UInt8](ascii: ")"))
            if Regex.isPlainlyValid(pattern) {
                taken += 1
                #expect(plain != nil, "\(String(decoding: pattern, as: UTF8.self))")
            }
            guard let plain, let regex = try? Regex(pattern) else { continue }
            checked += 1
            for _ in 0..<4 {
                let text = (0..<Int(random.next() % 6)).map { _ in
                    letters[Int(random.next() % 4)]
                }
                #expect(
                    regex.matches(text) == plain.matchesFullyByRE2(text.span),
                    "\(String(decoding: pattern, as: UTF8.self)) on \(text)")
            }
        }
        #expect(checked > 5_000)
        #expect(taken > 2_000)
    }
}

@Suite struct PlainValidityTests {
    @Test(
        "common shapes are recognised as valid without RE2",
        arguments: [
            "/api/v[0-9]+/.*", "^/a(b|c)?$", "/[a-zA-Z0-9_.-]+", "\\d+\\.\\w*", "[^/]+", ".*", "",
            "(a|)", "/x(/.*)?",
        ])
    func recognised(_ pattern: String) {
        #expect(Regex.isPlainlyValid(Array(pattern.utf8)))
        #expect(throws: Never.self) { try Regex(Array(pattern.utf8)) }
    }

    @Test(
        "everything else is left to RE2",
        arguments: [
            "a**", "a*?", "*", "(", ")", "(?i)a", "a{2}", "[]", "[z-a]", "[a", "\\b", "\\", "a^",
            "$a", "é",
            "[-a]", "[[:alpha:]]",
        ])
    func left(_ pattern: String) {
        #expect(!Regex.isPlainlyValid(Array(pattern.utf8)))
    }
}

/// Random numbers that are the same in every run.
struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension [UInt8] {
    init(ascii text: StaticString) { self = Array("\(text)".utf8) }
}
