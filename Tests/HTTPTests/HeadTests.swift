// The table of fields: names as numbers, look-ups, and the runs in which fields are passed on.
import HTTP
import Net
import Testing

@Suite("the table of fields")
struct HeadTests {
    private func head(_ fields: [String]) throws -> RequestHead {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        let head = RequestHead()
        var parser = H1RequestParser()
        Array(text.utf8).withView {
            _ = parser.feed($0, into: head, limits: HTTPLimits())
            #expect(head.adopt($0) == nil)
        }
        return head
    }

    @Test("every name is known in any case", arguments: HeaderID.allCases)
    func names(id: HeaderID) {
        let name = id.name.description
        guard !name.isEmpty else { return }
        let full = id == .xEnvoy ? name + "anything" : name
        let mixed = String(full.prefix(1)).uppercased() + full.dropFirst()
        for spelling in [full, full.uppercased(), mixed] {
            #expect(Array(spelling.utf8).withView { HeaderID.identify($0) } == id, "\(spelling)")
        }
        // Neighbours are not the field.
        for other in ["x" + name, name + "x", String(name.dropLast()), String(name.dropFirst())]
        where id != .xEnvoy {
            #expect(Array(other.utf8).withView { HeaderID.identify($0) } != id, "\(other)")
        }
    }

    @Test("x-envoy- names of every length are the proxy's own")
    func envoyNames() {
        for count in 1...40 {
            let name = "X-Envoy-" + String(repeating: "a", count: count)
            #expect(Array(name.utf8).withView { HeaderID.identify($0) } == .xEnvoy, "\(name)")
        }
        #expect(Array("x-envoy".utf8).withView { HeaderID.identify($0) } == .other)
        #expect(Array("x-envoyage".utf8).withView { HeaderID.identify($0) } == .other)
    }

    @Test("names of every length and start are looked at without harm")
    func anyName() {
        var random = SeededRandom(seed: 3)
        for count in 1...64 {
            for _ in 0..<50 {
                let name = (0..<count).map { _ in UInt8.random(in: 0x21...0x7e, using: &random) }
                _ = name.withView { HeaderID.identify($0) }
            }
        }
        #expect([UInt8]().withView { HeaderID.identify($0) } == .other)
    }

    @Test("fields are found by number and by name")
    func lookups() throws {
        let head = try head(["X-One: 1", "Cookie: c", "x-one: 2"])
        #expect(head.value(of: .cookie)?.string == "c")
        #expect(head.value(of: .date) == nil)
        #expect(head.index(of: .date) == -1)
        #expect(head.value(named: ByteView("x-one"))?.string == "1")
        #expect(head.value(named: ByteView("x-two")) == nil)
    }

    @Test("what is passed on is what was sent, without what was dropped", arguments: 0..<32)
    func runs(mask: Int) throws {
        let lines = ["A: 1", "b:2", "C:  3 ", "D:", "E: 5"]
        let head = try head(lines)
        for index in lines.indices where mask >> index & 1 == 1 {
            head.fields[index + 1].isDropped = true
        }
        var out = Buffer()
        head.appendKeptFields(to: &out)
        let kept = lines.indices.filter { mask >> $0 & 1 == 0 }.map { lines[$0] + "\r\n" }
        #expect(out.readable.string == "Host: a\r\n" + kept.joined())
    }

    @Test("dropping by name drops every field of that name, and no framing")
    func drop() throws {
        let head = try head(["X: 1", "Y: 2", "x: 3", "Content-Length: 0"])
        head.drop(named: ByteView("x"))
        head.drop(named: ByteView("content-length"))
        var out = Buffer()
        head.appendKeptFields(to: &out)
        #expect(out.readable.string == "Host: a\r\nY: 2\r\nContent-Length: 0\r\n")
    }

    @Test("a head that is reset remembers nothing, and gives large memory back")
    func reset() throws {
        let head = try head(["X: " + String(repeating: "x", count: 20_000), "Upgrade: y"])
        head.reset()
        let (count, allocated) = (head.bytes.count, head.bytes.allocatedBytes)
        #expect(head.fields.isEmpty && count == 0 && head.length == 0)
        #expect(allocated <= 8192)
        #expect(head.hostIndex == -1 && head.authorityLength == 0 && head.restatedLength == -1)
    }
}
