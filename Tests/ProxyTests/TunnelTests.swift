// Upgraded connections and TCP routes: bytes both ways until both sides have said all they had.
import Mesh
import Net
import Telemetry
import Testing

@Suite("tunnels")
struct TunnelTests {
    static let upgrade =
        "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
        + "Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
    static let accepted =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

    private func opened() throws -> (Rig, client: Wire, upstream: Wire) {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, head) = try rig.open(Self.upgrade)
        #expect(head.contains("\r\nconnection: upgrade\r\nupgrade: websocket\r\n"))
        try upstream.send(Self.accepted)
        let answer = try client.readHead()
        #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(answer.contains("\r\nconnection: upgrade\r\nupgrade: websocket\r\n"))
        #expect(!answer.contains("transfer-encoding"))
        return (rig, client, upstream)
    }

    private static func tcp() throws -> (Rig, Backend) {
        let backend = try Backend()
        var plan = Plan()
        plan.isTCP = true
        plan.clusters = [Plan.cluster("a", [backend.address])]
        plan.tcp = Mesh.TCPRoute(destinations: [Plan.destination(0)], origin: Plan.origin)
        return (try Rig(plan, backends: [backend]), backend)
    }

    @Test("an upgrade passes bytes both ways")
    func upgraded() throws {
        let (rig, client, upstream) = try opened()
        try client.send("ping")
        #expect(try upstream.read(count: 4) == "ping")
        try upstream.send("pong")
        #expect(try client.read(count: 4) == "pong")
        #expect(try rig.http(.downstreamCxUpgradesActive) == 1)
        client.close()
        #expect(try upstream.readToEnd().end == .finished)
        try rig.settle()
    }

    @Test("bytes that came with the request and with the 101 arrive first and in order")
    func early() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.upgrade + "one")
        try upstream.send(Self.accepted + "uno")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101"))
        try client.send("two")
        try upstream.send("dos")
        #expect(try upstream.read(count: 6) == "onetwo")
        #expect(try client.read(count: 6) == "unodos")
        try rig.settle()
    }

    @Test("half-close passes through, and the other direction lives on", arguments: [true, false])
    func halfClose(clientFirst: Bool) throws {
        let (rig, client, upstream) = try opened()
        let (first, second) = clientFirst ? (client, upstream) : (upstream, client)
        try first.send("last words")
        first.finishSending()
        #expect(try second.readToEnd().text == "last words")
        try second.send("the answer")
        second.finishSending()
        #expect(try first.readToEnd().text == "the answer")
        try rig.settle()
    }

    @Test(
        "what a slow reader has not taken yet survives both sides' FIN", arguments: [true, false])
    func halfCloseWithUnsent(clientReads: Bool) throws {
        let (rig, client, upstream) = try opened()
        let (reader, writer) = clientReads ? (client, upstream) : (upstream, client)
        let size = 12 << 20
        reader.finishSending()
        _ = try writer.readToEnd()
        var left = size
        let block = [UInt8](repeating: 0x78, count: 1 << 20)
        // As much as the way to the reader holds, and FIN behind it.
        while left > 0 {
            let sent = try writer.offer(Array(block.prefix(left)))
            left -= sent
            if sent == 0 { break }
        }
        writer.finishSending()
        try reader.skip(size - left)
        #expect(try reader.readToEnd() == ("", .finished))
        try rig.settle()
    }

    @Test(
        "a reset on one side is a reset on the other, never a clean end", arguments: [true, false])
    func reset(clientResets: Bool) throws {
        let (rig, client, upstream) = try opened()
        let (gone, other) = clientResets ? (client, upstream) : (upstream, client)
        try gone.send("part")
        #expect(try other.read(count: 4) == "part")
        gone.reset()
        #expect(try other.readToEnd() == ("", .reset))
        try rig.settle()
    }

    @Test("an endpoint that refuses the upgrade answers as to any request")
    func refused() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.upgrade)
        try upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
        #expect(try client.read(count: 2) == "no")
        try client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try upstream.readHead().hasPrefix("GET /next "))
        try rig.settle()
    }

    @Test("a 101 nobody asked for is 502")
    func unasked() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try upstream.send(Self.accepted)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        try rig.settle()
    }

    @Test("an upgrade to h2c is ignored, with a body too, as clients that always offer it expect")
    func h2c() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, head) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                + "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
                + "Content-Length: 4\r\n\r\nbody")
        #expect(!head.lowercased().contains("upgrade"))
        #expect(!head.lowercased().contains("http2-settings"))
        #expect(try upstream.read(count: 4) == "body")
        try upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 204"))
        try rig.settle()
    }

    @Test("another protocol than websocket is refused with 403")
    func otherProtocol() throws {
        let (rig, backend) = try Rig.forwarding()
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        #expect(try client.readToEnd().text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    @Test("a TCP listener passes bytes both ways and ends as its peers end")
    func tcpRelay() throws {
        let (rig, _) = try Self.tcp()
        let client = try rig.connect()
        let upstream = try rig.accept()
        try upstream.send("220 hello\r\n")
        #expect(try client.read(count: 11) == "220 hello\r\n")
        try client.send("QUIT\r\n")
        client.finishSending()
        #expect(try upstream.readToEnd() == ("QUIT\r\n", .finished))
        try upstream.send("221 bye\r\n")
        upstream.close()
        #expect(try client.readToEnd() == ("221 bye\r\n", .finished))
        try rig.settle()
    }

    @Test("a TCP listener whose endpoint refuses closes without a byte")
    func tcpRefused() throws {
        let port = try refusedPort()
        let address = try #require(SocketAddress(host: "127.0.0.1", port: port))
        var plan = Plan()
        plan.isTCP = true
        plan.clusters = [Plan.cluster("a", [address])]
        plan.tcp = Mesh.TCPRoute(destinations: [Plan.destination(0)], origin: Plan.origin)
        let rig = try Rig(plan)
        let client = try rig.connect()
        #expect(try client.readToEnd().text == "")
        #expect(try rig.cluster(.upstreamCxConnectFail) == 1)
        try rig.settle()
    }

    @Test("a TCP listener without a route, a cluster or an endpoint closes", arguments: 0..<3)
    func tcpNowhere(which: Int) throws {
        var plan = Plan()
        plan.isTCP = true
        plan.clusters = [Plan.cluster("a", [])]
        if which > 0 {
            plan.tcp = Mesh.TCPRoute(
                destinations: [Plan.destination(which == 1 ? nil : 0)], origin: Plan.origin)
        }
        let rig = try Rig(plan)
        let client = try rig.connect()
        #expect(try client.readToEnd().text == "")
        try rig.settle()
    }
}
