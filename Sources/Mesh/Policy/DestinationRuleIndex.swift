// Which DestinationRule applies to a service on this proxy.
// Three levels are asked in turn - the proxy's namespace, the service's, the root - and the first
// that has anything for the host is used whole (Istio push_context.go); levels are never merged.
internal import Spec

struct DestinationRuleIndex {
    /// The rules of one namespace that this proxy may see, one per host.
    private struct Namespace {
        var byHost: [String: MergedRule] = [:]
        /// Most specific first.
        var wildcards: [String] = []

        func mostSpecific(for host: String) -> MergedRule? {
            if let exact = byHost[host] { return exact }
            return wildcards.first { HostName.isWithin(host, $0) }.flatMap { byHost[$0] }
        }
    }

    private var namespaces: [String: Namespace] = [:]
    /// Rules of the proxy's own namespace count there even if exported nowhere else; in the root
    /// namespace only those that are private do, the others are found as the root's.
    private var own: Namespace
    private let rootNamespace: String

    init(_ rules: [DestinationRule], node: Node) {
        rootNamespace = node.rootNamespace
        var own = Namespace()
        for rule in rules {
            let visibility = Visibility(exportTo: rule.exportTo, namespace: rule.namespace)
            if let selector = rule.workloadSelector {
                // Only the proxies it selects, in its own namespace.
                guard rule.namespace == node.namespace, node.labels.satisfies(selector) else {
                    continue
                }
                Self.add(rule, to: &own, domain: node.domain)
                continue
            }
            let isOwn =
                rule.namespace == node.namespace
                && (node.namespace != node.rootNamespace || visibility.isPrivate)
            if isOwn { Self.add(rule, to: &own, domain: node.domain) }
            if visibility.includes(node.namespace), !visibility.isPrivate || !isOwn {
                Self.add(
                    rule, to: &namespaces[rule.namespace, default: Namespace()],
                    domain: node.domain)
            }
        }
        Self.sort(&own)
        for key in namespaces.keys { Self.sort(&namespaces[key, default: Namespace()]) }
        self.own = own
    }

    func rule(for service: RegisteredService) -> MergedRule? {
        own.mostSpecific(for: service.host)
            ?? namespaces[service.namespace]?.mostSpecific(for: service.host)
            ?? namespaces[rootNamespace]?.mostSpecific(for: service.host)
    }

    private static func add(_ rule: DestinationRule, to level: inout Namespace, domain: String) {
        let host = HostName.fullyQualified(
            rule.host.value, namespace: rule.namespace, domain: domain)
        if level.byHost[host] != nil {
            level.byHost[host]?.merge(rule)
        } else {
            level.byHost[host] = MergedRule(rule)
            if HostName.isWild(host) { level.wildcards.append(host) }
        }
    }

    private static func sort(_ level: inout Namespace) {
        level.wildcards.sort(by: HostName.precedes)
    }
}
