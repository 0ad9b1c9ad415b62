// What a client asks of the server it dials: the name it sends, the protocols it offers, and the
// names by which it will know the server.
// These belong to single connections; what many share (identity, trust) is their context's.

public struct TLSDestination: Sendable, Hashable {
    /// SNI; nil for none, as for IP addresses (RFC 6066 section 3).
    public var serverName: String?
    /// ALPN names in order of preference; empty offers what the context does.
    public var applicationProtocols: [String]
    /// Any of these must be in the certificate's subjectAltName: a URI or an IP address as it is, a
    /// DNS name or a wildcard that stands for it. Empty: the chain is enough.
    public var acceptedNames: [String]

    public init(
        serverName: String? = nil, applicationProtocols: [String] = [], acceptedNames: [String] = []
    ) {
        self.serverName = serverName
        self.applicationProtocols = applicationProtocols
        self.acceptedNames = acceptedNames
    }
}
