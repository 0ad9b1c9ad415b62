// What revoking and renewing do to the ledger, to the list, and to the next certificate.
import PKI
import Testing

@testable import Authority

@Suite("revoking and renewing") struct RevokeTests {
    @Test("a revoked certificate is on the list at once, for good, and is never renewed")
    func revoke() throws {
        let kept = try Scratch().authorityKept()
        let authority = kept.authority
        let (bad, good) = (try authority.issue(.workload("a")), try authority.issue(.workload("b")))
        let serial = bad.certificate.serial
        try authority.revoke(.serial(serial), reason: .keyCompromise)
        let lists = try RevocationList.parse(pem: try kept.scratch.text("ca-crl.pem"))
        #expect(lists.compactMap { $0.entry(for: serial) }.first?.reason == .keyCompromise)
        #expect(throws: AuthorityError.self) {
            try authority.verify([bad.certificate] + bad.intermediates, path: "")
        }
        _ = try authority.verify([good.certificate] + good.intermediates, path: "")
        #expect(throws: AuthorityError.alreadyRevoked(serial, .keyCompromise)) {
            try authority.revoke(.serial(serial), reason: .unspecified)
        }
        let key = try PrivateKey.generate(.p256).publicKey
        #expect(throws: AuthorityError.revoked(serial, .keyCompromise)) {
            try authority.renewal(of: bad.certificate, key: key, path: "")
        }
    }

    @Test("list numbers only grow, also after the ledger was put back by a crash")
    func numbers() throws {
        let kept = try Scratch().authorityKept()
        func number() throws -> UInt64? {
            try RevocationList.parse(pem: try kept.scratch.text("ca-crl.pem"))[0].smallNumber
        }
        let first = try #require(try number())
        try kept.authority.refreshLists()
        #expect(try number() == first + 1)
        // As after a crash between the file's rename and the ledger's commit.
        let key = try kept.authority.currentSigner().key
        try kept.authority.ledger.setListNumber(0, of: key)
        try kept.authority.refreshLists()
        #expect(try number() == first + 2)
    }

    @Test("an expired certificate leaves the list, one list after its end")
    func leaves() throws {
        let kept = try Scratch().authorityKept()
        let now = UnixTime.now
        let issued = try kept.authority.issue(.workload(), at: now)
        let serial = issued.certificate.serial
        try kept.authority.revoke(.serial(serial), reason: .superseded, at: now)
        func isListed(at time: UnixTime) throws -> Bool {
            try RevocationList.parse(pem: try kept.authority.refreshLists(at: time))
                .contains { $0.entry(for: serial) != nil }
        }
        #expect(try isListed(at: now + 2 * 86400))
        #expect(try !isListed(at: now + 32 * 86400))
    }

    @Test("strangers' certificates, unknown numbers and the issuer itself are not revoked")
    func refused() throws {
        let kept = try Scratch().authorityKept()
        let other = try Scratch().authorityKept()
        let foreign = try other.authority.issue(.workload()).certificate
        #expect(throws: AuthorityError.notIssuedHere(path: "f")) {
            try kept.authority.revoke(.certificate(foreign, path: "f"), reason: .unspecified)
        }
        #expect(throws: AuthorityError.unknownSerial(foreign.serial)) {
            try kept.authority.revoke(.serial(foreign.serial), reason: .unspecified)
        }
        let issuer = try kept.authority.issuerCertificate().serial
        #expect(throws: AuthorityError.issuerInUse(issuer)) {
            try kept.authority.revoke(.serial(issuer), reason: .caCompromise)
        }
    }

    @Test("renewing keeps the names and the length of life, also after the end")
    func renew() throws {
        let kept = try Scratch().authorityKept()
        let now = UnixTime.now
        let key = try PrivateKey.generate(.p256)
        let hosts = [try DNSName("reviews.default.svc.cluster.local")]
        let identity = try WorkloadName(namespace: "default", serviceAccount: "reviews")
            .identity(in: .clusterLocal)
        let old = try kept.authority.issue(
            LeafRequest(
                .workload(identity, hosts: hosts, addresses: [[10, 0, 0, 1]]),
                key: key.publicKey, lifetime: Lifetime(seconds: 3600)), at: now
        ).certificate
        let later = now + 2 * 86400
        let request = try kept.authority.renewal(
            of: old, key: try PrivateKey.generate(.p256).publicKey, path: "")
        let new = try kept.authority.issue(request, at: later).certificate
        #expect(new.names == old.names)
        #expect(new.notAfter - later == 3600)
        #expect(new.serial != old.serial)
        #expect(try new.publicKey != old.publicKey)
    }
}
