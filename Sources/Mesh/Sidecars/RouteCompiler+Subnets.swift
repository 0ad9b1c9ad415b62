// `destinationSubnets` of `tcp` and `tls` rules: which addresses a rule asks for.
// Istio has a filter chain for each rule with subnets beside the one for the rest
// (buildSidecarOutboundTCPFilterChainOpts); here they are narrower routes of one.
internal import Spec

extension RouteCompiler {
    /// What rules say of bytes: the first that asks for no address, and those before it that do.
    mutating func ruledBytes(
        _ rules: some Sequence<AttachedVirtualService>, _ scope: Scope
    ) -> (whole: TCPRoute?, narrower: [SubnetRoute]) {
        var narrower: [SubnetRoute] = []
        for rule in rules {
            let object = rule.object
            for (number, tcp) in object.tcp.enumerated() {
                guard let blocks = subnets(of: tcp, object, scope),
                    let route = route(
                        tcp.route, "spec.tcp[\(number)]", at: tcp.position, of: object, in: scope)
                else { continue }
                if blocks.isEmpty { return (route, narrower) }
                narrower.append(SubnetRoute(blocks: blocks, route: route))
            }
        }
        return (nil, narrower)
    }

    /// nil where the rule is not for this listener; empty where it is for every address.
    func subnets(
        of rule: Spec.TCPRoute, _ object: VirtualService, _ scope: Scope
    ) -> [AddressBlock]? {
        if rule.match.isEmpty { return [] }
        let meant = rule.match.filter { applies($0, object, scope) }
        if meant.contains(where: \.destinationSubnets.isEmpty) { return [] }
        let blocks = meant.flatMap { Self.blocks($0.destinationSubnets) }
        return blocks.isEmpty ? nil : blocks
    }

    static func blocks(_ written: [Located<String>]) -> [AddressBlock] {
        written.compactMap { AddressBlock($0.value) }
    }
}
