// TLS to endpoints: whom the proxy takes for the endpoint, what it shows and offers, and what it
// does when one of these is wrong.
import Mesh
import Net
import PKI
import TLS
import Telemetry
import Testing

@testable import Proxy

@Suite("TLS to endpoints")
struct UpstreamTLSTests {
    static let get = "GET / HTTP/1.1\r\nHost: shop.example.com:8443\r\n\r\n"
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    let authority: TestAuthority

    init() throws {
        authority = try TestAuthority()
    }

    /// A rig whose one endpoint speaks TLS as `tls` says, and the credentials for it.
    private func rig(
        _ tls: UpstreamTLS, client: TLSClientSettings? = nil, connectTimeoutMs: UInt32 = 60_000,
        backends count: Int = 1
    ) throws -> Rig {
        let backends = try (0..<count).map { _ in try Backend() }
        var plan = Plan.forwarding(
            to: backends.map(\.address), connectTimeoutMs: connectTimeoutMs)
        plan.secure(tls)
        let rig = try Rig(plan, backends: backends)
        try rig.trust(tls, client ?? authority.client())
        return rig
    }

    private func tls(
        mesh: Bool = false, name: String? = nil, names: [String] = [],
        trust: UpstreamTLS.Trust = .file("ca")
    ) -> UpstreamTLS {
        UpstreamTLS(
            isMeshMutual: mesh, serverName: name, trust: trust, subjectAltNames: names,
            origin: Plan.origin)
    }

