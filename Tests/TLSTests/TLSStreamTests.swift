// Two TLS streams talk to each other in memory: handshake, records, who is refused.
// No socket is needed, so every byte can be cut where a test wants it cut.
import Net
import Testing

@testable import TLS

@Suite("TLS streams")
struct TLSStreamTests {
    let certificates: Certificates
    let ca: [UInt8]
    let ticketKeys = [UInt8](repeating: 7, count: 80)

    init() throws {
        certificates = try Certificates()
        ca = try certificates.bytes("ca.crt")
    }

    private func server(
        _ change: (inout TLSServerSettings) -> Void = { _ in }
    ) throws -> TLSContext {
        let (chain, key) = try certificates.issue("server", names: "DNS:shop.example.com")
        var settings = TLSServerSettings(identities: [TLSIdentity(chain: chain, key: key)])
        change(&settings)
        return try TLSContext(server: settings, ticketKeys: ticketKeys)
    }

    private func client(
        _ change: (inout TLSClientSettings) -> Void = { _ in }
    ) throws -> TLSContext {
        var settings = TLSClientSettings()
        settings.trustedCA = ca
        settings.applicationProtocols = ["h2", "http/1.1"]
        change(&settings)
        return try TLSContext(client: settings)
    }

    /// Moves bytes between the two, `step` at a time, until both are ready or one fails.
    private func shake(
        _ client: TLSStream, _ server: TLSStream, step: Int = .max
    ) -> (client: TLSStream.Progress, server: TLSStream.Progress) {
        var toServer = Buffer()
        var toClient = Buffer()
        var clientEnd = TLSStream.Progress.needMore
        var serverEnd = TLSStream.Progress.needMore
        var offset = 0
        clientEnd = client.handshake(.empty, offset: &offset, out: &toServer)
        for _ in 0..<20_000 {
            if toServer.isEmpty, toClient.isEmpty { break }
            if !toServer.isEmpty {
                let piece = toServer.readable.prefix(min(step, toServer.count))
                offset = 0
                if serverEnd == .needMore {
                    serverEnd = server.handshake(piece, offset: &offset, out: &toClient)
                } else {
                    var plain = Buffer()
                    let progress = server.decrypt(piece, into: &plain, out: &toClient)
                    if case .failed = progress { serverEnd = progress }
                }
                toServer.consume(piece.count)
            }
            if !toClient.isEmpty {
                let piece = toClient.readable.prefix(min(step, toClient.count))
                offset = 0
                if clientEnd == .needMore {
                    clientEnd = client.handshake(piece, offset: &offset, out: &toServer)
                    let rest = piece.suffix(from: offset)
                    if clientEnd == .ready, rest.count > 0 {
                        var plain = Buffer()
                        _ = client.decrypt(rest, into: &plain, out: &toServer)
                    }
                } else {
                    var plain = Buffer()
                    let progress = client.decrypt(piece, into: &plain, out: &toServer)
                    if case .failed = progress { clientEnd = progress }
                }
                toClient.consume(piece.count)
            }
        }
        return (clientEnd, serverEnd)
    }

    @Test(
        "a handshake succeeds whole and byte by byte, with h2 chosen", arguments: [Int.max, 1, 7])
    func handshake(step: Int) throws {
        let one = try TLSStream(
            client(),
            to: TLSDestination(
                serverName: "shop.example.com", acceptedNames: ["shop.example.com"]))
        let other = try TLSStream(server())
        let result = shake(one, other, step: step)
        #expect(result.client == .ready)
        #expect(result.server == .ready)
        #expect(one.applicationProtocol == "h2")
        #expect(other.applicationProtocol == "h2")
        #expect(other.serverName == "shop.example.com")
        #expect(other.version == "TLSv1.3")
        #expect(other.peerFacts == nil)
    }

    @Test("what is encrypted on one side is read on the other, cut anywhere")
    func records() throws {
        let one = try TLSStream(client(), to: TLSDestination(serverName: "shop.example.com"))
        let other = try TLSStream(server())
        _ = shake(one, other)
        let message = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var cipher = Buffer()
        #expect(message.withView { one.encrypt($0, out: &cipher) } == .ready)
        var plain = Buffer()
        var answer = Buffer()
        while !cipher.isEmpty {
            let piece = cipher.readable.prefix(min(1031, cipher.count))
            #expect(other.decrypt(piece, into: &plain, out: &answer) == .needMore)
            cipher.consume(piece.count)
        }
        #expect(plain.readable.array == message)
        #expect(!other.peerHasEnded)
        var goodbye = Buffer()
        one.sayGoodbye(out: &goodbye)
        #expect(other.decrypt(goodbye.readable, into: &plain, out: &answer) == .ended)
        #expect(other.peerHasEnded)
    }

