// Istio's PeerAuthentication: whether a workload takes mutual TLS, plain text or both.
// Fields and defaults follow security/v1beta1/peer_authentication.proto.

public final class PeerAuthentication: Resource {
    public static let kind = "PeerAuthentication"
    public let metadata: Metadata
    public let source: SourceLocation
    /// Labels of the workloads meant; empty means all of its namespace, or of the mesh in the root
    /// namespace.
    public let selector: [String: String]
    /// Unset where `mtls` is not written.
    public let mode: Mode
    /// By the port of the workload, not of a service.
    public let portLevelModes: [UInt16: Mode]

    public init(
        metadata: Metadata, source: SourceLocation, selector: [String: String] = [:],
        mode: Mode = .unset, portLevelModes: [UInt16: Mode] = [:]
    ) {
        self.metadata = metadata
        self.source = source
        self.selector = selector
        self.mode = mode
        self.portLevelModes = portLevelModes
    }

    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// What the next wider scope says.
        case unset = "UNSET"
        case disable = "DISABLE"
        case permissive = "PERMISSIVE"
        case strict = "STRICT"
    }
}
