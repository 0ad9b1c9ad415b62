// Certificates of a small mesh, made in memory: a root, workloads, and lists of who is revoked.
// Tests of the data plane need many wrong ones, each wrong in one way.
import PKI
import TLS

struct MeshCertificates {
    private let issuer: Issuer
    let roots: [UInt8]
    private static let hour: Int64 = 3600

    init() throws {
        let key = try PrivateKey.generate(.p256)
        let now = UnixTime.now
        let root = try Certificate.selfSigned(
            CertificateTemplate(
                serial: try .random(), subject: DistinguishedName(organization: "mesh"),
                notBefore: now - Self.hour, notAfter: now + 24 * Self.hour,
                authority: AuthorityConstraints(pathLength: nil),
                keyUsage: [.keyCertSign, .crlSign]),
            key: key)
        issuer = try Issuer(certificate: root, key: key)
        roots = root.pem
    }

    struct Workload {
        let certificate: Certificate
        let identity: TLSIdentity
        var fingerprint: String { Hex.text(certificate.fingerprint) }
    }

    func workload(
        _ names: [GeneralName], subject: DistinguishedName = .empty, seconds: Int64 = 3600
    ) throws -> Workload {
        let key = try PrivateKey.generate(.p256)
        let now = UnixTime.now
        let certificate = try issuer.sign(
            CertificateTemplate(
                serial: try .random(), subject: subject, names: names,
                notBefore: now - 2 * Self.hour, notAfter: now + seconds,
                keyUsage: [.digitalSignature], extendedKeyUsage: [.serverAuth, .clientAuth]),
            for: key.publicKey)
        return Workload(
            certificate: certificate,
            identity: TLSIdentity(chain: certificate.pem, key: try key.pem()))
    }

    /// `spiffe://cluster.local/ns/default/sa/<account>`
    func workload(_ account: String, seconds: Int64 = 3600) throws -> Workload {
        try workload([.uri(Self.uri(account))], seconds: seconds)
    }

    static func uri(_ account: String) -> String {
        "spiffe://cluster.local/ns/default/sa/\(account)"
    }

    /// A list that says these are revoked.
    func list(_ revoked: [Workload]) throws -> [UInt8] {
        let now = UnixTime.now
        return try RevocationList.signed(
            revoked.map {
                Revocation(serial: $0.certificate.serial, time: now, reason: .keyCompromise)
            }, by: issuer, number: 1, thisUpdate: now - Self.hour, nextUpdate: now + Self.hour
        ).pem
    }
}
