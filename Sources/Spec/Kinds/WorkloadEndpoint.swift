// Where a workload answers: the spec of a WorkloadEntry, or one of a ServiceEntry's `endpoints`.
// Istio has one message for both, so there is one type.

/// The spec of a WorkloadEntry, or one of a ServiceEntry's `endpoints`.
public struct WorkloadEndpoint: Sendable {
    public var position = Position()
    /// An IP address, a DNS name (with DNS resolution only), `unix:///path` or `unix://@abstract`.
    public var address = ""
    /// Port name to number.
    public var ports: [String: UInt16] = [:]
    public var labels: [String: String] = [:]
    public var network = ""
    /// `region/zone/subzone`
    public var locality = ""
    /// At least 1; 0 or nothing in the text becomes 1.
    public var weight: UInt32 = 1
    public var serviceAccount = ""
    public init() {}
}
