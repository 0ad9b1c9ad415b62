// WebSocket where one side or both speak HTTP/2 (RFC 8441): the same bytes in both directions, the
// same ends, and nothing that one protocol's handshake could smuggle into the other.
import HTTP
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("WebSocket over HTTP/2")
struct WebSocketTests {
    typealias Kind = H2Wire.Kind
    static let upgrade =
        "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

    /// A client that asks for a tunnel on stream 1.
    private func ask(_ rig: Rig, protocol name: String = "websocket") throws -> H2Wire {
        let client = try H2Wire(try rig.connect())
        try client.request(
            1, "/chat", method: "CONNECT", ends: false,
            extra: [(":protocol", name), ("sec-websocket-version", "13")])
        return client
    }

    /// An HTTP/1.1 endpoint's answer to what it was asked.
    private func accept(_ head: String) throws -> String {
        let key = try #require(head.components(of: "sec-websocket-key").first).dropFirst(19)
        let accept = Array(String(key).utf8).withView { WebSocketKey.accept(for: $0) }
        return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Accept: \(String(decoding: accept, as: UTF8.self))\r\n\r\n"
    }

    @Test("the standard's own key has the standard's own answer")
    func key() {
        let accept = Array("dGhlIHNhbXBsZSBub25jZQ==".utf8).withView {
            WebSocketKey.accept(for: $0)
        }
        #expect(String(decoding: accept, as: UTF8.self) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("extended CONNECT becomes an upgrade of HTTP/1.1, with a key, and bytes go both ways")
    func streamToSocket() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try ask(rig)
        let upstream = try rig.accept()
        let head = try upstream.readHead()
        #expect(head.hasPrefix("GET /chat HTTP/1.1\r\nhost: a\r\n"))
        #expect(head.contains("\r\nconnection: upgrade\r\nupgrade: websocket\r\n"))
        #expect(head.contains("\r\nsec-websocket-version: 13\r\n"))
        // What comes before the answer waits for it.
        try client.send(Kind.data, stream: 1, Array("early ".utf8))
        try rig.onLoop { _ in }
        #expect(try upstream.readNow() == "")
        try upstream.send(try accept(head) + "behind")
        let answer = try client.next(Kind.headers)
        #expect(!answer.ends)
        #expect(try client.next(Kind.data).text == "behind")
        #expect(try upstream.read(count: 6) == "early ")
        try client.send(Kind.data, stream: 1, Array("up".utf8))
        #expect(try upstream.read(count: 2) == "up")
        try upstream.send("down")
        #expect(try client.next(Kind.data).text == "down")
        #expect(try rig.http(.downstreamCxUpgradesActive) == 1)
        // FIN and END_STREAM are the same thing.
        try client.send(Kind.data, flags: 1, stream: 1, [])
        #expect(try upstream.readToEnd().end == .finished)
        upstream.finishSending()
        while !(try client.next(Kind.data).ends) {}
        // The connection serves on, and nothing of the tunnel is left in it.
        try client.request(
            3, "/next", method: "POST", ends: false, extra: [("content-length", "4")])
        let next = try rig.accept()
        _ = try next.readHead()
        try client.send(Kind.data, flags: 1, stream: 3, Array("body".utf8))
        #expect(try next.read(count: 4) == "body")
        try next.send(H2Tests.ok)
        #expect(try client.next(Kind.data).text == "ok")
        try rig.settle()
    }

    @Test("a client that resets its stream resets the endpoint's connection, and the other way")
    func resets() throws {
        let (rig, _) = try Rig.forwarding()
        for clientResets in [true, false] {
            let client = try ask(rig)
            let upstream = try rig.accept()
            try upstream.send(try accept(try upstream.readHead()))
            _ = try client.next(Kind.headers)
            if clientResets {
                try client.send(Kind.reset, stream: 1, [0, 0, 0, 8])
                #expect(try upstream.readToEnd().end == .reset)
            } else {
                upstream.reset()
                #expect(try client.next(Kind.reset).payload == [0, 0, 0, 8])
            }
        }
        try rig.settle()
    }

