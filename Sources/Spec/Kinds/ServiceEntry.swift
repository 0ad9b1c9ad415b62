// Istio's ServiceEntry: a service that no Kubernetes Service describes.
// Fields and defaults follow networking/v1alpha3/service_entry.proto.

public final class ServiceEntry: Resource {
    public static let kind = "ServiceEntry"
    public let metadata: Metadata
    public let source: SourceLocation
    /// Lower case, otherwise as written.
    public let hosts: [Located<String>]
    /// IP addresses or CIDR blocks.
    public let addresses: [Located<String>]
    public let ports: [Port]
    public let location: Location
    public let resolution: Resolution
    public let endpoints: [WorkloadEndpoint]
    /// Labels of the WorkloadEntries and pods behind it; excludes `endpoints`.
    public let workloadSelector: [String: String]?
    /// `.`, `*`, `~` or names of namespaces; empty means `*`.
    public let exportTo: [String]
    public let subjectAltNames: [String]

    public init(
        metadata: Metadata, source: SourceLocation, hosts: [Located<String>],
        addresses: [Located<String>] = [], ports: [Port] = [],
        location: Location = .meshExternal, resolution: Resolution = .none,
        endpoints: [WorkloadEndpoint] = [], workloadSelector: [String: String]? = nil,
        exportTo: [String] = [], subjectAltNames: [String] = []
    ) {
        self.metadata = metadata
        self.source = source
        self.hosts = hosts
        self.addresses = addresses
        self.ports = ports
        self.location = location
        self.resolution = resolution
        self.endpoints = endpoints
        self.workloadSelector = workloadSelector
        self.exportTo = exportTo
        self.subjectAltNames = subjectAltNames
    }

    public enum Location: String, Sendable, Hashable, CaseIterable {
        case meshExternal = "MESH_EXTERNAL"
        case meshInternal = "MESH_INTERNAL"
    }

    public enum Resolution: String, Sendable, Hashable, CaseIterable {
        case none = "NONE"
        /// IP addresses or unix sockets in `endpoints`.
        case fixed = "STATIC"
        case dns = "DNS"
        case dnsRoundRobin = "DNS_ROUND_ROBIN"
        case dynamicDNS = "DYNAMIC_DNS"
    }

    public struct Port: Sendable {
        public var position = Position()
        public var number: UInt16 = 0
        public var protocolName = PortProtocol.unspecified
        public var name = ""
        /// Nil means `number`.
        public var targetPort: UInt16?
        public init() {}
    }
}
