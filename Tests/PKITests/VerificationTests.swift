// Which chains are trusted, and what each refused one is refused for.
import Testing

@testable import PKI

@Suite("chains") struct VerificationTests {
    @Test("a good chain is followed to its root", arguments: KeyAlgorithm.allCases)
    func good(_ algorithm: KeyAlgorithm) throws {
        let pyramid = try Pyramid(algorithm)
        let leaf = try pyramid.leaf()
        let chain = try pyramid.store().verify(
            leaf, intermediates: [pyramid.intermediate.certificate], at: Pyramid.now,
            side: .client, expecting: .anyWorkload)
        #expect(chain.count == 3)
        #expect(chain[0] == leaf)
        #expect(chain[2] == pyramid.root.certificate)
    }

    // notAfter itself belongs to the life of a certificate in RFC 5280 section 4.1.2.5, and does
    // not in OpenSSL, which is a second stricter.
    @Test("a certificate is refused before its time and after it")
    func time() throws {
        let pyramid = try Pyramid()
        let leaf = try pyramid.leaf()
        let (start, end) = (leaf.notBefore, leaf.notAfter)
        #expect(try pyramid.refusal(of: leaf, at: start - 1) == .notYetValid)
        #expect(try pyramid.refusal(of: leaf, at: start) == nil)
        #expect(try pyramid.refusal(of: leaf, at: end - 1) == nil)
        #expect(try pyramid.refusal(of: leaf, at: end + 1) == .expired)
    }

