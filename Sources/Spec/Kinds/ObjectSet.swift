// All objects of one configuration, by kind: what a snapshot is compiled from.
// Immutable, and in one order that does not depend on the file system's: Istio breaks ties by age,
// so the order is part of what the configuration means and has to survive a reload.

/// The objects of a configuration. Each list is ordered: objects with a `creationTimestamp` first,
/// oldest first; then, and among equals, by file path and by place in the file.
public struct ObjectSet: Sendable {
    public let gateways: [Gateway]
    public let virtualServices: [VirtualService]
    public let destinationRules: [DestinationRule]
    public let serviceEntries: [ServiceEntry]
    public let workloadEntries: [WorkloadEntry]
    public let sidecars: [Sidecar]
    public let peerAuthentications: [PeerAuthentication]
    public let services: [Service]
    public let endpoints: [Endpoints]
    public let endpointSlices: [EndpointSlice]
    public let pods: [Pod]
    public let secrets: [Secret]

    public static let empty = ObjectSet([])

    /// Takes objects of any kind in any order.
    public init(_ objects: [any Resource]) {
        var gateways: [Gateway] = []
        var virtualServices: [VirtualService] = []
        var destinationRules: [DestinationRule] = []
        var serviceEntries: [ServiceEntry] = []
        var workloadEntries: [WorkloadEntry] = []
        var sidecars: [Sidecar] = []
        var peerAuthentications: [PeerAuthentication] = []
        var services: [Service] = []
        var endpoints: [Endpoints] = []
        var endpointSlices: [EndpointSlice] = []
        var pods: [Pod] = []
        var secrets: [Secret] = []
        for object in objects {
            switch object {
            case let object as VirtualService: virtualServices.append(object)
            case let object as Gateway: gateways.append(object)
            case let object as DestinationRule: destinationRules.append(object)
            case let object as ServiceEntry: serviceEntries.append(object)
            case let object as WorkloadEntry: workloadEntries.append(object)
            case let object as Sidecar: sidecars.append(object)
            case let object as PeerAuthentication: peerAuthentications.append(object)
            case let object as Service: services.append(object)
            case let object as Endpoints: endpoints.append(object)
            case let object as EndpointSlice: endpointSlices.append(object)
            case let object as Pod: pods.append(object)
            case let object as Secret: secrets.append(object)
            default: break
            }
        }
        self.gateways = Self.ordered(gateways)
        self.virtualServices = Self.ordered(virtualServices)
        self.destinationRules = Self.ordered(destinationRules)
        self.serviceEntries = Self.ordered(serviceEntries)
        self.workloadEntries = Self.ordered(workloadEntries)
        self.sidecars = Self.ordered(sidecars)
        self.peerAuthentications = Self.ordered(peerAuthentications)
        self.services = Self.ordered(services)
        self.endpoints = Self.ordered(endpoints)
        self.endpointSlices = Self.ordered(endpointSlices)
        self.pods = Self.ordered(pods)
        self.secrets = Self.ordered(secrets)
    }

    public var count: Int {
        gateways.count + virtualServices.count + destinationRules.count + serviceEntries.count
            + workloadEntries.count + sidecars.count + peerAuthentications.count + services.count
            + endpoints.count + endpointSlices.count
            + pods.count + secrets.count
    }

    /// Objects mostly arrive in order already, so that is looked at first.
    private static func ordered<Object: Resource>(_ objects: [Object]) -> [Object] {
        let inOrder = zip(objects, objects.dropFirst()).allSatisfy { !precedes($1, $0) }
        return inOrder ? objects : objects.sorted(by: precedes)
    }

    private static func precedes<Object: Resource>(_ left: Object, _ right: Object) -> Bool {
        switch (left.metadata.creationTimestamp, right.metadata.creationTimestamp) {
        case (let old?, let new?) where old != new: return old < new
        case (.some, nil): return true
        case (nil, .some): return false
        default: return left.source < right.source
        }
    }
}
