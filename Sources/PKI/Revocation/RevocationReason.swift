// Why a certificate was revoked (RFC 5280 section 5.3.1).
// Without `certificateHold` and `removeFromCRL`: a hold can be lifted, and here revocation is
// final.

public enum RevocationReason: UInt8, Sendable, CaseIterable {
    case unspecified = 0
    case keyCompromise = 1
    case caCompromise = 2
    case affiliationChanged = 3
    case superseded = 4
    case cessationOfOperation = 5
    case privilegeWithdrawn = 9
    case aaCompromise = 10

    /// The name in the standard's module.
    public var title: String {
        switch self {
        case .unspecified: "unspecified"
        case .keyCompromise: "keyCompromise"
        case .caCompromise: "cACompromise"
        case .affiliationChanged: "affiliationChanged"
        case .superseded: "superseded"
        case .cessationOfOperation: "cessationOfOperation"
        case .privilegeWithdrawn: "privilegeWithdrawn"
        case .aaCompromise: "aACompromise"
        }
    }

    /// - Parameter title: the standard's name, in any case, with or without dashes.
    public init?(title: String) {
        func plain(_ text: String) -> String {
            text.lowercased().filter { $0 != "-" && $0 != "_" }
        }
        guard
            let reason = RevocationReason.allCases.first(where: { plain($0.title) == plain(title) })
        else { return nil }
        self = reason
    }
}
