// Where the services listen and where they find each other.
// Both can be changed apart from each other, so that calls can go through a sidecar.
public import Net

public struct BookinfoConfiguration: Sendable {
    /// Where each service listens; port 0 takes any free one.
    public var addresses: [BookinfoService: SocketAddress]
    /// Where productpage finds details; nil for the service started beside it.
    public var details: Callee?
    /// Where productpage finds reviews; nil for the three versions by turns.
    public var reviews: Callee?
    /// Where reviews and productpage find ratings.
    public var ratings: Callee?

    /// Where a service sends all its calls, with the Host of whom it means: its sidecar. A service
    /// without one calls as the members above say.
    public var sidecars: [BookinfoService: SocketAddress] = [:]

    /// - Parameter port: of every service; 0 takes free ones.
    public init(port: UInt16 = BookinfoService.defaultPort) {
        addresses = Dictionary(
            uniqueKeysWithValues: BookinfoService.allCases.map {
                ($0, $0.defaultAddress(port: port))
            })
    }
}

/// A service as another one sees it.
public struct Callee: Sendable, Equatable {
    /// The Host of requests, `reviews:9080`: what a sidecar routes by.
    public var authority: String
    /// Where to connect, by turns; at least one.
    public var addresses: [SocketAddress]

    /// Requests for `authority` are sent to these addresses, whatever it resolves to: a sidecar's,
    /// for example. nil without an address.
    public init?(authority: String, addresses: [SocketAddress]) {
        if addresses.isEmpty { return nil }
        self.authority = authority
        self.addresses = addresses
    }

    /// `http://127.0.0.1:9080`, with an IP literal; nil for anything else.
    public init?(url: String) {
        guard url.hasPrefix("http://") else { return nil }
        let authority = url.dropFirst("http://".utf8.count).prefix { $0 != "/" }
        // Without a host the address would be that of every interface.
        if authority.isEmpty || authority.hasPrefix(":") { return nil }
        let hasPort = !authority.hasSuffix("]") && authority.contains(":")
        let text = hasPort ? String(authority) : authority + ":80"
        guard let address = SocketAddress(text: text), address.port != 0 else { return nil }
        self.init(authority: String(authority), addresses: [address])
    }
}
