// Expressions that are decided without RE2, held against RE2 itself.
// RE2 says what an expression means; the automaton may refuse one, and may never disagree.
import Spec
import Testing

@testable import Mesh

@Suite struct PositionAutomatonTests {
    private static func automaton(_ pattern: String) -> PositionAutomaton? {
        try? Regex(Array(pattern.utf8)).automaton
    }

    @Test(
        "what people write for paths is decided without RE2",
        arguments: [
            ("/items/[0-9]+(/details)?", "/items/4711/details", "/items/4711/detail"),
            ("^/a(b|c)?$", "/ac", "/ad"), ("/[a-zA-Z0-9_.-]+", "/a-b.c_9", "/a b"),
            ("\\d+\\.\\w*", "12.ab_3", "12ab"), ("[^/]+/.*", "ab/", "/ab"), ("", "", "a"),
            ("(a|)", "", "b"), ("/v[0-9]{1,3}(/.*)?", "/v123/x", "/v1234"), ("a{2,}", "aaa", "a"),
            ("(?:ab){2}c*?", "ababcc", "ab"), ("a+?b??", "aab", "aabb"), ("/x\\$", "/x$", "/x"),
            ("[]", "", "x"), ("/[-a]+", "/-a", "/b"), ("[!-~]+", "x~!", "a b"),
            ("/(en|de|fr)-[A-Z]{2}/?", "/de-CH/", "/de-ch"), ("a|b|cd", "cd", "ab"),
        ])
    func decided(_ pattern: String, _ yes: String, _ no: String) throws {
        guard let regex = try? Regex(Array(pattern.utf8)) else {
            #expect(pattern == "[]")
            return
        }
        #expect(regex.matches(yes))
        #expect(!regex.matches(no))
        #expect(!regex.isCompiled, "RE2 was asked")
    }

    @Test(
        "what it cannot be sure of is left to RE2",
        arguments: [
            "(?i)/abc", "\\bx", "\\pL+", "[[:alpha:]]+", "a{1001}", "é+", "\\Qa.b\\E", "(?P<n>a)",
            "a{,2}", "a{", "a{03}", "/a^b", "a$b", "(^a)", "(a$)", "\\C", "\\x41", "[\\x41]",
            "[a-z&&[b]]",
            "a{65}", "(a{8}){9}", "[\\d-z]", "((((((((((((((((a))))))))))))))))", "}", "a]",
        ])
    func left(_ pattern: String) {
        #expect(Self.automaton(pattern) == nil)
    }

    @Test("bytes beyond ASCII are RE2's affair, and only where they are reached")
    func beyondASCII() throws {
        let automaton = try #require(Self.automaton("/[^x]*"))
        let text = Array("/é".utf8)
        #expect(automaton.verdict(on: text.span, from: 1) == .unknown)
        let other = Array("/xé".utf8)
        #expect(automaton.verdict(on: other.span, from: 1) == .noMatch)
        #expect(try Regex(Array("/.".utf8)).matches("/é"), "a dot is a character, not a byte")
        #expect(try !Regex(Array("/[^x]".utf8)).matches([0x2f, 0xff]))
    }

    @Test("an evil pattern takes linear time without RE2 as well")
    func linear() throws {
        let regex = try Regex(Array("/(a*)*(a|aa)*(.*.*.*)*b".utf8))
        #expect(regex.automaton != nil)
        let bytes = [UInt8(ascii: "/")] + [UInt8](repeating: UInt8(ascii: "a"), count: 200_000)
        #expect(!regex.matches(bytes))
        #expect(!regex.isCompiled)
    }

    @Test("expressions that end alike share one automaton")
    func shared() throws {
        let routes = try (0..<1000).map { number in
            Route(
                name: "default",
                match: RouteMatch(
                    path: .regex(try Regex(Array("/items-\(number)/[0-9]+(/more)?".utf8)))),
                action: .direct(DirectResponse(status: 200, body: [])), origin: Self.origin)
        }
        let table = RouteTable(
            name: "t", virtualHosts: [VirtualHost(name: "h", domains: ["*"], routes: routes)])
        #expect(table.programs.count < 64)
    }

