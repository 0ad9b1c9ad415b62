// What a key may be used for (RFC 5280 sections 4.2.1.3 and 4.2.1.12).

/// Bit n here is bit n of the standard's BIT STRING.
public struct KeyUsage: OptionSet, Sendable, Hashable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let digitalSignature = KeyUsage(rawValue: 1 << 0)
    public static let contentCommitment = KeyUsage(rawValue: 1 << 1)
    public static let keyEncipherment = KeyUsage(rawValue: 1 << 2)
    public static let dataEncipherment = KeyUsage(rawValue: 1 << 3)
    public static let keyAgreement = KeyUsage(rawValue: 1 << 4)
    public static let keyCertSign = KeyUsage(rawValue: 1 << 5)
    public static let crlSign = KeyUsage(rawValue: 1 << 6)
    public static let encipherOnly = KeyUsage(rawValue: 1 << 7)
    public static let decipherOnly = KeyUsage(rawValue: 1 << 8)

    private static let names: [(KeyUsage, String)] = [
        (.digitalSignature, "digitalSignature"), (.contentCommitment, "nonRepudiation"),
        (.keyEncipherment, "keyEncipherment"), (.dataEncipherment, "dataEncipherment"),
        (.keyAgreement, "keyAgreement"), (.keyCertSign, "keyCertSign"), (.crlSign, "cRLSign"),
        (.encipherOnly, "encipherOnly"), (.decipherOnly, "decipherOnly"),
    ]

    /// The names of the standard's module, in its order.
    public var titles: [String] { KeyUsage.names.filter { contains($0.0) }.map(\.1) }
}

public enum ExtendedKeyUsage: Sendable, Hashable {
    case serverAuth
    case clientAuth
    /// Another purpose, by its dotted object identifier.
    case other(String)

    var dotted: String {
        switch self {
        case .serverAuth: "1.3.6.1.5.5.7.3.1"
        case .clientAuth: "1.3.6.1.5.5.7.3.2"
        case .other(let dotted): dotted
        }
    }

    init(dotted: String) {
        switch dotted {
        case ExtendedKeyUsage.serverAuth.dotted: self = .serverAuth
        case ExtendedKeyUsage.clientAuth.dotted: self = .clientAuth
        default: self = .other(dotted)
        }
    }

    public var title: String {
        switch self {
        case .serverAuth: "serverAuth"
        case .clientAuth: "clientAuth"
        case .other(let dotted): dotted
        }
    }
}
