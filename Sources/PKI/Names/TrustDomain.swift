// The name of a mesh's root of trust: the authority part of its SPIFFE ids.
// A type of its own, so that nothing unchecked is ever put into an id or a name constraint.

public struct TrustDomain: Sendable, Hashable, CustomStringConvertible {
    /// SPIFFE-ID specification section 2.1.
    public static let bytesMax = 255
    /// Istio's default.
    public static let clusterLocal = TrustDomain(checked: "cluster.local")

    public let name: String

    /// - Parameter name: lower-case letters, digits, dots, dashes and underscores. An `@` becomes
    ///   a dot, as in Istio, whose trust domains were once service account mail addresses.
    public init(_ name: String) throws(PKIError) {
        let name = String(name.map { $0 == "@" ? "." : $0 })
        guard !name.isEmpty else {
            throw .badName(name, reason: "is no trust domain: it is empty")
        }
        guard name.utf8.count <= TrustDomain.bytesMax else {
            throw .badName(
                name, reason: "is longer than a trust domain may be (\(TrustDomain.bytesMax) bytes)"
            )
        }
        guard name.utf8.allSatisfy(TrustDomain.isAllowed) else {
            throw .badName(
                name,
                reason: "is no trust domain: only a-z, 0-9, '.', '-' and '_' may be in it")
        }
        self.name = name
    }

    private init(checked name: String) { self.name = name }

    public var description: String { name }

    /// Whether the name can stand in a URI name constraint, which must be a fully qualified
    /// domain name (RFC 5280 section 4.2.1.10): two labels at least, no underscore, not an address.
    public var isConstrainable: Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, labels.allSatisfy(DNSName.isLabel), let top = labels.last else {
            return false
        }
        return !top.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
