// Clients that were let in and would not be any more: revoked, of a root that is trusted no longer,
// or at the end of their certificate. Their open connections end; nobody else's do.
import Mesh
import Net
import PKI
import TLS
import Telemetry
import Testing

@testable import Proxy

@Suite("dismissed peers")
struct DismissalTests {
    let mesh: MeshCertificates
    let server: MeshCertificates.Workload
    let bad: MeshCertificates.Workload
    let good: MeshCertificates.Workload
    private static let request = "GET / HTTP/1.1\r\nHost: reviews\r\n\r\n"
    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    init() throws {
        mesh = try MeshCertificates()
        server = try mesh.workload("reviews")
        bad = try mesh.workload("ratings")
        good = try mesh.workload("productpage")
    }

    private func rig(limits: (inout ProxyLimits) -> Void = { _ in }) throws -> Rig {
        try .inbound({ .inboundHTTP(to: $0, plain: false) }, mesh, as: server, limits: limits)
    }

    /// A connection that has carried a request and now idles.
    private func used(
        _ rig: Rig, _ workload: MeshCertificates.Workload, _ upstream: Wire? = nil
    ) throws -> (client: SecureWire, upstream: Wire) {
        let client = try rig.secure(mesh, workload)
        try client.send(Self.request)
        let upstream = try upstream ?? rig.accept()
        _ = try upstream.readHead()
        try upstream.send(Self.answer)
        _ = try client.read(to: "ok")
        return (client, upstream)
    }

    private func revoke(_ workload: MeshCertificates.Workload, on rig: Rig) throws {
        try rig.credentials(["mesh": try mesh.server(server, revoked: [workload])])
    }

    @Test("a revoked client's idle connection is closed, another's is not")
    func idle() throws {
        let rig = try rig()
        let (one, upstream) = try used(rig, bad)
        let (other, _) = try used(rig, good, upstream)
        try revoke(bad, on: rig)
        #expect(try one.readToEnd() == ("", .goodbye))
        #expect(try rig.listener(.sslFailVerifyError) == 1)
        #expect(try rig.listener(.sslPeerDismissed) == 1)
        try other.send(Self.request)
        _ = try upstream.readHead()
        try upstream.send(Self.answer)
        _ = try other.read(to: "ok")
        try rig.settle()
    }

    @Test("the request of a revoked client that is under way is answered, the next is refused")
    func underWay() throws {
        let rig = try rig()
        let (client, upstream) = try used(rig, bad)
        try client.send(Self.request)
        _ = try upstream.readHead()
        try revoke(bad, on: rig)
        try rig.wait(forListener: .sslPeerDismissed, 1)
        // Already sent when the answer comes, and never seen by the workload.
        try client.send(Self.request)
        try upstream.send(Self.answer)
        let (text, _) = try client.readToEnd()
        #expect(text.contains("connection: close"))
        #expect(text.hasSuffix("\r\n\r\nok"))
        #expect(try rig.http(.downstreamRqTotal, "inbound") == 2)
        try rig.settle()
    }

    @Test("an answer that takes for ever does not keep a revoked client")
    func patience() throws {
        let rig = try rig { $0.drainMs = 100 }
        let (client, upstream) = try used(rig, bad)
        try client.send(Self.request)
        _ = try upstream.readHead()
        try revoke(bad, on: rig)
        #expect(try client.readToEnd().text == "")
        try rig.settle()
    }

    @Test("half a request head is no request")
    func halfHead() throws {
        let rig = try rig()
        let (client, _) = try used(rig, bad)
        try client.send("GET / HTTP/1.1\r\nHo")
        try Wire.wait(for: "the head's begin") {
            try rig.onLoop { $0.activeCount } == 1 ? () : nil
        }
        try revoke(bad, on: rig)
        #expect(try client.readToEnd() == ("", .goodbye))
        try rig.settle()
    }

