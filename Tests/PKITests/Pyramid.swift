// A root, an intermediate and leaves to judge, made anew for every test.
// Every part of a template can be changed, for most tests are about what must be refused.
@testable import PKI

struct Pyramid {
    static let now = UnixTime(1_800_000_000)
    static let day: Int64 = 86400

    let root: Issuer
    let intermediate: Issuer

    init(
        _ algorithm: KeyAlgorithm = .p256, rootPathLength: Int? = nil,
        permitted: [String] = ["cluster.local"],
        usage: KeyUsage = [.keyCertSign, .crlSign]
    ) throws {
        let rootKey = try PrivateKey.generate(algorithm)
        let above = try Self.authority("root", length: rootPathLength)
        root = try Issuer(certificate: .selfSigned(above, key: rootKey), key: rootKey)
        let key = try PrivateKey.generate(algorithm)
        var template = try Self.authority("intermediate", length: 0)
        template.permittedURIHosts = permitted
        template.keyUsage = usage
        intermediate = try Issuer(
            certificate: root.sign(template, for: key.publicKey), key: key)
    }

    static func authority(_ name: String, length: Int?) throws -> CertificateTemplate {
        CertificateTemplate(
            serial: try .random(), subject: DistinguishedName(commonName: name),
            notBefore: now - day, notAfter: now + 30 * day,
            authority: AuthorityConstraints(pathLength: length),
            keyUsage: [.keyCertSign, .crlSign])
    }

    static func workload(
        _ names: [GeneralName] = [.uri("spiffe://cluster.local/ns/default/sa/reviews")]
    ) throws -> CertificateTemplate {
        CertificateTemplate(
            serial: try .random(), names: names, notBefore: now - 120, notAfter: now + day,
            keyUsage: .digitalSignature, extendedKeyUsage: [.serverAuth, .clientAuth])
    }

    func leaf(_ template: CertificateTemplate, by issuer: Issuer? = nil) throws -> Certificate {
        try (issuer ?? intermediate).sign(template, for: PrivateKey.generate(.p256).publicKey)
    }

    func leaf() throws -> Certificate { try leaf(Self.workload()) }

    func store(
        _ lists: [RevocationList] = [], check: TrustStore.RevocationCheck = .none
    ) throws -> TrustStore {
        try TrustStore(roots: [root.certificate], lists: lists, revocationCheck: check)
    }

    /// Why a leaf is refused; nil where it is not.
    func refusal(
        of leaf: Certificate, in store: TrustStore? = nil, at time: UnixTime = now,
        side: PeerSide = .either, expecting: PeerExpectation = .anyWorkload,
        intermediates: [Certificate]? = nil
    ) throws -> VerificationError.Reason? {
        do throws(VerificationError) {
            try (try? store ?? self.store())?.verify(
                leaf, intermediates: intermediates ?? [intermediate.certificate], at: time,
                side: side, expecting: expecting)
            return nil
        } catch {
            return error.reason
        }
    }

    func list(
        _ serials: [SerialNumber], by issuer: Issuer? = nil, number: UInt64 = 1,
        until: UnixTime = now + day, reason: RevocationReason = .keyCompromise
    ) throws -> RevocationList {
        try .signed(
            serials.map { Revocation(serial: $0, time: Self.now - 60, reason: reason) },
            by: issuer ?? intermediate, number: number, thisUpdate: Self.now - 60,
            nextUpdate: until)
    }
}
