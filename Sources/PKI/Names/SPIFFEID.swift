// The name of a workload: `spiffe://TRUST_DOMAIN/PATH` (SPIFFE-ID specification, section 2).
// Parsed strictly, since authorization compares ids byte by byte: what has two spellings is
// refused, and never put right.

public struct SPIFFEID: Sendable, Hashable {
    /// SPIFFE-ID specification section 2.3.
    public static let bytesMax = 2048
    static let scheme = "spiffe://"

    public let trustDomain: TrustDomain
    /// Without slashes around; empty for the id of the trust domain itself.
    public let segments: [String]

    init(trustDomain: TrustDomain, checkedSegments: [String]) {
        self.trustDomain = trustDomain
        segments = checkedSegments
    }

    /// - Throws: `.badName` with the rule that the text breaks.
    public init(_ text: String) throws(PKIError) {
        func refuse(_ reason: String) -> PKIError { .badName(text, reason: reason) }
        guard text.utf8.count <= SPIFFEID.bytesMax else {
            throw refuse("is longer than a SPIFFE id may be (\(SPIFFEID.bytesMax) bytes)")
        }
        guard text.utf8.starts(with: SPIFFEID.scheme.utf8) else {
            throw refuse("is no SPIFFE id: it does not begin with \(SPIFFEID.scheme)")
        }
        let rest = Substring(text.utf8.dropFirst(SPIFFEID.scheme.utf8.count))
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard let authority = parts.first, !authority.utf8.contains(UInt8(ascii: "@")) else {
            throw refuse("is no SPIFFE id: it has user information before the trust domain")
        }
        do throws(PKIError) {
            trustDomain = try TrustDomain(String(authority))
        } catch {
            throw refuse("is no SPIFFE id: \(error)")
        }
        for segment in parts.dropFirst() {
            guard SPIFFEID.isSegment(segment) else {
                throw refuse(
                    segment.isEmpty
                        ? "is no SPIFFE id: its path has an empty segment"
                        : "is no SPIFFE id: \"\(segment)\" may not be a part of its path")
            }
        }
        segments = parts.dropFirst().map(String.init)
    }

    /// Letters, digits, dots, dashes and underscores, but not `.` and `..` (section 2.2).
    static func isSegment(_ segment: Substring) -> Bool {
        guard !segment.isEmpty, segment != ".", segment != ".." else { return false }
        return segment.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

extension SPIFFEID: CustomStringConvertible {
    /// The id as a URI, the form in which it stands in a certificate.
    public var description: String {
        ([SPIFFEID.scheme + trustDomain.name] + segments).joined(separator: "/")
    }
}
