// How long things live and how many there may be.
// Istio's numbers where it has them (`DEFAULT_WORKLOAD_CERT_TTL`, `MAX_WORKLOAD_CERT_TTL`), in one
// place, so that the tool's help and the documents can show them.

public enum AuthorityLimits {
    private static let day: Int64 = 86400

    /// A workload's certificate, where nobody says otherwise.
    public static let workloadLifetime = Lifetime(seconds: day)
    /// A gateway's: there is no agent in a browser's server that renews every day.
    public static let gatewayLifetime = Lifetime(seconds: 90 * day)
    /// More is an error and not cut down, as in Istio: who asks for a year must not get 90 days
    /// and find out in an outage.
    public static let leafLifetimeMax = Lifetime(seconds: 90 * day)
    /// An enrolment token is used minutes after it was made, or never.
    public static let tokenLifetime = Lifetime(seconds: 3600)
    public static let tokenLifetimeMax = Lifetime(seconds: day)
    public static let rootLifetime = Lifetime(seconds: 3650 * day)
    public static let rootLifetimeMax = Lifetime(seconds: 36500 * day)
    public static let intermediateLifetime = Lifetime(seconds: 730 * day)
    /// How far notBefore is put back, for clocks that are behind ours.
    public static let backdateSeconds: Int64 = 120
    /// After this, verifiers that use the list refuse everything until they get a newer one.
    public static let listLifetime = Lifetime(seconds: 30 * day)
    /// The root's list says only which intermediates are revoked, and its key may be in a safe.
    public static let rootListLifetime = Lifetime(seconds: 365 * day)
    /// An authority with less of its life left than this part of it should be rotated.
    public static let rotationDuePercent: Int64 = 20
    public static let namesMax = 100
    /// Certificates signed between two commits of the ledger.
    public static let batchMax = 1000
    /// How long one process waits for another that writes to the ledger.
    public static let ledgerWaitMs: Int32 = 15_000
    /// Certificates, keys and lists are small; a file that is not is no such thing.
    public static let fileBytesMax = 16 << 20
}
