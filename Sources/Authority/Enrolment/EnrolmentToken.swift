// What proves to the authority who a workload is, before the workload has a certificate.
// A signed statement and no secret of its own: the authority keeps nothing for tokens that are out,
// only the numbers of those that were used.
public import PKI

public struct EnrolmentToken: Sendable, Hashable {
    /// Istio's audience for tokens shown to its CA.
    public static let audience = "istio-ca"
    /// More than any token made here has.
    public static let bytesMax = 4096

    /// 128 random bits, hexadecimal.
    public let id: String
    /// Who may enrol with it.
    public let identity: SPIFFEID
    public let issuedAt: UnixTime
    /// The first second in which it is worth nothing.
    public let expiresAt: UnixTime
}

/// Why a token is not believed.
public enum TokenError: Error, Equatable, Sendable {
    /// No token of this authority's form.
    case malformed
    /// Not signed with the authority's present token key.
    case notSigned
    case wrongAudience(String)
    case expired(UnixTime)
    /// Issued in the future: some clock is wrong.
    case notYetValid(UnixTime)
    /// Somebody has enrolled with it.
    case used(id: String)
    case wrongTrustDomain(SPIFFEID)
}

extension TokenError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed: "the enrolment token is none that this authority makes"
        case .notSigned: "the enrolment token is not signed by this authority"
        case .wrongAudience(let audience): "the enrolment token is for \"\(audience)\""
        case .expired(let time): "the enrolment token expired at \(time)"
        case .notYetValid(let time):
            "the enrolment token is from the future, \(time): is the clock right?"
        case .used(let id): "the enrolment token \(id) was used before"
        case .wrongTrustDomain(let identity):
            "the enrolment token is for \(identity), in another trust domain"
        }
    }
}
