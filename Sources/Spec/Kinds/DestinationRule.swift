// Istio's DestinationRule: the subsets of a service and how to talk to it.
// Fields and defaults follow networking/v1alpha3/destination_rule.proto.

public final class DestinationRule: Resource {
    public static let kind = "DestinationRule"
    public let metadata: Metadata
    public let source: SourceLocation
    /// As written; a name without a dot is short for one in this object's namespace.
    public let host: Located<String>
    public let trafficPolicy: TrafficPolicy?
    public let subsets: [Subset]
    /// `.`, `*` or names of namespaces; empty means `*`.
    public let exportTo: [String]
    /// Labels of the clients it is for; nil means all clients.
    public let workloadSelector: [String: String]?

    public init(
        metadata: Metadata, source: SourceLocation, host: Located<String>,
        trafficPolicy: TrafficPolicy? = nil, subsets: [Subset] = [], exportTo: [String] = [],
        workloadSelector: [String: String]? = nil
    ) {
        self.metadata = metadata
        self.source = source
        self.host = host
        self.trafficPolicy = trafficPolicy
        self.subsets = subsets
        self.exportTo = exportTo
        self.workloadSelector = workloadSelector
    }

    /// The endpoints of the host that carry all these labels.
    public struct Subset: Sendable {
        public var position = Position()
        public var name = ""
        /// Empty means all endpoints.
        public var labels: [String: String] = [:]
        public var trafficPolicy: TrafficPolicy?
        public init() {}
    }
}