    @Test("an endpoint that declines answers as to any request, and sees none of the early bytes")
    func declined() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try ask(rig)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try client.send(Kind.data, stream: 1, Array("GET /smuggled HTTP/1.1\r\n\r\n".utf8))
        try upstream.send("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
        #expect(try client.next(Kind.data).text == "no")
        #expect(try upstream.readToEnd().text == "")
        try rig.settle()
    }

    @Test("an endpoint that answers to no key of ours has not understood: 502")
    func wrongAccept() throws {
        let (rig, _) = try Rig.forwarding()
        let client = try ask(rig)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        _ = try client.next(Kind.headers)
        #expect(try client.next(Kind.data).text.contains("protocol error"))
        try rig.settle()
    }

    @Test("other protocols are refused as other upgrades are")
    func otherProtocol() throws {
        let (rig, backend) = try Rig.forwarding()
        let client = try ask(rig, protocol: "connect-udp")
        let answer = try client.next(Kind.headers)
        #expect(answer.ends)
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    /// A rig whose endpoint has said on an open connection that it takes extended CONNECT.
    private func prepared() throws -> (Rig, H2Endpoint) {
        let backend = try Backend()
        var plan = Plan.forwarding(to: [backend.address])
        plan.speak(.http2)
        let rig = try Rig(plan, backends: [backend])
        let first = try rig.connect()
        try first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let endpoint = try H2Endpoint(try rig.accept())
        try endpoint.answer(try endpoint.request())
        _ = try first.readHead()
        return (rig, endpoint)
    }

    @Test("an upgrade of HTTP/1.1 becomes extended CONNECT, answered with the client's own key")
    func socketToStream() throws {
        let (rig, endpoint) = try prepared()
        let client = try rig.connect()
        try client.send(Self.upgrade)
        let stream = try endpoint.request(1)
        #expect(stream.value(":method") == "CONNECT" && stream.value(":protocol") == "websocket")
        #expect(stream.value(":path") == "/chat" && stream.value("sec-websocket-key") == nil)
        #expect(stream.value("upgrade") == nil && stream.value("connection") == nil)
        try endpoint.headers(stream, [(":status", "200")])
        let head = try client.readHead()
        #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(head.contains("\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(head.contains("\r\nconnection: upgrade\r\nupgrade: websocket\r\n"))
        try client.send("up")
        try endpoint.wait("bytes") { stream.text == "up" ? () : nil }
        try endpoint.data(stream, "down")
        #expect(try client.read(count: 4) == "down")
        try endpoint.data(stream, "", ends: true)
        #expect(try client.readToEnd().end == .finished)
        client.close()
        try endpoint.wait("the end") { stream.ended || stream.closedCode != nil ? () : nil }
        try rig.settle()
    }

    @Test("between two HTTP/2 sides it stays extended CONNECT, slow readers and all")
    func streamToStream() throws {
        let (rig, endpoint) = try prepared()
        let client = try ask(rig)
        let stream = try endpoint.request(1)
        #expect(stream.value(":protocol") == "websocket")
        try endpoint.headers(stream, [(":status", "200")])
        #expect(!(try client.next(Kind.headers).ends))
        try client.send(Kind.data, stream: 1, Array("up".utf8))
        try endpoint.wait("bytes") { stream.text == "up" ? () : nil }
        try endpoint.data(stream, "down")
        #expect(try client.next(Kind.data).text == "down")
        try client.send(Kind.reset, stream: 1, [0, 0, 0, 8])
        try endpoint.wait("the reset") { stream.closedCode == 8 ? () : nil }
        try rig.settle()
    }

    @Test("an endpoint that does not offer it gets a connection of HTTP/1.1 of its own")
    func notOffered() throws {
        let backend = try Backend()
        var plan = Plan.forwarding(to: [backend.address])
        plan.speak(.http2)
        let rig = try Rig(plan, backends: [backend])
        let client = try rig.connect()
        try client.send(Self.upgrade)
        let upstream = try rig.accept()
        #expect(try upstream.readHead().hasPrefix("GET /chat HTTP/1.1\r\n"))
        try rig.settle()
    }
}
