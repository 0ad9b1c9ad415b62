// Bodies too long to be copied: every byte of them arrives, in order and once, and what stands
// behind their last byte reaches nobody.
import Net
import Telemetry
import Testing

@Suite("long bodies")
struct LongBodyTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Bytes that tell their place.
    private static func pattern(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        for index in 0..<count {
            bytes[index] = UInt8(truncatingIfNeeded: (index &* 2_654_435_761) >> 13)
        }
        return bytes
    }

    private func head(_ count: Int) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n"
    }

    @Test("arrive byte for byte, whichever side is the slower", arguments: [true, false])
    func content(slowClient: Bool) throws {
        let (rig, backend) = try Rig.forwarding()
        let body = Self.pattern(6_000_007)
        let (client, upstream, _) = try rig.open(Self.get)
        for turn in 0..<2 {
            try upstream.send(head(body.count))
            _ = try client.readHead()
            var sent = 0
            var taken = 0
            var step = 1
            while taken < body.count {
                if sent < body.count {
                    let end = min(body.count, sent + (slowClient ? 1 << 20 : step))
                    sent += try upstream.offer(Array(body[sent..<end]))
                }
                let count = min(sent - taken, slowClient ? step : 1 << 20)
                let bytes = try client.read(bytes: count)
                #expect(bytes.elementsEqual(body[taken..<taken + count]), "turn \(turn)")
                taken += count
                step = min(step * 2, 20_000)
            }
            // The endpoint's connection serves the next one too.
            try client.send(Self.get)
            _ = try upstream.readHead()
        }
        #expect(backend.acceptNow() == nil)
        #expect(try rig.sample.requests.values.map(\.responseBytes.sum).reduce(0, +) == 12_000_014)
        try rig.settle()
    }

    @Test("what comes behind the last byte reaches nobody", arguments: [200_000, 1_000_000])
    func poison(size: Int) throws {
        let (rig, _) = try Rig.forwarding()
        let body = Self.pattern(size)
        let (client, upstream, _) = try rig.open(Self.get)
        let poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
        try upstream.send(head(size))
        _ = try client.readHead()
        // The end of the body and what is behind it are there at once.
        try upstream.send(Array(body.dropLast(20_000)))
        #expect(try client.read(bytes: size - 20_000) == Array(body.dropLast(20_000)))
        try rig.whileLoopIsHeld {
            try upstream.send(Array(body.suffix(20_000)) + Array(poison.utf8))
        }
        #expect(try client.read(bytes: 20_000) == Array(body.suffix(20_000)))
        #expect(try upstream.readToEnd().text.isEmpty)
        try client.send(Self.get)
        let fresh = try rig.accept()
        _ = try fresh.readHead()
        try fresh.send(head(5) + "right")
        _ = try client.readHead()
        #expect(try client.read(count: 5) == "right")
        try rig.settle()
    }

    @Test("cut short are cut short for the client, at the same byte", arguments: [true, false])
    func cut(byReset: Bool) throws {
        let (rig, _) = try Rig.forwarding()
        let body = Self.pattern(700_000)
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(head(1_000_000))
        _ = try client.readHead()
        try upstream.send(body)
        let got = try client.read(bytes: body.count)
        #expect(got == body)
        if byReset { upstream.reset() } else { upstream.close() }
        #expect(try client.readToEnd().text.isEmpty)
        try rig.settle()
    }

    @Test("end with their client, whatever is still on the way", arguments: [true, false])
    func clientGone(byReset: Bool) throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(head(50_000_000))
        _ = try client.readHead()
        let block = Self.pattern(1 << 20)
        for _ in 0..<8 { _ = try upstream.offer(block) }
        try rig.onLoop { _ in }
        if byReset { client.reset() } else { client.close() }
        let broke: Void? = try? Wire.wait(for: "the endpoint to be told") {
            do { _ = try upstream.offer(block) } catch { return () }
            return nil
        }
        #expect(broke != nil)
        try rig.settle()
    }

    @Test("that end together with their connection are whole")
    func withFin() throws {
        let (rig, _) = try Rig.forwarding()
        let size = 300_000
        let body = Self.pattern(size)
        let (client, upstream, _) = try rig.open(Self.get)
        try rig.whileLoopIsHeld {
            try upstream.send(Array(head(size).utf8) + body)
            upstream.close()
        }
        _ = try client.readHead()
        #expect(try client.read(bytes: size) == body)
        try client.send("POST / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try rig.accept().readHead().hasPrefix("POST / "))
        try rig.settle()
    }
}