    /// HEADERS of a whole request.
    private static func stream(_ id: UInt8) -> [UInt8] {
        let block = H2Wire.block([
            (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a"),
        ])
        return [0, 0, UInt8(block.count), 1, 5, 0, 0, 0, id] + block
    }

    private func http2Client(_ rig: Rig) throws -> SecureWire {
        let client = try rig.secure(mesh, bad, protocols: ["istio-h2", "h2"])
        try client.send(H2Wire.preface)
        try client.send([0, 0, 0, 4, 0, 0, 0, 0, 0])
        try client.send(Self.stream(1))
        return client
    }

    @Test("HTTP/2: a stream that takes for ever does not keep a revoked client")
    func http2Patience() throws {
        let rig = try rig { $0.drainMs = 100 }
        let client = try http2Client(rig)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try revoke(bad, on: rig)
        #expect(try client.readToEnd().end == .goodbye)
        #expect(try upstream.readToEnd().text == "")
        try rig.settle()
    }

    @Test("HTTP/2: GOAWAY, the stream under way finishes, then the connection ends")
    func http2() throws {
        let rig = try rig()
        let client = try http2Client(rig)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try revoke(bad, on: rig)
        try rig.wait(forListener: .sslPeerDismissed, 1)
        // Another stream is not begun.
        try client.send(Self.stream(3))
        try upstream.send(Self.answer)
        let (text, end) = try client.readToEnd()
        #expect(text.contains("ok"))
        #expect(end == .goodbye)
        #expect(try rig.http(.downstreamRqTotal, "inbound") == 1)
        try rig.settle()
    }

    @Test("a tunnel of a revoked client is cut on both sides")
    func tunnel() throws {
        let rig = try Rig.inbound({ .inboundTCP(to: $0, plain: false) }, mesh, as: server)
        let client = try rig.secure(mesh, bad, protocols: ["istio"])
        try client.send("hello")
        let upstream = try rig.accept()
        #expect(try upstream.read(count: 5) == "hello")
        try revoke(bad, on: rig)
        #expect(try client.readToEnd().end == .reset)
        #expect(try upstream.readToEnd().end == .reset)
        try rig.settle()
    }

    @Test("a WebSocket of a revoked client is cut as well")
    func webSocket() throws {
        let rig = try rig()
        let client = try rig.secure(mesh, bad)
        try client.send(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send(
            "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        _ = try client.readHead()
        try client.send("frame")
        #expect(try upstream.read(count: 5) == "frame")
        try revoke(bad, on: rig)
        #expect(try upstream.readToEnd().end == .reset)
        try rig.settle()
    }

    @Test("when a root is trusted no more, the connections of its workloads end")
    func roots() throws {
        let rig = try rig()
        let (client, _) = try used(rig, good)
        let next = try MeshCertificates()
        try rig.credentials(["mesh": try next.server(try next.workload("reviews"))])
        #expect(try client.readToEnd() == ("", .goodbye))
        try rig.settle()
    }

    @Test("while two roots are trusted, and for a new certificate of this side, nobody leaves")
    func rotation() throws {
        let rig = try rig()
        let (client, upstream) = try used(rig, good)
        let next = try MeshCertificates()
        var settings = try mesh.server(try mesh.workload("reviews"))
        settings.clientCA = mesh.roots + next.roots
        try rig.credentials(["mesh": settings])
        try client.send(Self.request)
        _ = try upstream.readHead()
        try upstream.send(Self.answer)
        _ = try client.read(to: "ok")
        #expect(try rig.listener(.sslPeerDismissed) == 0)
        try rig.settle()
    }

    @Test(
        "a peer whose issuer has no list yet stays in the mesh, and leaves where lists are asked for",
        arguments: [true, false])
    func missingList(isAllowed: Bool) throws {
        let other = try MeshCertificates()
        let rig = try rig()
        var settings = try mesh.server(server)
        settings.clientCA = mesh.roots + other.roots
        settings.allowsMissingLists = isAllowed
        try rig.credentials(["mesh": settings])
        let (client, upstream) = try used(rig, try other.workload("productpage"))
        let (revoked, _) = try used(rig, bad, upstream)
        settings.revocations = try mesh.list([bad])
        try rig.credentials(["mesh": settings])
        #expect(try revoked.readToEnd().text == "")
        if isAllowed {
            try client.send(Self.request)
            _ = try upstream.readHead()
            try upstream.send(Self.answer)
            _ = try client.read(to: "ok")
        } else {
            #expect(try client.readToEnd().text == "")
        }
        try rig.settle()
    }

    @Test("a certificate that is missing for a while sends nobody away")
    func missing() throws {
        let rig = try rig()
        let (client, upstream) = try used(rig, good)
        try rig.credentials([:])
        try client.send(Self.request)
        _ = try upstream.readHead()
        try upstream.send(Self.answer)
        _ = try client.read(to: "ok")
        let late = try rig.secure(mesh, good)
        #expect(try late.readToEnd().text == "")
        #expect(try rig.listener(.sslContextMissing) == 1)
        try rig.settle()
    }

    @Test("who began the handshake before the revocation does not slip in behind it")
    func race() throws {
        let rig = try rig()
        let client = try rig.secure(mesh, bad)
        // The server's flight is there: it has begun with the old context.
        let flight = try Wire.wait(for: "the server's flight") {
            let bytes = try client.wire.takeNow()
            return bytes.isEmpty ? nil : bytes
        }
        try revoke(bad, on: rig)
        try client.received(flight)
        try? client.send(Self.request)
        #expect(try client.readToEnd().text == "")
        #expect(try rig.listener(.sslFailVerifyError) == 1)
        #expect(rig.backends[0].acceptNow() == nil)
        try rig.settle()
    }

    @Test("a connection ends with its client's certificate")
    func expiry() throws {
        let rig = try rig()
        let brief = try mesh.workload("brief", seconds: 2)
        let (client, _) = try used(rig, brief)
        #expect(try client.readToEnd() == ("", .goodbye))
        #expect(UnixTime.now > brief.certificate.notAfter)
        #expect(try rig.listener(.sslPeerExpired) == 1)
        try rig.settle()
    }

    @Test("names that a server no longer asks for end connections too")
    func allowList() throws {
        let rig = try rig()
        let address = rig.backends[0].address
        let (one, upstream) = try used(rig, bad)
        let (other, _) = try used(rig, good, upstream)
        try rig.adopt(
            .inboundHTTP(
                to: address, plain: false, names: [MeshCertificates.uri("productpage")]))
        #expect(try one.readToEnd() == ("", .goodbye))
        #expect(try other.isOpen())
        try rig.settle()
    }

    @Test("many are looked at a few at a time, and each of them is")
    func many() throws {
        let rig = try rig()
        let all = try (0..<40).map { _ in try rig.secure(mesh, bad).shaken() }
        try Wire.wait(for: "handshakes") { try rig.listener(.sslHandshake) == 40 ? () : nil }
        try revoke(bad, on: rig)
        for client in all { #expect(try client.readToEnd().text == "") }
        #expect(try rig.listener(.sslPeerDismissed) == 40)
        try rig.settle()
    }
}