    @Test("it never disagrees with RE2 on patterns and texts made at random", arguments: 1...4)
    func fuzz(_ seed: UInt64) throws {
        var maker = PatternMaker(random: SplitMix(state: seed))
        var decided = 0
        var matched = 0
        for _ in 0..<12_000 {
            let pattern = maker.pattern()
            guard let regex = try? Regex(pattern) else { continue }
            guard let automaton = regex.automaton else { continue }
            decided += 1
            let start = regex.literalPrefix.count
            for _ in 0..<12 {
                let text = maker.text(near: pattern)
                let byRE2 = regex.matchesFullyByRE2(text.span)
                if byRE2 { matched += 1 }
                #expect(
                    regex.matches(text) == byRE2,
                    "\(String(decoding: pattern, as: UTF8.self)) on \(text)")
                guard text.starts(with: regex.literalPrefix) else { continue }
                let verdict = automaton.verdict(on: text.span, from: start)
                #expect(
                    verdict == .unknown || (verdict == .match) == byRE2,
                    "\(String(decoding: pattern, as: UTF8.self)) on \(text)")
            }
        }
        #expect(decided > 4_000)
        #expect(matched > 2_000)
    }

    @Test("every byte is in the classes in which RE2 has it")
    func classes() throws {
        let patterns = [
            ".", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "[^a]", "[\\d_]", "[^\\w.]", "[a-f-]",
            "[-x]", "[!-/]", "[\\--\\/]", "[^\\s]", "\\-", "\\\\", "[\\\\]", "[\\]]",
            "[*+?(){}|^$]",
            "[+^]", "a", "~", " ", "\\ ", "\\~", "[.-9]",
        ]
        for pattern in patterns {
            let regex = try Regex(Array(pattern.utf8))
            for byte in 0...UInt8.max {
                #expect(
                    regex.matches([byte]) == regex.matchesFullyByRE2([byte].span),
                    "\(pattern) on \(byte)")
            }
        }
    }

    private static let origin = Origin(
        object: .init(kind: "VirtualService", namespace: "default", name: "v"),
        location: .init(file: "f.yaml"))
}

/// Patterns that are mostly well formed, with the odd one out, and texts that often match.
private struct PatternMaker {
    var random: SplitMix

    private mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    private mutating func pick(_ choices: [String]) -> String { choices[below(choices.count)] }

    mutating func pattern() -> [UInt8] {
        var text = below(4) == 0 ? "^" : ""
        if below(2) == 0 { text += pick(["/", "/a", "/ab/", "a-", "x1"]) }
        text += alternatives(depth: 0)
        if below(4) == 0 { text += "$" }
        var bytes = Array(text.utf8)
        // Now and then a byte too many, too few, or another one.
        if below(6) == 0, !bytes.isEmpty {
            let place = below(bytes.count)
            let marks = Array("()[]{}|*+?.^$\\-,0a\u{e9}".utf8)
            switch below(3) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(marks[below(marks.count)], at: place)
            default: bytes[place] = marks[below(marks.count)]
            }
        }
        return bytes
    }

    private mutating func alternatives(depth: Int) -> String {
        var text = sequence(depth: depth)
        while below(5) == 0 { text += "|" + sequence(depth: depth) }
        return text
    }

    private mutating func sequence(depth: Int) -> String {
        (0..<below(4)).map { _ in repeated(depth: depth) }.joined()
    }

    private mutating func repeated(depth: Int) -> String {
        let atom = atom(depth: depth)
        return atom
            + pick([
                "", "", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,3}", "{2,}",
                "{0,}?", "{0}", "{,2}",
            ])
    }

    private mutating func atom(depth: Int) -> String {
        switch below(depth < 3 ? 12 : 9) {
        case 0...3: pick(["a", "b", "/", "x", "1", "-", "_", " "])
        case 4: "."
        case 5: pick(["\\d", "\\w", "\\s", "\\D", "\\W", "\\S", "\\.", "\\/", "\\$", "\\b", "\\n"])
        case 6...8: "[" + pick(["", "", "^"]) + members() + "]"
        case 9: "(?:" + alternatives(depth: depth + 1) + ")"
        default: "(" + alternatives(depth: depth + 1) + ")"
        }
    }

    private mutating func members() -> String {
        pick(["", "", "", "-"])
            + (0...below(3)).map { _ in
                pick(["a", "b-x", "/", "0-9", "\\d", "\\.", "\\W", "_", "^", "$", "+-/", "[", "é"])
            }.joined() + pick(["", "", "", "-"])
    }

    /// Often made of the pattern's own bytes, so that it gets somewhere.
    mutating func text(near pattern: [UInt8]) -> [UInt8] {
        let letters = Array("ab/x1-_ .$\n\0Z".utf8)
        let literal = Array(pattern[Regex.literalPrefix(of: pattern)])
        let own = pattern.filter { Regex.isLiteral($0) }
        let start = below(8) == 0 ? [] : literal
        let rest: [UInt8] = (0..<below(7)).map { _ in
            let die = below(24)
            if die == 0 { return UInt8(below(256)) }
            if die < 10, !own.isEmpty { return own[below(own.count)] }
            return letters[below(letters.count)]
        }
        return start + rest
    }
}
