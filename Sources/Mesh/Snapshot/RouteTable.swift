// The virtual hosts of one listener and the way from a request to its route: virtual host by
// authority (exact, then the longest `*.suffix`, then `*`), then the first route that matches.
// Look-ups work on bytes in place: no String is made and nothing is allocated.

public final class RouteTable: Sendable {
    /// Istio's name, `http.8080`.
    public let name: String
    public let virtualHosts: [VirtualHost]
    @usableFromInline let hosts: HostTable

    public init(name: String, virtualHosts: [VirtualHost]) {
        self.name = name
        self.virtualHosts = virtualHosts
        var domains: [(name: String, virtualHost: Int)] = []
        domains.reserveCapacity(virtualHosts.count)
        for (index, host) in virtualHosts.enumerated() {
            for domain in host.domains { domains.append((domain, index)) }
        }
        self.hosts = HostTable(domains: domains)
    }

    /// The virtual host that answers for `authority` (as sent, with any port), or nil: 404 NR.
    @inlinable
    public func virtualHost(for authority: Span<UInt8>) -> VirtualHost? {
        guard let index = hosts.virtualHost(for: authority) else { return nil }
        return virtualHosts[index]
    }
}

/// The parts of a request that routes look at; borrowed for the length of one look-up.
/// `path` is normalised and without the query; `query` is without the `?`, raw.
@frozen
public struct RouteRequest: ~Escapable {
    public let path: Span<UInt8>
    public let query: Span<UInt8>
    public let method: Span<UInt8>
    /// As sent, with any port.
    public let authority: Span<UInt8>
    /// `http` or `https`
    public let scheme: Span<UInt8>

    @inlinable
    @_lifetime(copy path, copy query, copy method, copy authority, copy scheme)
    public init(
        path: Span<UInt8>, query: Span<UInt8>, method: Span<UInt8>, authority: Span<UInt8>,
        scheme: Span<UInt8>
    ) {
        self.path = path
        self.query = query
        self.method = method
        self.authority = authority
        self.scheme = scheme
    }
}

/// Where a route finds header fields. `body` gets the values of all fields called `name`
/// (lower case), joined with `,`, or nil where there is none.
public protocol HeaderSource {
    func withValue<R>(of name: [UInt8], _ body: (borrowing Span<UInt8>?) -> R) -> R
}
