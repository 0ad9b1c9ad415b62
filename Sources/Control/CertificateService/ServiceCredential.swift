// The certificate the service itself is known by: issued by its own authority, renewed by itself.
// Its key lives in memory only, and a new process has a new one.
internal import Authority
internal import PKI
internal import TLS

struct ServiceCredential {
    let context: TLSContext
    let notAfter: UnixTime
    /// When the next one is made.
    let renewAt: UnixTime
    /// What it leads to: a new issuer or root asks for a new certificate.
    let issuer: Certificate
    private let above: [[UInt8]]

    /// - Parameters:
    ///   - hosts: names clients reach the service by.
    ///   - addresses: 4 or 16 bytes each.
    ///   - ticketKeys: 80 secret bytes that outlive the certificate, so that sessions do too.
    init(
        _ registrar: Registrar, hosts: [DNSName], addresses: [[UInt8]], ticketKeys: [UInt8],
        at now: UnixTime
    ) throws(ServiceProblem) {
        do {
            let key = try PrivateKey.generate(.p256)
            let issued = try registrar.authority.issue(
                LeafRequest(
                    .gateway(hosts: hosts, addresses: addresses), key: try key.publicKey,
                    lifetime: AuthorityLimits.workloadLifetime), at: now)
            var settings = TLSServerSettings(
                identities: [TLSIdentity(chain: issued.chainPEM, key: try key.pem())])
            // Asked for, and judged by the registrar at every call: a certificate that is revoked
            // or over in the middle of a connection is refused there too.
            settings.clientCertificates = .optional
            settings.skipsVerification = true
            context = try TLSContext(server: settings, ticketKeys: ticketKeys)
            notAfter = issued.certificate.notAfter
            renewAt = now + (notAfter - now) / 2
            issuer = registrar.issuer
            above = [registrar.intermediates, registrar.roots]
        } catch let error as AuthorityError {
            throw .authority(error)
        } catch let error as PKIError {
            throw .authority(.pki(error))
        } catch {
            throw .tls("\(error)")
        }
    }

    func isDue(_ registrar: Registrar, at now: UnixTime) -> Bool {
        now >= renewAt || issuer != registrar.issuer
            || above != [registrar.intermediates, registrar.roots]
    }
}
