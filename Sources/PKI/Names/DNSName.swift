// A host name as it may stand in a certificate (RFC 5280 section 4.2.1.6, RFC 6125).
// Checked strictly: a name with a NUL, a space or a comma in it is an old way to fool verifiers.

public struct DNSName: Sendable, Hashable, CustomStringConvertible {
    public static let bytesMax = 253

    /// Lower case, without a dot at the end.
    public let name: String

    /// - Parameter name: labels of letters, digits and dashes; the first may be `*` where at least
    ///   two more follow. A dot at the end is dropped. Names outside ASCII are given as A-labels.
    public init(_ name: String) throws(PKIError) {
        let lower = name.lowercased()
        let bare = lower.hasSuffix(".") ? String(lower.dropLast()) : lower
        guard !bare.isEmpty, bare.utf8.count <= DNSName.bytesMax else {
            throw .badName(
                name, reason: "is no host name: it must have 1 to \(DNSName.bytesMax) bytes")
        }
        var labels = bare.split(separator: ".", omittingEmptySubsequences: false)
        if labels.first == "*" {
            labels.removeFirst()
            guard labels.count >= 2 else {
                throw .badName(name, reason: "is too wide: a wildcard needs two labels after it")
            }
        }
        guard labels.allSatisfy(DNSName.isLabel) else {
            throw .badName(
                name,
                reason: "is no host name: labels have 1 to 63 letters, digits and inner dashes"
                    + (name.utf8.allSatisfy { $0 < 0x80 }
                        ? "" : "; write an international name in its xn-- form"))
        }
        self.name = bare
    }

    public var description: String { name }

    static func isLabel(_ label: Substring) -> Bool {
        let bytes = label.utf8
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"),
            bytes.last != UInt8(ascii: "-")
        else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}
