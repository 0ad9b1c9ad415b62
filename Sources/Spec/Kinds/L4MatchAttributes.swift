// One match block of a `tcp` rule; all its conditions must hold.
// A gateway looks at the port and the gateways alone, as Istio's does.

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
