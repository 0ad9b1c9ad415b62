// Private keys: made, written, encrypted, read, and refused.
import Testing

@testable import PKI

@Suite("keys") struct KeyTests {
    @Test("every kind of key survives its text", arguments: KeyAlgorithm.allCases)
    func roundTrip(_ algorithm: KeyAlgorithm) throws {
        let key = try PrivateKey.generate(algorithm)
        #expect(key.kind.algorithm == algorithm)
        let read = try PrivateKey(pem: try key.pem())
        #expect(try read.publicKey == key.publicKey)
        #expect(try read.publicKey.identifier.count == 20)
    }

    @Test("an encrypted key opens with its passphrase alone")
    func passphrase() throws {
        let key = try PrivateKey.generate(.p256)
        let text = try key.pem(passphrase: Array("correct horse".utf8))
        #expect(try PEMBlock.parse(text).map(\.label) == [.encryptedPrivateKey])
        let read = try PrivateKey(pem: text, passphrase: Array("correct horse".utf8))
        #expect(try read.publicKey == key.publicKey)
        #expect(throws: PKIError.passphraseNeeded) { try PrivateKey(pem: text) }
        #expect(throws: PKIError.wrongPassphrase) {
            try PrivateKey(pem: text, passphrase: Array("correct hors".utf8))
        }
    }

    @Test("a key and a stranger's certificate are no issuer")
    func mismatch() throws {
        let pyramid = try Pyramid()
        #expect(throws: PKIError.keyMismatch) {
            try Issuer(certificate: pyramid.root.certificate, key: pyramid.intermediate.key)
        }
    }

    @Test("a text without a key, a broken one and a certificate say what they are")
    func broken() throws {
        #expect(throws: PKIError.missing(.privateKey)) { try PrivateKey(pem: []) }
        let certificate = try Pyramid().root.certificate
        #expect(throws: PKIError.missing(.privateKey)) { try PrivateKey(pem: certificate.pem) }
        let block = PEMBlock(.privateKey, der: [0x30, 0x03, 0x02, 0x01, 0x00])
        #expect(throws: PKIError.self) { try PrivateKey(pem: block.text) }
    }

    @Test("bytes after a key are refused")
    func trailing() throws {
        let key = try PrivateKey.generate(.p256)
        let block = try PEMBlock.parse(try key.pem())[0]
        let longer = PEMBlock(.privateKey, der: block.der + [0])
        #expect(throws: PKIError.self) { try PrivateKey(pem: longer.text) }
    }

    @Test("what two keys sign differs, and each verifies with its own alone")
    func signatures() throws {
        let (one, two) = (try Pyramid(), try Pyramid())
        let leaf = try one.leaf()
        #expect(leaf.isSigned(by: try one.intermediate.key.publicKey))
        #expect(!leaf.isSigned(by: try two.intermediate.key.publicKey))
    }
}
