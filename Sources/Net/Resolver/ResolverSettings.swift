// Whom the resolver asks, and how patiently.
// The defaults are the system's files; tests and `--dns` put others in their place.

public struct ResolverSettings: Sendable {
    /// Asked instead of the servers in resolv.conf; port 53 where it is 0.
    public var server: SocketAddress?
    /// `nameserver`, `search` and `options ndots` count.
    public var configurationPath = "/etc/resolv.conf"
    public var hostsPath = "/etc/hosts"
    /// Milliseconds for the first try at each server; doubled with every round.
    public var timeoutMs: Int32 = 1_000
    /// Rounds through the servers.
    public var tries: Int32 = 3
    /// Names asked for at the same time; others wait their turn.
    public var lookUpsMax = 256
    /// Of these, how many may be names that failed last time: a zone whose servers are dead takes
    /// seconds for each of its names, and must leave room for others.
    public var suspectLookUpsMax = 64
    /// Milliseconds that addresses of one family wait for the other (RFC 8305 section 3).
    public var resolutionDelayMs: UInt64 = 50

    public init() {}
}

/// What became of look-ups since the start; names as in Envoy's `dns.cares` scope.
public struct ResolverCounts: Sendable {
    public var total: UInt64 = 0
    /// Under way or waiting now.
    public var pending: UInt64 = 0
    public var notFound: UInt64 = 0
    public var timeouts: UInt64 = 0
    /// Any other reason for which there was no answer.
    public var failures: UInt64 = 0

    public init() {}
}
