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

    @Test("no damaged request is believed, and none ends the process")
    func damage() throws {
        let key = try PrivateKey.generate(.p256)
        let der = try SigningRequest(key: key).der
        for index in der.indices {
            var damaged = der
            damaged[index] ^= 0x41
            // The tags of the last INTEGERs and the like may survive; the key proven must be ours.
            guard let request = try? SigningRequest(der: damaged),
                let proven = try? request.provenKey
            else { continue }
            #expect(try proven == key.publicKey, "byte \(index)")
        }
    }

    @Test("a certificate is no request")
    func wrong() throws {
        let pem = try Pyramid().leaf().pem
        #expect(throws: PKIError.missing(.certificateRequest)) { try SigningRequest(pem: pem) }
    }
}
