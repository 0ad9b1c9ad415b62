// A VirtualService with its names resolved: hosts in full, gateways as `namespace/name`.
internal import Spec

struct AttachedVirtualService {
    let object: VirtualService
    /// Lower case and in full, without repetition.
    let hosts: [String]
    /// Without `mesh`; empty for what is meant for sidecars alone.
    let gateways: [String]
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
        visibility = Visibility(exportTo: object.exportTo, namespace: object.namespace)
    }
}

/// The VirtualServices of every Gateway, in the order in which their rules are tried: those private
/// to the proxy's namespace, those exported to it by name, those for everybody (Istio
/// VirtualServicesForGateway); each in the order of the objects.
struct VirtualServiceIndex {
    private var byGateway: [String: [AttachedVirtualService]] = [:]
    private(set) var all: [AttachedVirtualService] = []

    init(_ objects: [VirtualService], node: Node) {
        var levels: [[AttachedVirtualService]] = [[], [], []]
        for object in objects where !object.isDelegate {
            let service = AttachedVirtualService(object, node: node)
            guard service.visibility.includes(node.namespace), !service.gateways.isEmpty else {
                continue
            }
            let level = service.visibility.isPublic ? 2 : service.visibility.isPrivate ? 0 : 1
            levels[level].append(service)
        }
        all = levels.flatMap { $0 }
        for service in all {
            for (number, gateway) in service.gateways.enumerated()
            where !service.gateways.prefix(number).contains(gateway) {
                byGateway[gateway, default: []].append(service)
            }
        }
    }

    func services(of gateway: String) -> [AttachedVirtualService] { byGateway[gateway] ?? [] }
}
