// Why a chain of certificates is not trusted.
// OpenSSL has some ninety codes; here are the ones that somebody can act on, each with the words
// that say how, and the rest keep OpenSSL's own.

public struct VerificationError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        case notYetValid
        case expired
        /// No certificate in reach issued it.
        case unknownIssuer
        /// The chain ends in a root that is not among the trusted ones.
        case untrustedRoot
        case badSignature
        /// What signed it is no authority, or may not sign certificates.
        case notAuthority
        case pathTooLong
        /// A name constraint above does not permit one of its names.
        case nameNotPermitted
        case wrongPurpose
        case revoked(RevocationReason)
        case listMissing
        case listExpired
        case listInvalid
        /// Its key or its signature's hash is too weak to be believed.
        case tooWeak
        case wrongHost
        case identity(IdentityError)
        case wrongIdentity(expected: [String], found: String)
        /// OpenSSL's code and words.
        case other(code: Int32, String)
    }

    public let reason: Reason
    /// How far above the leaf the certificate stands; 0 is the leaf.
    public let depth: Int
    /// The certificate's subject, or its first name where that is empty.
    public let certificate: String

    public init(_ reason: Reason, depth: Int = 0, certificate: String = "") {
        self.reason = reason
        self.depth = depth
        self.certificate = certificate
    }
}

extension VerificationError: CustomStringConvertible {
    public var description: String {
        certificate.isEmpty ? "\(reason)" : "\(certificate): \(reason)"
    }
}

extension VerificationError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notYetValid: "is not valid yet; is this machine's clock right?"
        case .expired: "has expired; renew it"
        case .unknownIssuer:
            "was issued by somebody who is neither in the chain nor trusted; is the "
                + "intermediate certificate missing from the file?"
        case .untrustedRoot: "is a root that is not trusted here"
        case .badSignature: "has a signature that does not verify"
        case .notAuthority: "may not sign certificates"
        case .pathTooLong: "has more authorities below it than it allows"
        case .nameNotPermitted:
            "has a name that the name constraints of an authority above it do not permit"
        case .wrongPurpose: "may not be used for this side of a connection"
        case .revoked(let reason): "is revoked (\(reason.title))"
        case .listMissing: "cannot be checked: there is no revocation list of its issuer"
        case .listExpired:
            "cannot be checked: the revocation list of its issuer is out of date"
        case .listInvalid:
            "cannot be checked: the revocation list of its issuer is not genuine"
        case .tooWeak: "has a key or a signature too weak to be trusted"
        case .wrongHost: "is not for this host"
        case .identity(let error): "is no workload's identity: \(error)"
        case .wrongIdentity(let expected, let found):
            "is \(found), but \(expected.joined(separator: " or ")) was expected"
        case .other(let code, let words): "is not trusted: \(words) (OpenSSL \(code))"
        }
    }
}
