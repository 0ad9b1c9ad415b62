// A CA of a test's own: certificates for endpoints and for the proxy, with any names and any end.
import Mesh
import PKI
import TLS

@testable import Proxy

struct TestAuthority {
    private let issuer: Issuer
    var pem: [UInt8] { issuer.certificate.pem }

    init() throws {
        let key = try PrivateKey.generate(.p256)
        let template = CertificateTemplate(
            serial: try .random(), subject: DistinguishedName(commonName: "test"),
            notBefore: .now - 3600, notAfter: .now + 86_400,
            authority: AuthorityConstraints(pathLength: nil), keyUsage: [.keyCertSign, .crlSign])
        issuer = try Issuer(certificate: .selfSigned(template, key: key), key: key)
    }

    /// - Parameter seconds: from now until it ends.
    func issue(_ names: [GeneralName], seconds: Int64 = 3600) throws -> TLSIdentity {
        let key = try PrivateKey.generate(.p256)
        let template = CertificateTemplate(
            serial: try .random(), names: names, notBefore: .now - 3600, notAfter: .now + seconds,
            keyUsage: .digitalSignature, extendedKeyUsage: [.serverAuth, .clientAuth])
        let leaf = try issuer.sign(template, for: key.publicKey)
        return TLSIdentity(chain: leaf.pem, key: try key.pem())
    }

    /// An endpoint's context; with `clients` it insists on a certificate of that CA.
    func server(
        _ names: [GeneralName], seconds: Int64 = 3600, protocols: [String] = [],
        clients: TestAuthority? = nil
    ) throws -> TLSContext {
        var settings = TLSServerSettings(identities: [try issue(names, seconds: seconds)])
        settings.applicationProtocols = protocols
        if let clients {
            settings.clientCertificates = .required
            settings.clientCA = clients.pem
        }
        return try TLSContext(server: settings, ticketKeys: [UInt8](repeating: 7, count: 80))
    }

    /// What the proxy trusts, and shows where `identity` is given.
    func client(_ identity: TLSIdentity? = nil) -> TLSClientSettings {
        var settings = TLSClientSettings()
        settings.trustedCA = pem
        settings.identity = identity
        return settings
    }
}
