// The rules for connections: `tcp` for plain bytes, `tls` for handshakes routed by server name.
// They share their conditions and destinations and differ in `sniHosts`.

public struct TCPRoute: Sendable {
    public var position = Position()
    /// Any of them; empty means every connection.
    public var match: [L4MatchAttributes] = []
    public var route: [RouteDestination] = []
    public init() {}
}

public struct TLSRoute: Sendable {
    public var position = Position()
    public var match: [TLSMatchAttributes] = []
    public var route: [RouteDestination] = []
    public init() {}
}

public struct L4MatchAttributes: Sendable {
    public var position = Position()
    public var destinationSubnets: [Located<String>] = []
    public var port: UInt16?
    /// Ignored by Istio as well.
    public var sourceSubnet = ""
    public var sourceLabels: [String: String] = [:]
    public var gateways: [Located<String>] = []
    public var sourceNamespace = ""
    public init() {}
}

public struct TLSMatchAttributes: Sendable {
    public var position = Position()
    public var sniHosts: [Located<String>] = []
    public var destinationSubnets: [Located<String>] = []
    public var port: UInt16?
    public var sourceLabels: [String: String] = [:]
    public var gateways: [Located<String>] = []
    public var sourceNamespace = ""
    public init() {}
}

/// One share of a `tcp` or `tls` rule's connections.
public struct RouteDestination: Sendable {
    public var position = Position()
    public var destination = Destination()
    /// 0 when omitted; a single destination gets everything whatever it says.
    public var weight: Int32 = 0
    public init() {}
}
