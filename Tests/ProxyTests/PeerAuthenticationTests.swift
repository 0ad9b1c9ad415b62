// What a sidecar's inbound port takes: the matrix of PeerAuthentication, and who is refused how.
// Plain text, mutual TLS of the mesh and TLS of the application's own come to one port.
import Mesh
import Net
import PKI
import TLS
import Telemetry
import Testing

@testable import Proxy

@Suite("peer authentication")
struct PeerAuthenticationTests {
    let mesh: MeshCertificates
    let server: MeshCertificates.Workload
    let client: MeshCertificates.Workload

    init() throws {
        mesh = try MeshCertificates()
        server = try mesh.workload("reviews")
        client = try mesh.workload("productpage")
    }

    private func permissive(limits: (inout ProxyLimits) -> Void = { _ in }) throws -> Rig {
        try .inbound({ .inboundHTTP(to: $0, plain: true) }, mesh, as: server, limits: limits)
    }

    private func strict(names: [String] = []) throws -> Rig {
        try .inbound({ .inboundHTTP(to: $0, plain: false, names: names) }, mesh, as: server)
    }

    /// One request over `client`; the workload's side, and the head that it gets.
    private func exchange(
        _ rig: Rig, _ client: SecureWire
    ) throws -> (upstream: Wire, head: String) {
        try client.send("GET /a HTTP/1.1\r\nHost: reviews\r\n\r\n")
        let upstream = try rig.accept()
        let head = try upstream.readHead()
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(try client.read(to: "\r\n\r\nok").hasPrefix("HTTP/1.1 200"))
        return (upstream, head)
    }

    @Test("a permissive HTTP port serves mutual TLS, plain HTTP/1.1 and plain HTTP/2")
    func permissiveHTTP() throws {
        let rig = try permissive()
        let secure = try rig.secure(mesh, client)
        let (upstream, head) = try exchange(rig, secure)
        #expect(head.contains("x-forwarded-client-cert"))

        let plain = try rig.connect()
        for byte in "GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8 { try plain.send([byte]) }
        _ = try upstream.readHead()
        try upstream.send("HTTP/1.1 204 No\r\n\r\n")
        #expect(try plain.readHead().hasPrefix("HTTP/1.1 204"))

        let second = try H2Wire(try rig.connect())
        try second.request(1)
        _ = try upstream.readHead()
        try upstream.send("HTTP/1.1 204 No\r\n\r\n")
        try Wire.wait(for: "HEADERS") { try second.next().type == H2Wire.Kind.headers ? () : nil }
        try rig.settle()
    }

    @Test(
        "a permissive HTTP port refuses TLS that is not the mesh's",
        arguments: [["http/1.1"], [], ["h2"]])
    func otherTLS(protocols: [String]) throws {
        let rig = try permissive()
        let other = try rig.secure(mesh, client, protocols: protocols)
        #expect(try other.readToEnd().text == "")
        #expect(!other.stream.isReady)
        #expect(try rig.listener(.noFilterChainMatch) == 1)
        try rig.settle()
    }

    @Test("bytes that begin like TLS and are not are served as plain text")
    func almostTLS() throws {
        let rig = try permissive()
        let wire = try rig.connect()
        try wire.send([22, 9, 9, 9, 9, 9])
        #expect(try wire.readHead().hasPrefix("HTTP/1.1 400"))
        try rig.settle()
    }

    @Test("on a permissive TCP port other TLS and plain bytes go to the workload as they are")
    func permissiveTCP() throws {
        let rig = try Rig.inbound({ .inboundTCP(to: $0, plain: true) }, mesh, as: server)
        let plain = try rig.connect()
        try plain.send("PING")
        #expect(try rig.accept().read(count: 4) == "PING")

        let own = try rig.connect()
        let hello = PassthroughTests.hello("db.example")
        try own.send(hello)
        #expect(try rig.accept().read(bytes: hello.count) == hello)

        let secure = try rig.secure(mesh, client, protocols: ["istio-peer-exchange", "istio"])
        try secure.send("hello")
        let upstream = try rig.accept()
        #expect(try upstream.read(count: 5) == "hello")
        try upstream.send("back")
        #expect(try secure.read(to: "back") == "back")
        #expect(secure.stream.applicationProtocol == "istio")
        try rig.settle()
    }

    @Test("a server that speaks first is heard once the client has kept silent for a while")
    func serverFirst() throws {
        let rig = try Rig.inbound(
            { .inboundTCP(to: $0, plain: true) }, mesh, as: server,
            limits: { $0.detectionMs = 100 })
        let wire = try rig.connect()
        try rig.accept().send("220 ready\r\n")
        #expect(try wire.read(count: 11) == "220 ready\r\n")
        try rig.settle()
    }

    @Test("a silent client of a permissive HTTP port is let go")
    func silent() throws {
        let rig = try permissive { $0.requestHeadMs = 100 }
        #expect(try rig.connect().readToEnd().text == "")
        #expect(try rig.listener(.sslConnectionError) == 0)
        try rig.settle()
    }

