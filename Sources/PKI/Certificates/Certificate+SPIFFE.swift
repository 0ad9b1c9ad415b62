// Whether a certificate is a workload's identity (SPIFFE X509-SVID, sections 2 to 5).
// Checked beside the chain and not instead of it: a good signature over two URIs is still refused.

extension Certificate {
    /// The SPIFFE id of a leaf that keeps every rule of the profile.
    ///
    /// - Throws: the first rule that it breaks.
    public var workloadIdentity: SPIFFEID {
        get throws(IdentityError) {
            if isAuthority { throw .isAuthority }
            let uris = names.compactMap { name -> String? in
                if case .uri(let text) = name { text } else { nil }
            }
            guard let uri = uris.first else { throw .noURI }
            guard uris.count == 1 else { throw .severalURIs(uris.count) }
            let identity: SPIFFEID
            do throws(PKIError) {
                identity = try SPIFFEID(uri)
            } catch {
                throw .notSPIFFE("\(error)")
            }
            if identity.segments.isEmpty { throw .isTrustDomain }
            guard let usage = keyUsage else { throw .noKeyUsage }
            guard usage.contains(.digitalSignature),
                usage.isDisjoint(with: [.keyCertSign, .crlSign])
            else { throw .wrongKeyUsage(usage.titles) }
            return identity
        }
    }
}

/// Why a certificate is no workload's identity.
public enum IdentityError: Error, Equatable, Sendable, CustomStringConvertible {
    case isAuthority
    case noURI
    case severalURIs(Int)
    case notSPIFFE(String)
    case isTrustDomain
    case noKeyUsage
    case wrongKeyUsage([String])

    public var description: String {
        switch self {
        case .isAuthority:
            "it is an authority's certificate, and workloads must not be able to sign others"
        case .noURI:
            "it has no URI among its names, and so no SPIFFE id"
        case .severalURIs(let count):
            "it has \(count) URIs among its names, and a SPIFFE id must be the only one"
        case .notSPIFFE(let reason):
            reason
        case .isTrustDomain:
            "its SPIFFE id names a trust domain and no workload in it"
        case .noKeyUsage:
            "it does not say what its key may be used for"
        case .wrongKeyUsage(let titles):
            "its key usage is \(titles.joined(separator: ", ")); a workload's must have "
                + "digitalSignature and neither keyCertSign nor cRLSign"
        }
    }
}
