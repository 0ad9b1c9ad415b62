// Kubernetes' EndpointSlice: some of the addresses behind one Service.
// The service is named by the label `kubernetes.io/service-name`.

public final class EndpointSlice: Resource {
    public static let kind = "EndpointSlice"
    public let metadata: Metadata
    public let source: SourceLocation
    public let addressType: AddressType
    public let endpoints: [Member]
    public let ports: [EndpointPort]

    public init(
        metadata: Metadata, source: SourceLocation, addressType: AddressType = .ipv4,
        endpoints: [Member] = [], ports: [EndpointPort] = []
    ) {
        self.metadata = metadata
        self.source = source
        self.addressType = addressType
        self.endpoints = endpoints
        self.ports = ports
    }

    /// The service's name; nil where the label is missing.
    public var serviceName: String? { metadata.labels["kubernetes.io/service-name"] }

    public enum AddressType: String, Sendable, Hashable, CaseIterable {
        case ipv4 = "IPv4"
        case ipv6 = "IPv6"
        case fqdn = "FQDN"
    }

    public struct Member: Sendable {
        public var position = Position()
        public var addresses: [String] = []
        /// Nil means ready, as Kubernetes says.
        public var ready: Bool?
        public var serving: Bool?
        public var terminating: Bool?
        public var hostname = ""
        public var nodeName = ""
        public var zone = ""
        /// The pod behind the addresses, where one is named.
        public var targetRef: ObjectKey?
        public init() {}

        public var isReady: Bool { ready ?? true }
    }
}
