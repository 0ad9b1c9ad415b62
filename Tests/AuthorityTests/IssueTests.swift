// Issuing: what a leaf says, and what is refused before anything is written.
import PKI
import Testing

@testable import Authority

@Suite("issuing") struct IssueTests {
    @Test("a workload's certificate is what Istio's would be")
    func workload() throws {
        let scratch = try Scratch()
        let now = UnixTime.now
        let authority = try scratch.authority(at: now)
        let leaf = try authority.issue(.workload(), at: now).certificate
        #expect(leaf.names == [.uri("spiffe://cluster.local/ns/default/sa/reviews")])
        #expect(leaf.notAfter - now == 86400)
        #expect(now - leaf.notBefore == 120)
        #expect(leaf.keyUsage == .digitalSignature)
        #expect(leaf.extendedKeyUsage == [.serverAuth, .clientAuth])
        #expect(leaf.subject.isEmpty)
        #expect(try leaf.workloadIdentity.workload?.serviceAccount == "reviews")
    }

    @Test("an RSA key may be encrypted to, and no other")
    func rsa() throws {
        let authority = try Scratch().authorityKept()
        let key = try PrivateKey.generate(.rsa2048)
        let leaf = try authority.authority.issue(.workload(key: key)).certificate
        #expect(leaf.keyUsage == [.digitalSignature, .keyEncipherment])
    }

    @Test("a gateway's certificate is a server's, for its hosts alone")
    func gateway() throws {
        let kept = try Scratch().authorityKept()
        let key = try PrivateKey.generate(.p256)
        let hosts = [try DNSName("shop.example.com"), try DNSName("*.shop.example.com")]
        let issued = try kept.authority.issue(
            LeafRequest(
                .gateway(hosts: hosts, addresses: [[127, 0, 0, 1]]), key: key.publicKey))
        let leaf = issued.certificate
        #expect(leaf.extendedKeyUsage == [.serverAuth])
        #expect(
            leaf.names == [
                .dns("shop.example.com"), .dns("*.shop.example.com"), .address([127, 0, 0, 1]),
            ])
        #expect(leaf.notAfter - leaf.notBefore == 90 * 86400 + 120)
        _ = try kept.authority.verify(
            [leaf] + issued.intermediates, expecting: .host("a.shop.example.com"), path: "")
    }

    @Test("more than 90 days, a foreign trust domain and too many names leave no trace")
    func refused() throws {
        let kept = try Scratch().authorityKept()
        let long = try #require(Lifetime("2161h"))
        #expect(
            throws: AuthorityError.lifetimeTooLong(
                long, max: AuthorityLimits.leafLifetimeMax)
        ) { try kept.authority.issue(.workload(lifetime: long)) }
        #expect(throws: AuthorityError.self) {
            try kept.authority.issue(.workload(domain: TrustDomain("other.test")))
        }
        let key = try PrivateKey.generate(.p256).publicKey
        let hosts = try (0...100).map { try DNSName("h\($0).test") }
        #expect(throws: AuthorityError.tooManyNames(101)) {
            try kept.authority.issue(
                LeafRequest(.gateway(hosts: hosts, addresses: []), key: key))
        }
        #expect(try kept.authority.entries().count == 2)
    }

    @Test("a leaf never outlives its issuer, and says that it was cut short")
    func cutShort() throws {
        let scratch = try Scratch()
        let now = UnixTime.now
        let authority = try scratch.authority(at: now) {
            $0.intermediateLifetime = Lifetime(seconds: 3600)
        }
        let issued = try authority.issue(
            .workload(lifetime: Lifetime(seconds: 7200)), at: now)
        #expect(issued.isCutShort)
        #expect(issued.certificate.notAfter == (try authority.issuerCertificate().notAfter))
        #expect(try authority.isRotationDue(at: now + 3000))
        #expect(throws: AuthorityError.issuerExpired(now + 3600)) {
            try authority.issue(.workload(), at: now + 3601)
        }
    }

    @Test("a batch is all there, in order, each with its own number")
    func batch() throws {
        let kept = try Scratch().authorityKept()
        let key = try PrivateKey.generate(.p256)
        let requests = try (0..<2500).map { try LeafRequest.workload("w\($0)", key: key) }
        let issued = try kept.authority.issue(requests)
        #expect(issued.count == 2500)
        #expect(Set(issued.map(\.certificate.serial)).count == 2500)
        #expect(issued[1234].certificate.names == requests[1234].names)
        let entries = try kept.authority.entries().filter { $0.kind == .workload }
        #expect(entries.count == 2500 && entries.allSatisfy { $0.state == .issued })
    }

    @Test("a serial number cannot stand in the ledger twice")
    func unique() throws {
        let kept = try Scratch().authorityKept()
        let signer = try kept.authority.currentSigner()
        let template = try LeafRequest.workload().template(
            trustDomain: .clusterLocal, issuer: signer.issuer.certificate, now: .now)
        let entry = LedgerEntry(
            template: template, issuer: signer.key, kind: .workload, name: "")
        try kept.authority.ledger.reserve(entry)
        #expect(throws: AuthorityError.self) { try kept.authority.ledger.reserve(entry) }
    }

    @Test(
        "lifetimes are read as people write them",
        arguments: [
            ("24h", 86400), ("90d", 7_776_000), ("1h30m", 5400), ("15s", 15), ("1d1s", 86401),
        ])
    func lifetimes(_ text: String, _ seconds: Int64) {
        #expect(Lifetime(text)?.seconds == seconds)
    }

    @Test(
        "what is no lifetime is refused",
        arguments: [
            "", "0s", "24", "h", "-1h", "1.5h", "1w", "1h ", "99999999999999999999d",
        ])
    func badLifetimes(_ text: String) {
        #expect(Lifetime(text) == nil)
    }
}

/// An authority together with the folder that must outlive it.
struct KeptAuthority {
    let scratch: Scratch
    let authority: Authority
}

extension Scratch {
    func authorityKept() throws -> KeptAuthority {
        KeptAuthority(scratch: self, authority: try authority())
    }
}
