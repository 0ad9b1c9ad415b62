// A VirtualService with its names resolved: hosts in full, gateways as `namespace/name`.
internal import Spec

struct AttachedVirtualService {
    let object: VirtualService
    /// Lower case and in full, without repetition.
    let hosts: [String]
    /// Without `mesh`; empty for what is meant for sidecars alone.
    let gateways: [String]
    /// Sidecars are among those it is meant for.
    let isForMesh: Bool
    /// How far it shows itself; decides whose rules come first.
    let visibility: Visibility

    init(_ object: VirtualService, node: Node) {
        self.object = object
        hosts = object.hosts.map {
            HostName.fullyQualified(
                $0.value, namespace: object.namespace, domain: node.domain)
        }
        gateways = object.gateways.compactMap {
            let name = GatewayName.resolve($0.value, namespace: object.namespace)
            return name == GatewayName.mesh ? nil : name
        }
        isForMesh =
            object.gateways.isEmpty || object.gateways.contains { $0.value == GatewayName.mesh }
        visibility = Visibility(exportTo: object.exportTo, namespace: object.namespace)
    }

    /// What `node` may see of `objects`, in the order in which rules are asked: those private to
    /// its namespace, those exported to it by name, those for everybody (Istio
    /// VirtualServicesForGateway); each in the order of the objects.
    static func visible(
        _ objects: [VirtualService], to node: Node,
        where isMeant: (AttachedVirtualService) -> Bool
    ) -> [AttachedVirtualService] {
        var levels: [[AttachedVirtualService]] = [[], [], []]
        for object in objects where !object.isDelegate {
            let service = AttachedVirtualService(object, node: node)
            guard service.visibility.includes(node.namespace), isMeant(service) else { continue }
            let level = service.visibility.isPublic ? 2 : service.visibility.isPrivate ? 0 : 1
            levels[level].append(service)
        }
        return levels.flatMap { $0 }
    }
}

/// The VirtualServices of every Gateway, in the order in which their rules are tried.
struct VirtualServiceIndex {
    private var byGateway: [String: [AttachedVirtualService]] = [:]
    private(set) var all: [AttachedVirtualService] = []

    init(_ objects: [VirtualService], node: Node) {
        all = AttachedVirtualService.visible(objects, to: node) { !$0.gateways.isEmpty }
        for service in all {
            for (number, gateway) in service.gateways.enumerated()
            where !service.gateways.prefix(number).contains(gateway) {
                byGateway[gateway, default: []].append(service)
            }
        }
    }

    func services(of gateway: String) -> [AttachedVirtualService] { byGateway[gateway] ?? [] }
}
