// Kubernetes' Service, as far as it decides where traffic goes.
// Other fields are accepted in silence: Kubernetes has many, and they are right in their own world.

public final class Service: Resource {
    public static let kind = "Service"
    public let metadata: Metadata
    public let source: SourceLocation
    public let type: ServiceType
    /// Labels of the pods and workloads behind it; empty selects nothing.
    public let selector: [String: String]
    public let ports: [Port]
    /// IP addresses; empty when none is known or it is headless.
    public let clusterIPs: [String]
    /// `clusterIP: None`
    public let isHeadless: Bool
    /// For type ExternalName; empty otherwise.
    public let externalName: String
    public let publishNotReadyAddresses: Bool

    public init(
        metadata: Metadata, source: SourceLocation, type: ServiceType = .clusterIP,
        selector: [String: String] = [:], ports: [Port] = [], clusterIPs: [String] = [],
        isHeadless: Bool = false, externalName: String = "",
        publishNotReadyAddresses: Bool = false
    ) {
        self.metadata = metadata
        self.source = source
        self.type = type
        self.selector = selector
        self.ports = ports
        self.clusterIPs = clusterIPs
        self.isHeadless = isHeadless
        self.externalName = externalName
        self.publishNotReadyAddresses = publishNotReadyAddresses
    }

    public enum ServiceType: String, Sendable, Hashable, CaseIterable {
        case clusterIP = "ClusterIP"
        case nodePort = "NodePort"
        case loadBalancer = "LoadBalancer"
        case externalName = "ExternalName"
    }

    /// A port's number at the workload, or the name of a pod's port.
    public enum TargetPort: Sendable, Hashable {
        case number(UInt16)
        case name(String)
    }

    public struct Port: Sendable {
        public var position = Position()
        /// Empty only where it is the service's single port.
        public var name = ""
        public var number: UInt16 = 0
        /// The same number where it says nothing.
        public var targetPort = TargetPort.number(0)
        public var transport = KubernetesTransport.tcp
        public var appProtocol = ""
        public var nodePort: UInt16?
        public init() {}
    }

    /// `networking.istio.io/exportTo`, split at commas; empty means `*`.
    public var exportTo: [String] {
        guard let list = metadata.annotations["networking.istio.io/exportTo"] else { return [] }
        return list.split(separator: ",").map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}
