// What the certificate service does about clients that are slow, silent, or too many.
import Authority
import Net
import PKI
import Testing

@testable import Control

@Suite("certificate service", .serialized) struct AuthorityServerTests {
    /// A plain connection that the test says nothing on.
    private func dial(_ registry: Registry) throws -> Descriptor {
        switch Socket.connect(to: registry.address) {
        case .connected(let raw), .inProgress(let raw): return Descriptor(raw)
        case .failed(let code): throw NetError(call: "connect", errno: code)
        }
    }

    @Test("a handshake that never comes is cut")
    func handshake() throws {
        let registry = try Registry()
        try registry.serve { $0.limits.handshakeMs = 50 }
        let silent = try dial(registry)
        let server = try #require(registry.server)
        try registry.turn(until: "the cut") { server.counts.timeouts == 1 }
        #expect(server.counts.handshakeFailures == 1 && server.isIdle)
        _ = consume silent
    }

    @Test("connections beyond the limit are closed as they come, and counted")
    func connections() throws {
        let registry = try Registry()
        try registry.serve { $0.limits.connectionsMax = 2 }
        let server = try #require(registry.server)
        let one = try dial(registry)
        let two = try dial(registry)
        let three = try dial(registry)
        try registry.turn(until: "three") {
            server.counts.connections + server.counts.connectionsRefused == 3
        }
        #expect(server.counts.connectionsRefused == 1 && server.counts.connectionsOpen == 2)
        _ = consume one
        _ = consume two
        _ = consume three
        try registry.turn(until: "nobody") { server.isIdle }
    }

    @Test("its own certificate is renewed by itself when the issuer changes, for new connections")
    func credential() throws {
        let registry = try Registry()
        try registry.serve()
        let server = try #require(registry.server)
        let before = server.credential.issuer
        _ = try Authority.open(path: registry.certs).refreshLists()
        server.look()
        #expect(!server.credential.isDue(server.registrar, at: server.now))
        _ = try Authority.open(path: registry.certs).rotateIssuer()
        server.look()
        #expect(server.credential.issuer != before)
        #expect(server.credential.renewAt < server.credential.notAfter)
        let now = server.now
        #expect(server.credential.isDue(server.registrar, at: now + 43_300))
        #expect(!server.credential.isDue(server.registrar, at: now + 43_100))
    }

    @Test("no more lines are logged for calls than twenty a second")
    func chatter() {
        var chatter = Chatter()
        let allowed = (0..<100).filter { _ in chatter.allows(atMs: 5_500) }
        #expect(allowed.count == 20)
        let isAllowedLater = chatter.allows(atMs: 6_000)
        #expect(isAllowedLater)
    }

    @Test("every count is on the metrics page, once")
    func metrics() {
        let rows = ServiceCounts().rows
        #expect(Set(rows.map(\.name)).count == rows.count)
        #expect(rows.count == Mirror(reflecting: ServiceCounts()).children.count)
    }
}