    @Test("a stranger's leaf, a stranger's root and a missing intermediate are refused")
    func strangers() throws {
        let pyramid = try Pyramid()
        let other = try Pyramid()
        let leaf = try other.leaf()
        // Both intermediates have the same name: the key identifier and the signature decide.
        #expect(try pyramid.refusal(of: leaf) != nil)
        #expect(
            try pyramid.refusal(
                of: leaf, intermediates: [other.intermediate.certificate]) != nil)
        #expect(
            try pyramid.refusal(
                of: leaf,
                intermediates: [other.intermediate.certificate, other.root.certificate])
                == .untrustedRoot)
        #expect(
            try pyramid.refusal(of: try pyramid.leaf(), intermediates: []) == .unknownIssuer)
    }

    @Test("a changed byte of the signature is noticed")
    func tampered() throws {
        let pyramid = try Pyramid()
        var der = try pyramid.leaf().der
        der[der.count - 1] ^= 1
        #expect(try pyramid.refusal(of: try Certificate(der: der)) == .badSignature)
    }

    @Test("a workload's certificate cannot sign another one")
    func leafAsIssuer() throws {
        let pyramid = try Pyramid()
        let key = try PrivateKey.generate(.p256)
        let middle = try pyramid.intermediate.sign(Pyramid.workload(), for: key.publicKey)
        let leaf = try pyramid.leaf(
            Pyramid.workload(), by: Issuer(certificate: middle, key: key))
        let reason = try pyramid.refusal(
            of: leaf, intermediates: [middle, pyramid.intermediate.certificate])
        // A leaf has no subject, so it is not even found as an issuer by its name.
        #expect(reason != nil)
    }

    @Test("an intermediate cannot make another intermediate")
    func pathLength() throws {
        let pyramid = try Pyramid()
        let key = try PrivateKey.generate(.p256)
        let rogue = try Issuer(
            certificate: pyramid.intermediate.sign(
                Pyramid.authority("rogue", length: nil), for: key.publicKey),
            key: key)
        let leaf = try pyramid.leaf(Pyramid.workload(), by: rogue)
        #expect(
            try pyramid.refusal(
                of: leaf,
                intermediates: [rogue.certificate, pyramid.intermediate.certificate])
                == .pathTooLong)
    }

    @Test("an authority without keyCertSign signs nothing that is believed")
    func keyUsage() throws {
        let pyramid = try Pyramid(usage: .digitalSignature)
        #expect(try pyramid.refusal(of: try pyramid.leaf()) != nil)
    }

    @Test("an id of another trust domain is outside of the name constraint")
    func constraint() throws {
        let pyramid = try Pyramid()
        for id in [
            "spiffe://evil.test/ns/default/sa/reviews",
            // The constraint is the host itself, not its subdomains (RFC 5280 4.2.1.10).
            "spiffe://a.cluster.local/ns/default/sa/reviews",
            "spiffe://cluster.local.evil.test/ns/default/sa/reviews",
        ] {
            let leaf = try pyramid.leaf(Pyramid.workload([.uri(id)]))
            #expect(try pyramid.refusal(of: leaf) == .nameNotPermitted, "\(id)")
        }
        let free = try Pyramid(permitted: [])
        let leaf = try free.leaf(
            Pyramid.workload([.uri("spiffe://other.test/ns/default/sa/reviews")]))
        #expect(try free.refusal(of: leaf) == nil)
    }

    @Test("a server's certificate is no client's")
    func purpose() throws {
        let pyramid = try Pyramid()
        var template = try Pyramid.workload()
        template.extendedKeyUsage = [.serverAuth]
        let leaf = try pyramid.leaf(template)
        #expect(try pyramid.refusal(of: leaf, side: .client) == .wrongPurpose)
        #expect(try pyramid.refusal(of: leaf, side: .server) == nil)
    }

    @Test("the expected workload and no other")
    func identity() throws {
        let pyramid = try Pyramid()
        let leaf = try pyramid.leaf()
        let reviews = try SPIFFEID("spiffe://cluster.local/ns/default/sa/reviews")
        let ratings = try SPIFFEID("spiffe://cluster.local/ns/default/sa/ratings")
        #expect(try pyramid.refusal(of: leaf, expecting: .workload([reviews, ratings])) == nil)
        #expect(
            try pyramid.refusal(of: leaf, expecting: .workload([ratings]))
                == .wrongIdentity(
                    expected: [ratings.description], found: reviews.description))
    }

    @Test(
        "hosts are matched as RFC 9525 says",
        arguments: [
            ("shop.example.com", true), ("SHOP.example.com", true), ("a.shop.example.com", true),
            ("a.b.shop.example.com", false), ("example.com", false), ("shop.example.org", false),
            ("", false),
        ])
    func host(_ name: String, _ isGood: Bool) throws {
        let pyramid = try Pyramid()
        let leaf = try pyramid.leaf(
            Pyramid.workload([.dns("shop.example.com"), .dns("*.shop.example.com")]))
        let reason = try pyramid.refusal(of: leaf, side: .server, expecting: .host(name))
        #expect(reason == (isGood ? nil : .wrongHost))
    }

    @Test("an address is matched as an address, never as a name")
    func address() throws {
        let pyramid = try Pyramid()
        let leaf = try pyramid.leaf(Pyramid.workload([.address([10, 0, 0, 1])]))
        #expect(try pyramid.refusal(of: leaf, expecting: .address([10, 0, 0, 1])) == nil)
        #expect(try pyramid.refusal(of: leaf, expecting: .address([10, 0, 0, 2])) == .wrongHost)
        let name = try pyramid.leaf(Pyramid.workload([.dns("10.0.0.1")]))
        #expect(try pyramid.refusal(of: name, expecting: .address([10, 0, 0, 1])) == .wrongHost)
    }

    @Test("a cross-signed root is followed from either side")
    func crossSigned() throws {
        let old = try Pyramid()
        let new = try Pyramid()
        let cross = try old.root.sign(
            CertificateTemplate(
                serial: .random(), subject: DistinguishedName(commonName: "root"),
                notBefore: Pyramid.now - 120, notAfter: Pyramid.now + Pyramid.day,
                authority: AuthorityConstraints(pathLength: 1),
                keyUsage: [.keyCertSign, .crlSign]),
            for: new.root.key.publicKey)
        let leaf = try new.leaf()
        let sent = [new.intermediate.certificate, cross]
        #expect(try old.refusal(of: leaf, intermediates: sent) == nil)
        #expect(try new.refusal(of: leaf, intermediates: sent) == nil)
    }
}
