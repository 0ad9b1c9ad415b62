// Making an authority: what is on the disk afterwards, and what is refused.
import Foundation
import PKI
import Testing

@testable import Authority

@Suite("making an authority") struct CreateTests {
    @Test("a new authority has Istio's files, and nobody else reads its keys")
    func files() throws {
        let scratch = try Scratch()
        let authority = try scratch.authority()
        let names: Set = [
            "ca-cert.pem", "ca-key.pem", "root-cert.pem", "root-key.pem", "cert-chain.pem",
            "ca-crl.pem", "ca.db",
        ]
        #expect(names.isSubset(of: scratch.files))
        #expect(scratch.files.allSatisfy { !$0.hasPrefix(".") })
        for name in ["ca-key.pem", "root-key.pem", "ca.db"] {
            #expect(try scratch.mode(name) == 0o600, "\(name)")
        }
        #expect(authority.exposedKeys.isEmpty)
        let root = try #require(try authority.bundle().first)
        let issuer = try authority.issuerCertificate()
        #expect(root.pathLength == nil && root.isSelfIssued)
        #expect(issuer.pathLength == 0 && issuer.permittedURIHosts == ["cluster.local"])
        #expect(root.keyUsage == [.keyCertSign, .crlSign])
        #expect(try authority.entries().map(\.kind) == [.intermediate, .root])
    }

    @Test(
        "nothing is ever overwritten",
        arguments: [
            "ca-cert.pem", "ca-key.pem", "root-cert.pem", "root-key.pem", "cert-chain.pem",
            "ca-crl.pem",
        ])
    func occupied(_ name: String) throws {
        let scratch = try Scratch()
        let path = scratch.certs + "/" + name
        try FileManager.default.createDirectory(
            atPath: scratch.certs, withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: URL(filePath: path))
        #expect(throws: AuthorityError.exists(path: path)) { try scratch.authority() }
        #expect(scratch.files == [name])
        #expect(try scratch.text(name) == Array("mine".utf8))
    }

    @Test("a second authority in the same folder is refused, and the first goes on")
    func twice() throws {
        let scratch = try Scratch()
        let first = try scratch.authority()
        #expect(throws: AuthorityError.self) { try scratch.authority() }
        _ = try first.issue(.workload())
    }

    @Test("with a passphrase both keys are encrypted, and signing needs it")
    func passphrase() throws {
        let scratch = try Scratch()
        let secret = Array("open sesame".utf8)
        _ = try scratch.authority { $0.passphrase = secret }
        for name in ["ca-key.pem", "root-key.pem"] {
            let labels = try PEMBlock.parse(try scratch.text(name)).map(\.label)
            #expect(labels == [.encryptedPrivateKey])
        }
        let closed = try Authority.open(path: scratch.certs)
        #expect(try closed.entries().count == 2)
        #expect(throws: AuthorityError.self) { try closed.issue(.workload()) }
        #expect(try closed.entries().count == 2)
        let open = try Authority.open(path: scratch.certs, passphrase: secret)
        _ = try open.issue(.workload())
        _ = try open.rotateIssuer()
        let labels = try PEMBlock.parse(try scratch.text("ca-key.pem")).map(\.label)
        #expect(labels == [.encryptedPrivateKey])
    }

    @Test("an existing root signs an intermediate, and its key is not kept")
    func existingRoot() throws {
        let other = try Scratch()
        _ = try other.authority()
        let root = try Certificate.parse(pem: try other.text("root-cert.pem"))[0]
        let key = try PrivateKey(pem: try other.text("root-key.pem"))
        let scratch = try Scratch()
        let authority = try scratch.authority { $0.source = .root(root, key) }
        #expect(!scratch.files.contains("root-key.pem"))
        #expect(try authority.bundle() == [root])
        let issued = try authority.issue(.workload())
        _ = try authority.verify(
            [issued.certificate] + issued.intermediates, path: "leaf")
        // Both issuers' lists are there, though the root's key is gone.
        #expect(try RevocationList.parse(pem: try authority.refreshLists()).count == 2)
        #expect(throws: AuthorityError.rootKeyAbsent(path: scratch.certs + "/root-key.pem")) {
            try authority.rotateIssuer()
        }
        _ = try authority.rotateIssuer(rootKey: key)
    }

    @Test("a folder of Istio's is taken over, and its leaves can be revoked")
    func plugged() throws {
        let other = try Scratch()
        let before = try other.authority().issue(.workload("old"))
        let scratch = try Scratch()
        let plugged = try PluggedAuthority(path: other.certs, passphrase: nil)
        let authority = try scratch.authority { $0.source = .plugged(plugged) }
        #expect(
            try scratch.text("ca-cert.pem") == (try other.text("ca-cert.pem")))
        let issued = try authority.issue(.workload())
        _ = try authority.verify([issued.certificate] + issued.intermediates, path: "leaf")
        let entry = try authority.revoke(
            .certificate(before.certificate, path: "old"), reason: .superseded)
        #expect(entry.name.contains("sa/old"))
    }

    @Test("a certificate that does not lead to the root beside it is not taken over")
    func pluggedBroken() throws {
        let (one, two) = (try Scratch(), try Scratch())
        _ = try one.authority()
        _ = try two.authority()
        try Data(try two.text("root-cert.pem"))
            .write(to: URL(filePath: one.certs + "/root-cert.pem"))
        try Data(try one.text("ca-cert.pem"))
            .write(to: URL(filePath: one.certs + "/cert-chain.pem"))
        #expect(throws: AuthorityError.self) {
            try PluggedAuthority(path: one.certs, passphrase: nil)
        }
    }

    @Test("a trust domain that no constraint can hold leaves the constraint out")
    func singleLabel() throws {
        let domain = try TrustDomain("localhost")
        let scratch = try Scratch()
        let authority = try scratch.authority { $0.trustDomain = domain }
        #expect(try authority.issuerCertificate().permittedURIHosts.isEmpty)
        let issued = try authority.issue(.workload(domain: domain))
        _ = try authority.verify([issued.certificate] + issued.intermediates, path: "leaf")
    }
}
