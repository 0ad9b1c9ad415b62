// Enrolment: tokens are used once, renewals are for the same names, and nobody holds up others.
import PKI
import Testing

@testable import Authority

@Suite("enrolment") struct EnrolTests {
    private let scratch: Scratch
    private let authority: Authority
    private let registrar: Registrar
    private let now = UnixTime.now
    private let key: PublicKey
    private let identity: SPIFFEID

    init() throws {
        scratch = try Scratch()
        authority = try scratch.authority()
        registrar = try Registrar(authority)
        key = try PrivateKey.generate(.p256).publicKey
        identity = try WorkloadName(namespace: "default", serviceAccount: "reviews")
            .identity(in: .clusterLocal)
    }

    private func byToken(lifetime: Lifetime? = nil) throws -> Enrolment {
        let text = try authority.token(for: identity, at: now).text
        return try enrolment(text, lifetime: lifetime)
    }

    private func enrolment(_ token: String, lifetime: Lifetime? = nil) throws -> Enrolment {
        Enrolment(
            try registrar.applicant(token: Array(token.utf8), at: now), key: key,
            lifetime: lifetime)
    }

    private func enrol(_ enrolment: Enrolment) throws -> IssuedCertificate {
        try #require(try authority.enrol([enrolment], at: now).first).get()
    }

    @Test("a token buys one certificate, whatever process is asked the second time")
    func once() throws {
        let enrolment = try byToken()
        guard case .token(let token) = enrolment.proof else { return }
        let leaf = try enrol(enrolment).certificate
        #expect(leaf.names == [.uri(identity.description)])
        #expect(try leaf.publicKey == key)
        let used = AuthorityError.tokenRefused(.used(id: token.id))
        #expect(throws: used) { try enrol(enrolment) }
        let other = try Authority.open(path: scratch.certs)
        #expect(throws: used) { try other.enrol([enrolment], at: now)[0].get() }
        #expect(try authority.entries().count { $0.kind == .workload } == 1)
    }

    @Test("twice in one batch, it buys one")
    func sameBatch() throws {
        let enrolment = try byToken()
        let results = try authority.enrol([enrolment, enrolment, enrolment], at: now)
        #expect(results.count { (try? $0.get()) != nil } == 1)
    }

    @Test("what is refused holds up nobody else, and costs no token")
    func apart() throws {
        let text = try authority.token(for: identity, at: now).text
        let tooLong = try enrolment(text, lifetime: Lifetime(seconds: 91 * 86400))
        let results = try authority.enrol([tooLong, try byToken()], at: now)
        #expect(throws: AuthorityError.self) { try results[0].get() }
        #expect(try results[1].get().certificate.notAfter - now == 86400)
        _ = try enrol(try enrolment(text))
        #expect(try authority.entries().allSatisfy { $0.state == .issued })
    }

    @Test("used tokens are forgotten a day after they would have ended")
    func forgotten() throws {
        let first = try byToken()
        _ = try enrol(first)
        func count() throws -> Int64? {
            try authority.ledger.database.rows("SELECT count(*) FROM used_tokens")[0][0].integer
        }
        #expect(try count() == 1)
        let certificate = try enrol(try byToken()).certificate
        let renewal = Enrolment(
            try registrar.applicant(certificate: certificate.der, at: now), key: key,
            lifetime: nil)
        _ = try authority.enrol([renewal], at: now + 3600 + 86400)
        #expect(try count() == 2, "one second too early")
        _ = try authority.enrol([renewal], at: now + 3600 + 86400 + 1)
        #expect(try count() == 0)
    }