    @Test("half a ClientHello is waited for as long as a handshake may take, and no longer")
    func stalledHandshake() throws {
        #expect(ProxyLimits().handshakeMs == 15_000)
        let rig = try permissive { $0.handshakeMs = 100 }
        let wire = try rig.connect()
        try wire.send(Array(PassthroughTests.hello("a").prefix(30)))
        #expect(try wire.readToEnd().text == "")
        #expect(try rig.listener(.sslConnectionError) == 1)
        try rig.settle()
    }

    @Test("a handshake that stalls behind the hello ends as well")
    func stalledSecondFlight() throws {
        let backend = try Backend()
        var settings = ProxySettings()
        settings.limits.handshakeMs = 100
        let rig = try Rig(
            .inboundHTTP(to: backend.address, plain: false), backends: [backend],
            settings: settings)
        try rig.credentials(["mesh": try mesh.server(server)])
        // Its first flight goes out, and what comes back is never looked at.
        let stalled = try rig.secure(mesh, client)
        #expect(try !stalled.wire.readToEnd().text.isEmpty)
        #expect(try rig.listener(.sslConnectionError) == 1)
        try rig.settle()
    }

    @Test("strict: plain text is closed without a byte, and counted")
    func strictPlain() throws {
        let rig = try strict()
        let wire = try rig.connect()
        try wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try wire.readToEnd().text == "")
        #expect(try rig.listener(.noFilterChainMatch) == 1)
        try rig.settle()
    }

    /// Who comes, and what is counted for it.
    enum Stranger: CaseIterable {
        case withoutCertificate, ofAnotherRoot, expired, withoutName, withTwoNames
        case ofAnotherTrustDomain, notSPIFFE
    }

    @Test("strict: only workloads of this mesh are let in", arguments: Stranger.allCases)
    func strangers(_ stranger: Stranger) throws {
        let rig = try strict()
        let uri = MeshCertificates.uri("x")
        let (workload, counted): (MeshCertificates.Workload?, ListenerStat) =
            switch stranger {
            case .withoutCertificate: (nil, .sslFailVerifyNoCert)
            case .ofAnotherRoot: (try MeshCertificates().workload("x"), .sslFailVerifyError)
            case .expired: (try mesh.workload("x", seconds: -60), .sslFailVerifyError)
            case .withoutName: (try mesh.workload([.dns("a")]), .sslFailVerifySAN)
            case .withTwoNames:
                (try mesh.workload([.uri(uri), .uri(uri + "y")]), .sslFailVerifySAN)
            case .ofAnotherTrustDomain:
                (try mesh.workload([.uri("spiffe://other.domain/ns/a/sa/b")]), .sslFailVerifySAN)
            case .notSPIFFE: (try mesh.workload([.uri("https://a/b")]), .sslFailVerifySAN)
            }
        let wire = try rig.secure(mesh, workload).shaken()
        try? wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try wire.readToEnd().text == "")
        #expect(try rig.listener(counted) == 1)
        #expect(rig.backends[0].acceptNow() == nil)
        try rig.settle()
    }

    @Test("TLS 1.2 and 1.3 will do", arguments: [TLSVersion.v12, .v13])
    func versions(_ version: TLSVersion) throws {
        let rig = try strict()
        let secure = try rig.secure(mesh, client, maxVersion: version)
        _ = try exchange(rig, secure)
        #expect(secure.stream.version == (version == .v12 ? "TLSv1.2" : "TLSv1.3"))
        try rig.settle()
    }

    @Test("subjectAltNames of a server are looked for among the client's names")
    func allowList() throws {
        let rig = try strict(names: [MeshCertificates.uri("productpage")])
        _ = try exchange(rig, try rig.secure(mesh, client))
        let other = try rig.secure(mesh, try mesh.workload("ratings")).shaken()
        #expect(try other.readToEnd().text == "")
        #expect(try rig.listener(.sslFailVerifySAN) == 1)
        try rig.settle()
    }

    @Test("a client in the clear is let go when the port becomes strict")
    func becomesStrict() throws {
        let rig = try permissive()
        let address = rig.backends[0].address
        let idle = try rig.connect()
        try idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send("HTTP/1.1 204 No\r\n\r\n")
        _ = try idle.readHead()
        let busy = try rig.connect()
        try busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try upstream.readHead()
        let secure = try rig.secure(mesh, client).shaken()
        #expect(secure.stream.isReady)
        try rig.adopt(.inboundHTTP(to: address, plain: false))
        #expect(try idle.readToEnd().text == "")
        try upstream.send("HTTP/1.1 204 No\r\n\r\n")
        #expect(try busy.readToEnd().text.contains("connection: close"))
        #expect(try secure.isOpen())
        try rig.settle()
    }
}
