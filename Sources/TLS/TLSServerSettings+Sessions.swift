// Which servers may resume each other's sessions: those that would have let the client in alike.
// All tickets are made with the same keys, so without this a ticket got from a server that asks for
// nothing would open one that asks for a certificate (CVE-2025-23419), and a client whose CA is
// trusted no more would come back by a ticket of yesterday.
internal import COpenSSL

extension TLSServerSettings {
    /// 32 bytes, the session id context: SHA-256 of everything that decides who is let in, and as
    /// whom the server speaks. What a ticket is good for is the server's to say (RFC 8446 section
    /// 4.6.1).
    var sessionContext: [UInt8] {
        var text: [UInt8] = []
        func add(_ part: [UInt8]) {
            // Each part behind its length, so that no two settings read the same.
            text += "\(part.count):".utf8
            text += part
        }
        add(Array("\(clientCertificates) \(skipsVerification) \(allowsMissingLists)".utf8))
        add(Array("\(minVersion) \(maxVersion) \(cipherSuites)".utf8))
        add(clientCA)
        add(revocations)
        for identity in identities { add(identity.chain) }
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        let isDone = unsafe EVP_Digest(text, text.count, &digest, &count, EVP_sha256(), nil)
        return isDone == 1 && count == 32 ? digest : []
    }
}
