// What routes were compiled from, kept beside them.
// When a change leaves all of it alone - an endpoint came or went, a balancer changed - the routes
// of the snapshot before are taken over as they are, and no request notices.
internal import Spec

final class RoutingInputs: Sendable {
    let node: Node
    let gateways: [Gateway]
    let virtualServices: [VirtualService]
    let destinationRules: [DestinationRule]
    let services: [RegisteredService]
    /// By name alone: what is in a Secret is not in a route.
    let secrets: [ObjectKey]
    /// Of a sidecar: its listeners.
    let sidecar: SidecarPlan?
    /// The clusters by index, to be filled anew.
    let clusters: [ClusterKey]
    /// What compiling the routes had to say.
    let diagnostics: [Diagnostic]
    /// The DestinationRules among what is spoken of there.
    private let rulesSpokenOf: Set<ObjectKey>
    /// Routes say where services are written, as a sidecar's and a forward proxy's do.
    let routesNameServices: Bool

    init(
        node: Node, objects: ObjectSet, services: [RegisteredService], sidecar: SidecarPlan?,
        clusters: [ClusterKey],
        diagnostics: [Diagnostic], routesNameServices: Bool
    ) {
        self.node = node
        gateways = objects.gateways
        virtualServices = objects.virtualServices
        destinationRules = objects.destinationRules
        self.services = services
        self.sidecar = sidecar
        secrets = objects.secrets.map(\.key)
        self.clusters = clusters
        self.diagnostics = diagnostics
        rulesSpokenOf = Set(
            diagnostics.lazy.compactMap(\.object).filter { $0.kind == DestinationRule.kind })
        self.routesNameServices = routesNameServices
    }

    /// Objects that did not change are the same ones, so this is a walk over pointers. A service or
    /// a rule that did change counts only as far as a destination's meaning depends on it, and
    /// where its place is told: a finding that is kept would go on naming the line of before.
    func stillHold(
        for objects: ObjectSet, node: Node, services: [RegisteredService], _ sidecar: SidecarPlan?
    ) -> Bool {
        node == self.node && sidecar == self.sidecar
            && Self.same(gateways, objects.gateways) { $0 === $1 }
            && Self.same(virtualServices, objects.virtualServices) { $0 === $1 }
            && Self.same(destinationRules, objects.destinationRules) {
                $0 === $1 || ($0.routesLike($1) && !rulesSpokenOf.contains($0.key))
            }
            && secrets == objects.secrets.map(\.key)
            && Self.same(self.services, services) {
                $0.routesLike($1) && (!routesNameServices || $0.origins == $1.origins)
            }
    }

    private static func same<Item>(
        _ left: [Item], _ right: [Item], _ areEqual: (Item, Item) -> Bool
    ) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy(areEqual)
    }
}

extension DestinationRule {
    fileprivate func routesLike(_ other: DestinationRule) -> Bool {
        key == other.key && host.value == other.host.value && exportTo == other.exportTo
            && workloadSelector == other.workloadSelector
            && subsets.map(\.name) == other.subsets.map(\.name)
    }
}
