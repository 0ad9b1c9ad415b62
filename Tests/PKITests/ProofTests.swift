// The short way from a request to its proven key, held against OpenSSL's long one.
import Testing

@testable import PKI

@Suite("proof of possession") struct ProofTests {
    private func outcome(_ body: () throws -> PublicKey) -> [UInt8]? { try? body().der }

    @Test(
        "every kind of key is proven, and is the one that signed",
        arguments: [KeyAlgorithm.p256, .p384, .rsa2048, .ed25519])
    func kinds(algorithm: KeyAlgorithm) throws {
        let key = try PrivateKey.generate(algorithm)
        for subject in [DistinguishedName.empty, DistinguishedName(commonName: "x")] {
            let request = try SigningRequest(key: key, subject: subject)
            let proven = try SigningRequest.provenKey(pem: request.pem)
            #expect(try proven == key.publicKey)
            #expect(try proven.der == key.publicKey.der)
            #expect(try proven.identifier == key.publicKey.identifier)
            #expect(proven.kind == key.kind)
        }
    }

    @Test("a certificate for a key taken the short way is the same as for one taken the long way")
    func certificate() throws {
        let request = try SigningRequest(key: PrivateKey.generate(.p256))
        let short = try SigningRequest.provenKey(pem: request.pem)
        let long = try request.provenKey
        #expect(short.point != nil && long.point == nil)
        let root = try PrivateKey.generate(.ed25519)
        let template = CertificateTemplate(
            serial: SerialNumber([1]), names: [.dns("a.example")], notBefore: UnixTime(0),
            notAfter: UnixTime(1000), keyUsage: .digitalSignature)
        let issuer = try Issuer(
            certificate: Certificate.selfSigned(template, key: root), key: root)
        // Ed25519 signs alike every time.
        let one = try issuer.sign(template, for: short)
        #expect(try one.der == issuer.sign(template, for: long).der)
        #expect(try one.publicKey == short)
        #expect(try one.publicKey == long)
        let store = try TrustStore(roots: [issuer.certificate])
        #expect(throws: VerificationError.self) { try store.verify(one, at: UnixTime(5)) }
        let again = try Certificate(der: one.der)
        func refusal(_ certificate: Certificate) -> VerificationError? {
            do throws(VerificationError) {
                try store.verify(certificate, at: UnixTime(5))
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(one) == refusal(again), "verified as what was read would be")
    }

    @Test("with any bit of it flipped, both ways say the same")
    func mutations() throws {
        let der = try SigningRequest(key: PrivateKey.generate(.p256)).der
        var accepted = 0
        for index in der.indices {
            for bit in 0..<8 {
                var bent = der
                bent[index] ^= 1 << UInt8(bit)
                let short = outcome {
                    try SigningRequest.provenKey(
                        pem: PEMBlock(.certificateRequest, der: bent).text)
                }
                let long = outcome { try SigningRequest(der: bent).provenKey }
                #expect(short == long, "byte \(index), bit \(bit)")
                if short != nil { accepted += 1 }
            }
        }
        #expect(accepted == 0, "a signature covers everything, and itself is not bent")
        for count in der.indices {
            #expect(throws: PKIError.self) {
                try SigningRequest.provenKey(
                    pem: PEMBlock(.certificateRequest, der: Array(der[..<count]) + []).text)
            }
        }
        #expect(throws: PKIError.self) {
            try SigningRequest.provenKey(pem: PEMBlock(.certificateRequest, der: der + [0]).text)
        }
    }

    @Test("a key that signed nothing of it is not proven")
    func stolen() throws {
        let mine = try SigningRequest(key: PrivateKey.generate(.p256)).der
        let other = try SigningRequest(key: PrivateKey.generate(.p256)).der
        // The other's key in my request, under my signature.
        let keyBytes = 91
        let start = try #require(
            (0..<mine.count - keyBytes).first {
                mine[$0] == 0x30 && mine[$0 + 1] == 0x59 && mine[$0 + 2] == 0x30
            })
        var bent = mine
        bent.replaceSubrange(
            start..<start + keyBytes, with: other[start..<start + keyBytes])
        #expect(throws: PKIError.badSignature(.certificateRequest)) {
            try SigningRequest.provenKey(pem: PEMBlock(.certificateRequest, der: bent).text)
        }
    }

    @Test("points that are none are refused")
    func points() {
        #expect(PublicKey(p256: []) == nil)
        #expect(PublicKey(p256: [UInt8](repeating: 4, count: 65)) == nil)
        #expect(PublicKey(p256: [4] + [UInt8](repeating: 0, count: 64)) == nil)
        #expect(PublicKey(p256: [2] + [UInt8](repeating: 1, count: 64)) == nil)
    }
}
