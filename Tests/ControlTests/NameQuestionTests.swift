// Questions for names, byte by byte, and what a hostile client makes of them.
import Mesh
import Net
import Testing

@testable import Control

@Suite("questions for names")
struct NameQuestionTests {
    private func question(_ name: String, type: UInt8 = 1, flags: UInt8 = 1) -> [UInt8] {
        var bytes: [UInt8] = [0xab, 0xcd, flags, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        for label in name.split(separator: ".") {
            bytes += [UInt8(label.utf8.count)] + Array(label.utf8)
        }
        return bytes + [0, 0, type, 0, 1]
    }

    private func blocks(_ texts: String...) throws -> [AddressBlock] {
        try texts.map { try #require(AddressBlock($0)) }
    }

    @Test("an address is answered with the question's own bytes before it")
    func answer() throws {
        let asked = question("Reviews.default")
        let parsed = try #require(NameQuestion(asked))
        #expect(parsed.name == "Reviews.default" && parsed.kind == .a)
        let answer = parsed.answer(try blocks("240.240.1.2"))
        // QR, AA, RD, RA and no error; one question, one answer.
        #expect(Array(answer[..<12]) == [0xab, 0xcd, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
        #expect(Array(answer[12..<asked.count]) == Array(asked[12...]))
        #expect(
            Array(answer[asked.count...])
                == [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 240, 240, 1, 2])
    }

    @Test("a name without addresses of a kind is there, with none (not NXDOMAIN)")
    func families() throws {
        let known = try blocks("10.0.0.1", "fd00::1")
        let v6 = try #require(NameQuestion(question("a", type: 28))).answer(known)
        #expect(
            v6[7] == 1
                && Array(v6.suffix(18)) == [0, 16, 0xfd, 0] + Array(repeating: 0, count: 13) + [1])
        let text = try #require(NameQuestion(question("a", type: 16))).answer(known)
        #expect(text[7] == 0 && text[3] & 0xf == 0)
        let none = try #require(NameQuestion(question("a", type: 28))).answer(
            try blocks("10.0.0.1"))
        #expect(none[7] == 0 && none[3] & 0xf == 0)
    }

    @Test("what is no plain question is not taken for one")
    func refused() {
        var pointer = question("a")
        pointer[12] = 0xc0
        var two = question("a")
        two[5] = 2
        let long = question(
            Array(repeating: String(repeating: "a", count: 60), count: 5)
                .joined(separator: "."))
        for bytes in [
            [], [0], question("a", flags: 0x81), question("a", flags: 0x28), pointer, two, long,
            question("a", flags: 0x80),
        ] {
            #expect(NameQuestion(bytes) == nil)
        }
    }

    @Test("a question that is cut off anywhere is none")
    func cut() {
        let whole = question("reviews.default")
        for count in 0..<whole.count { #expect(NameQuestion(Array(whole[..<count])) == nil) }
    }

    @Test("resolv.conf: three servers at most, the last search list, comments let be")
    func resolverFile() {
        let file = ResolverFile(
            """
            # comment
            nameserver 10.0.0.2
            nameserver fd00::2
            nameserver fe80::1%eth0
            search one.example
            nameserver 10.0.0.3
            nameserver 10.0.0.4
            search two.example svc.cluster.local
            """)
        #expect(file.servers.map(\.description) == ["10.0.0.2:53", "[fd00::2]:53", "10.0.0.3:53"])
        let text = file.text(namespace: "shop", domain: "cluster.local")
        #expect(text.contains("nameserver 127.0.0.1\n"))
        #expect(
            text.contains(
                "search shop.svc.cluster.local svc.cluster.local cluster.local two.example\n"))
    }
}
