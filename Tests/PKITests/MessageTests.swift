// Signatures over messages, and the base64 of tokens.
import PKI
import Testing

@Suite("messages") struct MessageTests {
    @Test(
        "a signature is accepted for its message and by its key alone",
        arguments: [KeyAlgorithm.ed25519, .p256, .p384, .rsa2048])
    func signature(algorithm: KeyAlgorithm) throws {
        let key = try PrivateKey.generate(algorithm)
        let message = Array("who goes there".utf8)
        let signature = try key.signature(of: message)
        let known = try key.publicKey
        #expect(known.accepts(signature, of: message))
        #expect(!known.accepts(signature, of: message + [0]))
        #expect(!known.accepts(Array(signature.dropLast()), of: message))
        #expect(!known.accepts([], of: message))
        #expect(try !PrivateKey.generate(algorithm).publicKey.accepts(signature, of: message))
    }

    @Test("Ed25519 is RFC 8032's: a signature has 64 bytes and is the same every time")
    func deterministic() throws {
        let key = try PrivateKey.generate(.ed25519)
        let signature = try key.signature(of: [])
        #expect(signature.count == 64)
        #expect(try key.signature(of: []) == signature)
    }

    @Test("base64url is RFC 7515's, and has one spelling for every text")
    func base64URL() {
        // RFC 7515 appendix C.
        #expect(Base64URL.encode([3, 236, 255, 224, 193]) == Array("A-z_4ME".utf8))
        #expect(Base64URL.decode(Array("A-z_4ME".utf8)) == [3, 236, 255, 224, 193])
        for bad in ["A-z_4ME=", "A+z/4ME", "A-z_4MF", "A", "A-z_4M\n", "A z_"] {
            #expect(Base64URL.decode(Array(bad.utf8)) == nil, "\(bad)")
        }
        for count in 0..<40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }
}
