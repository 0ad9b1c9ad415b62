// A certificate asked for over the wire, and what proved that its owner may have it.
public import PKI

public struct Enrolment: Sendable {
    public enum Proof: Sendable, Hashable {
        /// Used up by this.
        case token(EnrolmentToken)
        /// The certificate that is being renewed; must not be revoked.
        case certificate(SerialNumber)
    }

    public let request: LeafRequest
    public let proof: Proof

    /// - Parameter lifetime: nil: the usual one.
    public init(_ applicant: Applicant, key: PublicKey, lifetime: Lifetime?) {
        request = LeafRequest(applicant.subject, key: key, lifetime: lifetime)
        proof = applicant.proof
    }
}

/// Somebody who has proved who they are.
public struct Applicant: Sendable {
    public let identity: SPIFFEID
    public let subject: LeafRequest.Subject
    public let proof: Enrolment.Proof
    /// The first second in which the proof is worth nothing.
    public let expiresAt: UnixTime
}

public typealias EnrolmentResult = Result<IssuedCertificate, AuthorityError>