    @Test("a client's session from behind the handshake resumes, and its names are still known")
    func resumption() throws {
        let shop = TLSDestination(
            serverName: "shop.example.com", acceptedNames: ["shop.example.com"])
        let (serving, calling) = (try server(), try client())
        let first = try TLSStream(calling, to: shop)
        #expect(shake(first, try TLSStream(serving)).client == .ready)
        #expect(!first.isResumed)
        let session = try #require(first.takeSession())
        #expect(first.takeSession() == nil)
        let second = try TLSStream(calling, to: shop, session: session)
        let end = try TLSStream(serving)
        #expect(shake(second, end).client == .ready)
        #expect(second.isResumed && end.isResumed)
        #expect(second.peerFacts?.alternativeNames == ["shop.example.com"])
        var cipher = Buffer()
        var plain = Buffer()
        var answer = Buffer()
        #expect([7, 8].withView { end.encrypt($0, out: &cipher) } == .ready)
        #expect(second.decrypt(cipher.readable, into: &plain, out: &answer) == .needMore)
        #expect(plain.readable.array == [7, 8])
    }

    @Test("a server lets go of libssl after a handshake of TLS 1.3, unless it knows its peer")
    func takeOver() throws {
        let shop = TLSDestination(serverName: "shop.example.com")
        let plain = try TLSStream(server())
        #expect(
            shake(try TLSStream(client(), to: shop), plain).server == .ready)
        #expect(unsafe plain.ssl == nil)
        #expect(plain.secrets == nil)
        #expect(plain.cipherSuite.hasPrefix("TLS_"))
        #expect(!plain.isResumed)

        let old = try TLSStream(server { $0.maxVersion = .v12 })
        #expect(
            shake(try TLSStream(client(), to: shop), old).server == .ready)
        #expect(unsafe old.ssl != nil)
        #expect(old.version == "TLSv1.2")

        let (chain, key) = try certificates.issue("known", names: "DNS:client.example.com")
        let known = try client { $0.identity = TLSIdentity(chain: chain, key: key) }
        let strict = try TLSStream(
            server {
                $0.clientCertificates = .required
                $0.clientCA = ca
            })
        #expect(
            shake(try TLSStream(known, to: shop), strict).server == .ready)
        #expect(unsafe strict.ssl != nil)
        #expect(strict.peerFacts?.alternativeNames == ["client.example.com"])
    }

    @Test("libssl follows a server that changes its keys", arguments: [1, 3, 1000] as [UInt64])
    func keyChanges(recordsMax: UInt64) throws {
        let context = try server()
        context.recordsMax = recordsMax
        let one = try TLSStream(client(), to: TLSDestination(serverName: "shop.example.com"))
        let other = try TLSStream(context)
        _ = shake(one, other)
        let message = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        var cipher = Buffer()
        var plain = Buffer()
        var answer = Buffer()
        for _ in 0..<3 {
            #expect(message.withView { other.encrypt($0, out: &cipher) } == .ready)
        }
        #expect(one.decrypt(cipher.readable, into: &plain, out: &answer) == .needMore)
        #expect(plain.readable.array == message + message + message)
    }

    @Test("a certificate for another name is refused by the client")
    func wrongName() throws {
        let one = try TLSStream(
            client(),
            to: TLSDestination(
                serverName: "other.example.com", acceptedNames: ["other.example.com"]))
        let result = shake(one, try TLSStream(server()))
        guard case .failed(let error) = result.client else {
            Issue.record("the client took \(result.client)")
            return
        }
        #expect(error.description.contains("hostname mismatch"))
    }

    @Test("a required client certificate: none is refused, one of the CA is taken with its names")
    func mutual() throws {
        let strict = try server {
            $0.clientCertificates = .required
            $0.clientCA = ca
        }
        let without = shake(
            try TLSStream(client(), to: TLSDestination(serverName: "shop.example.com")),
            try TLSStream(strict))
        if case .failed = without.server {} else { Issue.record("taken without a certificate") }

        let (chain, key) = try certificates.issue(
            "client", names: "URI:spiffe://cluster.local/ns/default/sa/shop")
        let with = try client { $0.identity = TLSIdentity(chain: chain, key: key) }
        let accepted = try TLSStream(strict)
        let result = shake(
            try TLSStream(with, to: TLSDestination(serverName: "shop.example.com")), accepted)
        #expect(result.server == .ready)
        let facts = try #require(accepted.peerFacts)
        #expect(facts.alternativeNames == ["spiffe://cluster.local/ns/default/sa/shop"])
        #expect(facts.certificatePin.count == 64)
        #expect(facts.publicKeyPin.count == 44)
    }

    @Test("a client below the minimum version is refused")
    func version() throws {
        let modern = try server { $0.minVersion = .v13 }
        let old = try client { $0.maxVersion = .v12 }
        let result = shake(
            try TLSStream(old, to: TLSDestination(serverName: "shop.example.com")),
            try TLSStream(modern))
        if case .failed = result.server {} else { Issue.record("an old version was taken") }
    }

    @Test("a key that does not fit its certificate, and text that is no PEM, are told apart")
    func brokenCredentials() throws {
        let (chain, _) = try certificates.issue("one", names: "DNS:a.example.com")
        let (_, key) = try certificates.issue("two", names: "DNS:b.example.com")
        #expect(throws: TLSError.self) {
            _ = try TLSContext(
                server: TLSServerSettings(identities: [TLSIdentity(chain: chain, key: key)]),
                ticketKeys: ticketKeys)
        }
        #expect(throws: TLSError.self) {
            _ = try TLSContext(
                server: TLSServerSettings(
                    identities: [TLSIdentity(chain: Array("no pem".utf8), key: key)]),
                ticketKeys: ticketKeys)
        }
    }
}
