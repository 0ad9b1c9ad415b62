// Certificate requests: proof of possession and nothing else.
import Testing

@testable import PKI

@Suite("certificate requests") struct RequestTests {
    @Test("a request proves the key it asks for", arguments: KeyAlgorithm.allCases)
    func proof(_ algorithm: KeyAlgorithm) throws {
        let key = try PrivateKey.generate(algorithm)
        let read = try SigningRequest(pem: SigningRequest(key: key).pem)
        #expect(try read.provenKey == key.publicKey)
    }

    @Test("a request with somebody else's key in it is refused")
    func stolenKey() throws {
        let key = try PrivateKey.generate(.p256)
        let victim = try PrivateKey.generate(.p256)
        let mine = try key.publicKey.der
        let theirs = try victim.publicKey.der
        var der = try SigningRequest(key: key).der
        let place = try #require(der.indices.first { der[$0...].starts(with: mine) })
        der.replaceSubrange(place..<place + mine.count, with: theirs)
        #expect(throws: PKIError.badSignature(.certificateRequest)) {
            try SigningRequest(der: der).provenKey
        }
    }

    @Test("a certificate is no request")
    func wrong() throws {
        let pem = try Pyramid().leaf().pem
        #expect(throws: PKIError.missing(.certificateRequest)) { try SigningRequest(pem: pem) }
    }
}
