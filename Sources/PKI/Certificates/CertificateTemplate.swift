// Everything a certificate says, before it is signed.
// A plain value: what the authority decides is decided here, where tests can look at it, and
// signing adds nothing but key identifiers and the signature.

public struct CertificateTemplate: Sendable, Hashable {
    public var serial: SerialNumber
    public var subject: DistinguishedName
    public var names: [GeneralName]
    public var notBefore: UnixTime
    public var notAfter: UnixTime
    public var authority: AuthorityConstraints?
    public var keyUsage: KeyUsage
    public var extendedKeyUsage: [ExtendedKeyUsage]
    /// Hosts that URIs below this certificate must have; empty: no constraint.
    public var permittedURIHosts: [String]

    public init(
        serial: SerialNumber, subject: DistinguishedName = .empty, names: [GeneralName] = [],
        notBefore: UnixTime, notAfter: UnixTime, authority: AuthorityConstraints? = nil,
        keyUsage: KeyUsage, extendedKeyUsage: [ExtendedKeyUsage] = [],
        permittedURIHosts: [String] = []
    ) {
        self.serial = serial
        self.subject = subject
        self.names = names
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.authority = authority
        self.keyUsage = keyUsage
        self.extendedKeyUsage = extendedKeyUsage
        self.permittedURIHosts = permittedURIHosts
    }
}

/// What makes a certificate an authority's (RFC 5280 section 4.2.1.9).
public struct AuthorityConstraints: Sendable, Hashable {
    /// How many authorities may stand below this one; nil: no bound.
    public let pathLength: Int?

    public init(pathLength: Int?) { self.pathLength = pathLength }
}
