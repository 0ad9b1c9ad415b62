// Rotations: at no moment does anybody stop trusting anybody.
import PKI
import Testing

@testable import Authority

@Suite("rotating") struct RotateTests {
    /// What a peer with these roots alone thinks of a chain.
    private func trusts(_ roots: [Certificate], _ issued: IssuedCertificate) throws -> Bool {
        let store = try TrustStore(roots: roots)
        return
            (try? store.verify(
                issued.certificate, intermediates: issued.intermediates, at: .now,
                expecting: .anyWorkload)) != nil
    }

    @Test("a new intermediate leaves old certificates good, and still revokes them")
    func issuer() throws {
        let kept = try Scratch().authorityKept()
        let authority = kept.authority
        let old = try authority.issue(.workload("old"))
        let before = try authority.issuerCertificate()
        let rotation = try authority.rotateIssuer()
        #expect(rotation.issuer != before)
        #expect(kept.scratch.files.contains("retired-\(before.issuerKey)-key.pem"))
        #expect(try kept.scratch.mode("retired-\(before.issuerKey)-key.pem") == 0o600)
        let new = try authority.issue(.workload("new"))
        #expect(new.intermediates == [rotation.issuer])
        for one in [old, new] {
            _ = try authority.verify([one.certificate] + one.intermediates, path: "")
        }
        try authority.revoke(.serial(old.certificate.serial), reason: .superseded)
        #expect(throws: AuthorityError.self) {
            try authority.verify([old.certificate] + old.intermediates, path: "")
        }
        // The compromised predecessor itself can be revoked now.
        try authority.revoke(.serial(before.serial), reason: .caCompromise)
    }

    @Test("another process that rotated is noticed by one that was open all the time")
    func noticed() throws {
        let kept = try Scratch().authorityKept()
        _ = try kept.authority.issue(.workload())
        let other = try Authority.open(path: kept.scratch.certs)
        let rotation = try other.rotateIssuer()
        let issued = try kept.authority.issue(.workload())
        #expect(issued.intermediates == [rotation.issuer])
        #expect(issued.certificate.isSigned(by: try rotation.issuer.publicKey))
    }

    @Test("while a root is replaced, old and new peers trust old and new certificates")
    func root() throws {
        let kept = try Scratch().authorityKept()
        let authority = kept.authority
        let oldRoots = try authority.bundle()
        let old = try authority.issue(.workload("old"))
        let rotation = try authority.rotateRoot()
        #expect(rotation.roots.count == 2)
        let new = try authority.issue(.workload("new"))
        #expect(try trusts(oldRoots, old))
        #expect(try trusts(oldRoots, new), "a peer without the new bundle")
        #expect(try trusts(rotation.roots, old) && trusts(rotation.roots, new))
        let newRoots = rotation.roots.filter { !oldRoots.contains($0) }
        #expect(try trusts(newRoots, new))
        #expect(try !trusts(newRoots, old))
        for one in [old, new] {
            _ = try authority.verify([one.certificate] + one.intermediates, path: "")
        }
        #expect(throws: AuthorityError.rotationUnfinished) { try authority.rotateRoot() }

        // An intermediate can be replaced in the middle of it.
        _ = try authority.rotateIssuer()
        let third = try authority.issue(.workload("third"))
        #expect(try trusts(oldRoots, third) && trusts(newRoots, third))

        #expect(
            throws: AuthorityError.rootInUse(count: 1, until: old.certificate.notAfter)
        ) { try authority.finishRootRotation() }
        let later = old.certificate.notAfter + 1
        let end = try authority.finishRootRotation(at: later)
        #expect(end.roots == newRoots)
        #expect(try authority.bundle() == newRoots)
        let fourth = try authority.issue(.workload("fourth"))
        #expect(fourth.intermediates.count == 1)
        #expect(try trusts(newRoots, fourth))
        #expect(!kept.scratch.files.contains("retired-\(oldRoots[0].issuerKey)-key.pem"))
        #expect(throws: AuthorityError.noRotation) { try authority.finishRootRotation() }
    }

    @Test("a retired key goes when nothing it signed can be presented any more")
    func pruned() throws {
        let kept = try Scratch().authorityKept()
        let now = UnixTime.now
        _ = try kept.authority.issue(.workload(), at: now)
        let old = try kept.authority.issuerCertificate().issuerKey
        _ = try kept.authority.rotateIssuer()
        let name = "retired-\(old)-key.pem"
        try kept.authority.refreshLists(at: now + 30 * 86400)
        #expect(kept.scratch.files.contains(name))
        try kept.authority.refreshLists(at: now + 32 * 86400)
        #expect(!kept.scratch.files.contains(name))
    }

    @Test("a crash after the decision is finished by whoever opens next")
    func crash() throws {
        let kept = try Scratch().authorityKept()
        let text = try kept.scratch.text("cert-chain.pem")
        let ledger = kept.authority.ledger
        try ledger.write { () throws(AuthorityError) in
            try ledger.note(
                [
                    FileChange(name: "cert-chain.pem", bytes: text + [10]),
                    FileChange(name: "retired-x-key.pem", bytes: [1]),
                ], in: kept.authority.folder)
        }
        #expect(try kept.scratch.text("cert-chain.pem") == text)
        // The first of the two renames was done when the process ended.
        try kept.authority.folder.move(".staged-cert-chain.pem", to: "cert-chain.pem")
        _ = try Authority.open(path: kept.scratch.certs)
        #expect(try kept.scratch.text("cert-chain.pem") == text + [10])
        #expect(try kept.scratch.text("retired-x-key.pem") == [1])
        #expect(try !ledger.hasUnfinishedFiles())
        #expect(kept.scratch.files.allSatisfy { !$0.hasPrefix(".") })
    }
}
