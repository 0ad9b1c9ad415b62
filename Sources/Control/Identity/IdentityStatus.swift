// How the identity is doing, for metrics, `/certs` and health pages.
// Plain numbers: whoever shows them decides how.
public import PKI

public struct IdentityStatus: Sendable, Equatable {
    /// The folder, or the authority's address.
    public var source = ""
    /// nil while there is none.
    public var spiffeID: SPIFFEID?
    public var notBefore: UnixTime?
    public var notAfter: UnixTime?
    /// When the next one is asked for; nil for files, which somebody else renews.
    public var renewAt: UnixTime?
    /// Attempts to get a certificate from the authority, and those that failed.
    public var requests: UInt64 = 0
    public var failures: UInt64 = 0
    /// Identities that went live after the first one.
    public var renewals: UInt64 = 0
    /// Reads of files or lists that failed.
    public var readFailures: UInt64 = 0
    /// Why the last attempt failed; nil once one succeeds.
    public var lastProblem: IdentityProblem?
    public var lastProblemAt: UnixTime?

    public init() {}

    /// `istio_agent_cert_expiry_seconds`: negative once it is over; nil while there is none.
    public func secondsToExpiry(at now: UnixTime) -> Int64? {
        notAfter.map { $0 - now }
    }

    /// Whether the certificate is past the moment at which it should have been replaced by some
    /// way: three quarters of its life.
    public func isOverdue(at now: UnixTime) -> Bool {
        guard let notBefore, let notAfter else { return false }
        return (notAfter - now) * 4 < notAfter - notBefore
    }
}
