// What the authority's own certificates say.
internal import PKI

struct AuthorityProfile {
    let trustDomain: TrustDomain
    let now: UnixTime

    /// A root: signs intermediates and their revocation list, and nothing else.
    func root(_ key: PublicKey, lifetime: Lifetime) throws(PKIError) -> CertificateTemplate {
        CertificateTemplate(
            serial: try .random(), subject: subject("Root", key), notBefore: notBefore,
            notAfter: min(now + lifetime.seconds, .endOfCalendar),
            authority: AuthorityConstraints(pathLength: nil),
            keyUsage: [.keyCertSign, .crlSign])
    }

    /// What signs leaves. No authority may stand below it.
    ///
    /// - Parameter isConstrained: whether SPIFFE ids below it must be of the trust domain, so that
    ///   a stolen issuing key is of no use in a neighbour's mesh. Left out where the trust domain
    ///   is no name that a constraint can hold (RFC 5280 section 4.2.1.10).
    func intermediate(
        _ key: PublicKey, below root: Certificate, lifetime: Lifetime, isConstrained: Bool
    ) throws(PKIError) -> CertificateTemplate {
        CertificateTemplate(
            serial: try .random(), subject: subject("Issuing", key), notBefore: notBefore,
            notAfter: min(now + lifetime.seconds, root.notAfter),
            authority: AuthorityConstraints(pathLength: 0), keyUsage: [.keyCertSign, .crlSign],
            permittedURIHosts: isConstrained && trustDomain.isConstrainable
                ? [trustDomain.name] : [])
    }

    /// A new root's key under the old root: who trusts only the old one trusts what is below the
    /// new one too, until everybody has the new one.
    func cross(
        _ newRoot: Certificate, subject: DistinguishedName, below oldRoot: Certificate
    ) throws(PKIError) -> CertificateTemplate {
        CertificateTemplate(
            serial: try .random(), subject: subject, notBefore: notBefore,
            notAfter: min(oldRoot.notAfter, newRoot.notAfter),
            authority: AuthorityConstraints(pathLength: 1), keyUsage: [.keyCertSign, .crlSign])
    }

    private var notBefore: UnixTime { now - AuthorityLimits.backdateSeconds }

    /// The start of the key's identifier tells two generations apart, for people and for
    /// verifiers that look issuers up by name alone.
    private func subject(_ role: String, _ key: PublicKey) -> DistinguishedName {
        DistinguishedName(
            organization: trustDomain.name,
            commonName: "Isthmus \(role) CA \(Hex.text(Array(key.identifier.prefix(4))))")
    }
}