    @Test("a request goes up encrypted, with its host as SNI, to an endpoint that has the name")
    func request() throws {
        let rig = try rig(tls())
        let client = try rig.connect()
        try client.send(Self.get)
        let up = try EndpointWire(
            try rig.accept(), try authority.server([.dns("shop.example.com")]))
        #expect(up.stream.serverName == "shop.example.com")
        #expect(try up.readHead().hasPrefix("GET / HTTP/1.1\r\nHost: shop.example.com:8443\r\n"))
        try up.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try client.read(count: 2) == "ok")
        #expect(try rig.cluster(.sslHandshake) == 1)
        // The connection serves the next request as well.
        try client.send(Self.get)
        _ = try up.readHead()
        try up.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try rig.cluster(.sslHandshake) == 1)
        try rig.settle()
    }

    @Test(
        "names: DNS with wildcards, URIs and addresses as they are, each of its own kind",
        arguments: [
            ([GeneralName.dns("shop.example.com")], ["shop.example.com"], true),
            ([.dns("*.example.com")], ["shop.example.com"], true),
            ([.dns("*.example.com")], ["a.shop.example.com"], false),
            ([.dns("other.example.com")], ["shop.example.com"], false),
            ([.dns("other.example.com")], ["shop.example.com", "other.example.com"], true),
            ([.uri("spiffe://t/ns/a/sa/b")], ["spiffe://t/ns/a/sa/b"], true),
            ([.uri("spiffe://t/ns/a/sa/b")], ["spiffe://t/ns/a/sa/c"], false),
            ([.dns("10.0.0.1")], ["10.0.0.1"], false),
        ] as [([GeneralName], [String], Bool)])
    func names(has: [GeneralName], wanted: [String], isTaken: Bool) throws {
        let rig = try rig(tls(name: "fixed.example.com", names: wanted))
        let client = try rig.connect()
        try client.send(Self.get)
        let context = try authority.server(has)
        let wire = try rig.accept()
        guard isTaken else {
            #expect(throws: (any Error).self) { try EndpointWire(wire, context).readHead() }
            #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
            let body = try client.read(to: "TLS_error_end")
            #expect(body.contains("reset reason: remote connection failure, transport failure "))
            #expect(body.contains("CERTIFICATE_VERIFY_FAILED:verify cert failed: verify SAN list"))
            #expect(try rig.cluster(.sslFailVerifySAN) == 1)
            try rig.settle()
            return
        }
        let up = try EndpointWire(wire, context)
        #expect(up.stream.serverName == "fixed.example.com")
        _ = try up.readHead()
        try up.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        try rig.settle()
    }

    @Test("an address as authority: no SNI, and the certificate must hold that address")
    func address() throws {
        let rig = try rig(tls())
        for (host, isTaken) in [("127.0.0.1", true), ("127.0.0.2", false)] {
            let client = try rig.connect()
            try client.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            let wire = try rig.accept()
            let names: [GeneralName] = [.address([127, 0, 0, 1])]
            let context = try authority.server(names)
            if isTaken {
                let up = try EndpointWire(wire, context)
                #expect(up.stream.serverName == nil)
                _ = try up.readHead()
                try up.send(Self.ok)
            } else {
                #expect(throws: (any Error).self) { try EndpointWire(wire, context).readHead() }
            }
            let status = isTaken ? "HTTP/1.1 200 " : "HTTP/1.1 503 "
            #expect(try client.readHead().hasPrefix(status))
        }
        try rig.settle()
    }

    @Test("a chain that ends at no trusted CA, or is over, is refused", arguments: [true, false])
    func chain(isExpired: Bool) throws {
        let rig = try rig(tls())
        let client = try rig.connect()
        try client.send(Self.get)
        let context =
            isExpired
            ? try authority.server([.dns("shop.example.com")], seconds: -60)
            : try TestAuthority().server([.dns("shop.example.com")])
        let wire = try rig.accept()
        #expect(throws: (any Error).self) { try EndpointWire(wire, context).readHead() }
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(try client.read(to: "TLS_error_end").contains("CERTIFICATE_VERIFY_FAILED"))
        #expect(try rig.cluster(.sslFailVerifyError) == 1)
        #expect(try rig.cluster(.upstreamCxConnectFail) == 1)
        try rig.settle()
    }

    @Test("a body until close is whole behind close_notify alone", arguments: [true, false])
    func untilClose(saysGoodbye: Bool) throws {
        let rig = try rig(tls())
        let client = try rig.connect()
        try client.send(Self.get)
        let up = try EndpointWire(
            try rig.accept(), try authority.server([.dns("shop.example.com")]))
        _ = try up.readHead()
        try up.send("HTTP/1.1 200 OK\r\n\r\nall of it")
        #expect(try client.read(to: "all of it").hasPrefix("HTTP/1.1 200 OK\r\n"))
        if saysGoodbye {
            var goodbye = Buffer()
            up.stream.sayGoodbye(out: &goodbye)
            try up.wire.send(goodbye.readable.array)
        }
        up.wire.finishSending()
        if saysGoodbye {
            #expect(try client.read(to: "0\r\n\r\n") == "\r\n0\r\n\r\n")
        } else {
            #expect(try !client.readToEnd().text.contains("0\r\n\r\n"))
        }
        try rig.settle()
    }

    @Test("insecureSkipVerify takes anybody")
    func anybody() throws {
        var settings = TLSClientSettings()
        settings.skipsVerification = true
        let rig = try rig(tls(trust: .nobody), client: settings)
        let client = try rig.connect()
        try client.send(Self.get)
        let up = try EndpointWire(
            try rig.accept(), try TestAuthority().server([.dns("x")], seconds: -60))
        _ = try up.readHead()
        try up.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        try rig.settle()
    }

    @Test("what speaks no TLS, or nothing, is 503 UF", arguments: [true, false])
    func notTLS(answers: Bool) throws {
        let rig = try rig(tls(), connectTimeoutMs: answers ? 60_000 : 100)
        let client = try rig.connect()
        try client.send(Self.get)
        let wire = try rig.accept()
        if answers { try wire.send("HTTP/1.1 400 Bad Request\r\n\r\n") }
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        if answers {
            #expect(try client.read(to: "TLS_error_end").contains("WRONG_VERSION_NUMBER"))
        } else {
            #expect(try client.read(to: "connection timeout") != "")
            #expect(try rig.cluster(.upstreamCxConnectTimeout) == 1)
        }
        try rig.settle()
    }

    @Test("a credential that is missing is 503 UF and says so")
    func missing() throws {
        let backend = try Backend()
        var plan = Plan.forwarding(to: [backend.address])
        plan.secure(tls())
        let rig = try Rig(plan, backends: [backend])
        let client = try rig.connect()
        try client.send(Self.get)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(try client.read(to: "Secret is not supplied by SDS").contains("TLS_error"))
        #expect(try rig.cluster(.sslContextMissing) == 1)
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    @Test("the mesh: Istio's ALPN, the proxy's own certificate, any identity or the one named")
    func mesh() throws {
        let identity = try authority.issue([.uri("spiffe://t/ns/a/sa/client")])
        let tls = tls(mesh: true, name: "outbound_.80_._.b", names: ["spiffe://t/ns/a/sa/server"])
        let rig = try rig(tls, client: authority.client(identity))
        let client = try rig.connect()
        try client.send(Self.get)
        let context = try authority.server(
            [.uri("spiffe://t/ns/a/sa/server")], protocols: ["istio-http/1.1", "istio"],
            clients: authority)
        let up = try EndpointWire(try rig.accept(), context)
        #expect(up.stream.serverName == "outbound_.80_._.b")
        #expect(up.stream.applicationProtocol == "istio-http/1.1")
        #expect(up.stream.peerFacts?.uris == ["spiffe://t/ns/a/sa/client"])
        _ = try up.readHead()
        try up.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        try rig.settle()
    }

    @Test("an endpoint that wants a certificate we do not have says so: 503 UC with its alert")
    func wantsCertificate() throws {
        let rig = try rig(tls())
        let client = try rig.connect()
        try client.send(Self.get)
        let context = try authority.server([.dns("shop.example.com")], clients: authority)
        let wire = try rig.accept()
        #expect(throws: EndpointWire.Refused.self) { try EndpointWire(wire, context) }
        wire.finishSending()
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(try client.read(to: "TLS_error_end").contains("CERTIFICATE_REQUIRED"))
        try rig.settle()
    }

    @Test("connections of different names are not mixed, and each resumes its own session")
    func pools() throws {
        let rig = try rig(tls())
        let context = try authority.server([.dns("a.test"), .dns("b.test")])
        func ask(_ host: String, _ up: EndpointWire? = nil) throws -> EndpointWire {
            let client = try rig.connect()
            try client.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            let up = try up ?? EndpointWire(try rig.accept(), context)
            _ = try up.readHead()
            try up.send(Self.ok)
            _ = try client.readHead()
            return up
        }
        let one = try ask("a.test")
        let other = try ask("b.test")
        #expect(!one.stream.isResumed && !other.stream.isResumed)
        #expect(other.stream.serverName == "b.test")
        _ = try ask("A.TEST", one)
        // Its own session, once the connection is gone.
        one.wire.close()
        try Wire.wait(for: "the end") {
            try rig.cluster(.upstreamCxActive) == 1 ? () : nil
        }
        let again = try ask("a.test")
        #expect(again.stream.isResumed && again.stream.serverName == "a.test")
        #expect(try rig.cluster(.sslSessionReused) == 1)
        try rig.settle()
    }

    @Test("after new credentials, pooled connections are not used again")
    func newCredentials() throws {
        let tls = tls()
        let rig = try rig(tls)
        let client = try rig.connect()
        let context = try authority.server([.dns("shop.example.com")])
        try client.send(Self.get)
        let first = try EndpointWire(try rig.accept(), context)
        _ = try first.readHead()
        try first.send(Self.ok)
        _ = try client.readHead()
        // The same again changes nothing.
        try rig.trust(tls, authority.client())
        try client.send(Self.get)
        _ = try first.readHead()
        // One that is busy finishes, and goes.
        let other = try TestAuthority()
        try rig.trust(tls, other.client())
        try first.send(Self.ok)
        _ = try client.read(to: "\r\n\r\n")
        try client.send(Self.get)
        let second = try EndpointWire(
            try rig.accept(), try other.server([.dns("shop.example.com")]))
        _ = try second.readHead()
        try second.send(Self.ok)
        // One that idles goes at once.
        try rig.trust(tls, authority.client())
        try Wire.wait(for: "the end") { try rig.cluster(.upstreamCxActive) == 0 ? () : nil }
        try rig.settle()
    }

    @Test("a pooled connection whose certificate has ended meanwhile is not used again")
    func expires() throws {
        let rig = try rig(tls())
        let client = try rig.connect()
        try client.send(Self.get)
        let up = try EndpointWire(
            try rig.accept(), try authority.server([.dns("shop.example.com")], seconds: 2))
        _ = try up.readHead()
        try up.send(Self.ok)
        _ = try client.readHead()
        let end = Machine.wallNs + 2_100_000_000
        try Wire.wait(for: "the certificate to end") { Machine.wallNs > end ? () : nil }
        try client.send(Self.get)
        let fresh = try EndpointWire(
            try rig.accept(), try authority.server([.dns("shop.example.com")]))
        #expect(!fresh.stream.isResumed)
        _ = try fresh.readHead()
        try fresh.send(Self.ok)
        #expect(try client.read(to: "\r\n\r\n").contains("200 OK"))
        try rig.settle()
    }

    @Test("bytes of a TCP route go up encrypted too, with the mesh's own ALPN")
    func tcp() throws {
        let tls = tls(mesh: true, name: "outbound_.80_._.b")
        let backend = try Backend()
        var plan = Plan()
        plan.isTCP = true
        plan.clusters = [Plan.cluster("a", [backend.address])]
        plan.secure(tls)
        plan.tcp = Mesh.TCPRoute(destinations: [Plan.destination(0)], origin: Plan.origin)
        let rig = try Rig(plan, backends: [backend])
        try rig.trust(tls, authority.client())
        let client = try rig.connect()
        try client.send("hello")
        let context = try authority.server([.uri("spiffe://t/x")], protocols: ["istio"])
        let up = try EndpointWire(try rig.accept(), context)
        #expect(up.stream.applicationProtocol == "istio")
        #expect(try up.read(to: "hello") == "hello")
        try up.send("and back")
        #expect(try client.read(count: 8) == "and back")
        try rig.settle()
    }
}
