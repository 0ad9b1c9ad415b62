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
