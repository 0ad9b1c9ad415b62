// Kubernetes' Pod, as far as it decides where traffic goes and what telemetry calls it.
// Status counts here: the address and the readiness of a pod are nowhere else.

public final class Pod: Resource {
    public static let kind = "Pod"
    public let metadata: Metadata
    public let source: SourceLocation
    /// From `status.podIPs` and `status.podIP`; empty when not yet placed.
    public let ips: [String]
    /// The condition `Ready`; true where the status says nothing about it and there is an address.
    public let isReady: Bool
    /// Ports of all containers.
    public let ports: [Port]
    public let serviceAccount: String
    public let nodeName: String

    public init(
        metadata: Metadata, source: SourceLocation, ips: [String] = [], isReady: Bool = true,
        ports: [Port] = [], serviceAccount: String = "", nodeName: String = ""
    ) {
        self.metadata = metadata
        self.source = source
        self.ips = ips
        self.isReady = isReady
        self.ports = ports
        self.serviceAccount = serviceAccount
        self.nodeName = nodeName
    }

    public struct Port: Sendable {
        public var position = Position()
        public var name = ""
        public var number: UInt16 = 0
        public var transport = KubernetesTransport.tcp
        public init() {}
    }
}
