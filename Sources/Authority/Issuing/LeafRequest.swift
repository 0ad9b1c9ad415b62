// What somebody is to get a certificate for.
public import PKI

public struct LeafRequest: Sendable {
    public enum Subject: Sendable, Hashable {
        /// A workload: its id is the only URI; hosts and addresses may stand beside it.
        case workload(SPIFFEID, hosts: [DNSName], addresses: [[UInt8]])
        /// A server that people reach by host name.
        case gateway(hosts: [DNSName], addresses: [[UInt8]])
    }

    public let subject: Subject
    /// Of the key whose owner asks.
    public let key: PublicKey
    /// nil: the usual one for the subject.
    public let lifetime: Lifetime?

    public init(_ subject: Subject, key: PublicKey, lifetime: Lifetime? = nil) {
        self.subject = subject
        self.key = key
        self.lifetime = lifetime
    }
}

extension LeafRequest {
    var names: [GeneralName] {
        switch subject {
        case .workload(let identity, let hosts, let addresses):
            [.uri(identity.description)] + hosts.map { .dns($0.name) }
                + addresses.map { .address($0) }
        case .gateway(let hosts, let addresses):
            hosts.map { .dns($0.name) } + addresses.map { .address($0) }
        }
    }

    var kind: LedgerEntry.Kind {
        if case .workload = subject { .workload } else { .gateway }
    }

    /// What the ledger lists it under.
    var name: String {
        switch names.first {
        case .uri(let text), .dns(let text): text
        case .address(let bytes): IPAddress.text(bytes)
        default: ""
        }
    }

    /// The certificate this comes to. The subject is empty, so that names stand in one place only.
    ///
    /// - Throws: where the request asks for more than anybody gets.
    func template(
        trustDomain: TrustDomain, issuer: Certificate, now: UnixTime
    ) throws(AuthorityError) -> CertificateTemplate {
        if case .workload(let identity, _, _) = subject, identity.trustDomain != trustDomain {
            throw .wrongTrustDomain(identity, expected: trustDomain)
        }
        let names = names
        guard names.count <= AuthorityLimits.namesMax else { throw .tooManyNames(names.count) }
        let usual =
            kind == .workload ? AuthorityLimits.workloadLifetime : AuthorityLimits.gatewayLifetime
        let lifetime = lifetime ?? usual
        guard lifetime <= AuthorityLimits.leafLifetimeMax else {
            throw .lifetimeTooLong(lifetime, max: AuthorityLimits.leafLifetimeMax)
        }
        guard issuer.notAfter > now else { throw .issuerExpired(issuer.notAfter) }
        return try AuthorityError.wrapping { () throws(PKIError) in
            CertificateTemplate(
                serial: try .random(), names: names,
                notBefore: max(now - AuthorityLimits.backdateSeconds, issuer.notBefore),
                notAfter: min(now + lifetime.seconds, issuer.notAfter),
                // Only RSA keys can be encrypted to (RFC 8446 never does, TLS 1.2 may).
                keyUsage: key.kind.isRSA
                    ? [.digitalSignature, .keyEncipherment] : .digitalSignature,
                // A workload is a server and a client of its mesh; a gateway's certificate is for
                // browsers, which want nothing else in it.
                extendedKeyUsage: kind == .workload ? [.serverAuth, .clientAuth] : [.serverAuth])
        }
    }
}
