// What a listener that speaks TLS does with a connection, chosen by the server name the client asks
// for before a byte is answered.

/// One Gateway server, or one `sniHosts` match of a passthrough server.
public final class FilterChain: Sendable {
    public enum Handling: Sendable {
        /// The proxy holds the certificate; what is inside is served by a table of its own.
        case terminateHTTP(TLSTermination, RouteTable)
        /// The proxy holds the certificate; the bytes inside go to a destination.
        case terminateTCP(TLSTermination, TCPRoute?)
        /// The connection goes on as it is, encrypted.
        case passthrough(TCPRoute)
    }

    /// Istio's name, `https.443.https.bookinfo-gateway.default`.
    public let name: String
    /// Lower case: exact names, `*.suffix`, or `*`, which also takes clients without SNI; empty for
    /// those alone.
    public let serverNames: [String]
    /// Where connections were meant to go; empty for whatever address (`destinationSubnets`).
    public let destinations: [AddressBlock]
    /// ALPN names, any of which the client must offer; empty where it may offer what it likes. This
    /// is how the mutual TLS of a mesh is told from TLS of the application's own.
    public let applicationProtocols: [String]
    public let handling: Handling
    public let origin: Origin

    public init(
        name: String, serverNames: [String], destinations: [AddressBlock] = [],
        applicationProtocols: [String] = [], handling: Handling, origin: Origin
    ) {
        self.name = name
        self.serverNames = serverNames
        self.destinations = destinations
        self.applicationProtocols = applicationProtocols
        self.handling = handling
        self.origin = origin
    }

    /// How well `serverName` (lower case, nil for none) fits: the larger the better, nil not at
    /// all.
    public func fit(_ serverName: String?) -> Int? {
        var best: Int?
        for name in serverNames {
            let fit: Int
            if name == "*" {
                fit = 0
            } else if name.isEmpty {
                guard serverName == nil else { continue }
                fit = Int.max
            } else if let serverName {
                if name == serverName {
                    fit = Int.max
                } else if name.hasPrefix("*."), serverName.hasSuffix(name.dropFirst(1)),
                    serverName.utf8.count > name.utf8.count - 1
                {
                    fit = name.utf8.count
                } else {
                    continue
                }
            } else {
                continue
            }
            best = max(best ?? 0, fit)
        }
        return best
    }
}

/// How TLS ends at this proxy (`ServerTLSSettings`), without the certificates themselves.
public final class TLSTermination: Sendable {
    public enum ClientCertificates: Sendable, Hashable { case ignored, optional, required }

    public typealias Credential = TLSCredential

    public let credentials: [Credential]
    /// The CA client certificates are checked against, where it is not in the credential;
    /// `.workload` for the roots of the mesh.
    public let clientCA: Credential?
    public let clientCAFile: String?
    public let revocationFile: String?
    public let clientCertificates: ClientCertificates
    public let skipsVerification: Bool
    /// Exact SANs, any of which a client certificate must hold; empty for no such check.
    public let subjectAltNames: [String]
    /// SHA-256, base64, of the public key.
    public let publicKeyPins: [String]
    /// SHA-256, lower-case hex, of the certificate.
    public let certificatePins: [String]
    /// 0x0301 to 0x0304
    public let minVersion: UInt16
    public let maxVersion: UInt16
    public let cipherSuites: [String]
    /// What ALPN may agree on, in order of preference.
    public let applicationProtocols: [String]
    public let origin: Origin

    public init(
        credentials: [Credential], clientCA: Credential? = nil, clientCAFile: String? = nil,
        revocationFile: String? = nil, clientCertificates: ClientCertificates = .ignored,
        skipsVerification: Bool = false, subjectAltNames: [String] = [],
        publicKeyPins: [String] = [], certificatePins: [String] = [],
        minVersion: UInt16 = 0x0303, maxVersion: UInt16 = 0x0304, cipherSuites: [String] = [],
        applicationProtocols: [String] = ["h2", "http/1.1"], origin: Origin
    ) {
        self.credentials = credentials
        self.clientCA = clientCA
        self.clientCAFile = clientCAFile
        self.revocationFile = revocationFile
        self.clientCertificates = clientCertificates
        self.skipsVerification = skipsVerification
        self.subjectAltNames = subjectAltNames
        self.publicKeyPins = publicKeyPins
        self.certificatePins = certificatePins
        self.minVersion = minVersion
        self.maxVersion = maxVersion
        self.cipherSuites = cipherSuites
        self.applicationProtocols = applicationProtocols
        self.origin = origin
    }
}
