// One match block of a `tls` rule; all its conditions must hold.
// The conditions of L4MatchAttributes and the server names.

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