    @Test("a certificate is renewed for the same names, until it ends or is revoked")
    func renewal() throws {
        let host = try DNSName("reviews.example")
        let first = try authority.issue(
            LeafRequest(.workload(identity, hosts: [host], addresses: []), key: key), at: now
        ).certificate
        let applicant = try registrar.applicant(certificate: first.der, at: now)
        #expect(applicant.identity == identity)
        let next = try enrol(Enrolment(applicant, key: key, lifetime: nil)).certificate
        #expect(next.names == first.names)
        #expect(next.serial != first.serial)
        #expect(throws: AuthorityError.self) {
            try registrar.applicant(certificate: first.der, at: first.notAfter + 1)
        }
        _ = try authority.revoke(.serial(first.serial), reason: .keyCompromise, at: now)
        let revoked = AuthorityError.revoked(first.serial, .keyCompromise)
        #expect(throws: revoked) { try registrar.applicant(certificate: first.der, at: now) }
        // Revoked between being recognized and being served.
        #expect(throws: revoked) {
            try enrol(Enrolment(applicant, key: key, lifetime: nil))
        }
    }

    @Test("certificates of gateways, of others and of authorities prove nothing")
    func strangers() throws {
        let gateway = try authority.issue(
            LeafRequest(.gateway(hosts: [try DNSName("a.example")], addresses: []), key: key),
            at: now
        ).certificate
        let other = try Scratch()
        let foreign = try other.authority().issue(.workload(), at: now).certificate
        let issuer = try authority.issuerCertificate()
        for der in [gateway.der, foreign.der, issuer.der, [], [0x30, 0]] {
            #expect(throws: AuthorityError.self) {
                try registrar.applicant(certificate: der, at: now)
            }
        }
    }

    @Test("after a rotation by another process the new issuer signs, and old leaves still count")
    func rotation() throws {
        let old = try enrol(try byToken()).certificate
        let before = registrar.generation
        _ = try Authority.open(path: scratch.certs).rotateIssuer()
        try registrar.refresh()
        #expect(registrar.generation == before + 1)
        let applicant = try registrar.applicant(certificate: old.der, at: now)
        let new = try enrol(Enrolment(applicant, key: key, lifetime: nil))
        #expect(new.intermediates[0] == registrar.issuer)
        // Until their issuer is revoked, and all of them with it.
        let retired = try #require(
            try authority.entries().first {
                $0.kind == .intermediate && $0.serial != registrar.issuer.serial
            })
        _ = try Authority.open(path: scratch.certs)
            .revoke(.serial(retired.serial), reason: .keyCompromise)
        try registrar.refresh()
        #expect(throws: AuthorityError.self) {
            try registrar.applicant(certificate: old.der, at: now)
        }
        #expect(
            try registrar.applicant(certificate: new.certificate.der, at: now).identity == identity)
    }

    @Test("a new token key in the folder makes every token that is out worthless")
    func newKey() throws {
        let old = try authority.token(for: identity, at: now).text
        let other = try Authority.open(path: scratch.certs)
        try other.folder.remove(AuthorityFile.tokenKey)
        let new = try other.token(for: identity, at: now).text
        try registrar.refresh()
        #expect(throws: TokenError.notSigned) { try enrolment(old) }
        _ = try enrol(try enrolment(new))
    }

    @Test("lists are made fresh at half of their life, and not before")
    func lists() throws {
        let half = AuthorityLimits.listLifetime.seconds / 2
        #expect(try !authority.refreshListsIfDue(at: now + half - 200))
        #expect(try authority.refreshListsIfDue(at: now + half + 200))
        #expect(try !authority.refreshListsIfDue(at: now + half + 200))
    }

    @Test("a ledger of the first version gets the table of tokens, and keeps what it has")
    func migration() throws {
        let serial = try enrol(try byToken()).certificate.serial
        let database = authority.ledger.database
        try database.run("DROP TABLE used_tokens")
        try database.run("PRAGMA user_version = 1")
        let opened = try Authority.open(path: scratch.certs)
        #expect(try opened.entry(serial)?.state == .issued)
        let text = try opened.token(for: identity, at: now).text
        let again = try Registrar(opened)
        let applicant = try again.applicant(token: Array(text.utf8), at: now)
        let results = try opened.enrol(
            [Enrolment(applicant, key: key, lifetime: nil)], at: now)
        #expect(throws: Never.self) { try results[0].get() }
    }
}
