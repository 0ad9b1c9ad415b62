// A subject to be put into a certificate: an organisation and a common name at most.
// Workloads have none at all: their name is the URI, and a subject would be a second, unchecked
// one.

public struct DistinguishedName: Sendable, Hashable {
    /// X.520's upper bounds for both attributes, in characters.
    public static let charactersMax = 64

    public let organization: String?
    public let commonName: String?

    public static let empty = DistinguishedName()

    /// Values longer than the bound are left out, since X.520 forbids them.
    public init(organization: String? = nil, commonName: String? = nil) {
        self.organization = organization.flatMap(DistinguishedName.bounded)
        self.commonName = commonName.flatMap(DistinguishedName.bounded)
    }

    public var isEmpty: Bool { organization == nil && commonName == nil }

    private static func bounded(_ value: String) -> String? {
        (1...charactersMax).contains(value.unicodeScalars.count) ? value : nil
    }
}
