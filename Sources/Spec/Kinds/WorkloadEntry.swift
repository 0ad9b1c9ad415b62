// Istio's WorkloadEntry: a workload that no Kubernetes Pod describes, such as a process on a VM.
// A ServiceEntry lists the same fields inline, so they are a type of their own.

public final class WorkloadEntry: Resource {
    public static let kind = "WorkloadEntry"
    public let metadata: Metadata
    public let source: SourceLocation
    public let endpoint: WorkloadEndpoint

    public init(metadata: Metadata, source: SourceLocation, endpoint: WorkloadEndpoint) {
        self.metadata = metadata
        self.source = source
        self.endpoint = endpoint
    }

    /// What selectors look at: the labels of the spec and, below them, those of the metadata.
    public var labels: [String: String] {
        endpoint.labels.merging(metadata.labels) { own, _ in own }
    }
}

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
