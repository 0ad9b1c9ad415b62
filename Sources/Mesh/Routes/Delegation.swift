// VirtualServices that hand rules over to others: the delegate's rules, narrowed by the root's
// match and completed by what the root says (Istio mergeVirtualServicesIfNeeded).
// One level only. A delegate's match has to lie within the root's, or its rule is left out.
internal import Spec

struct Delegation {
    private let delegates: [String: VirtualService]

    init(_ services: [VirtualService]) {
        delegates = Dictionary(
            services.lazy.filter(\.isDelegate).map { ("\($0.namespace)/\($0.name)", $0) },
            uniquingKeysWith: { old, _ in old })
    }

    /// The rules that act for `root`, in order.
    func rules(of root: VirtualService, findings: inout Findings) -> [Rule] {
        var rules: [Rule] = []
        rules.reserveCapacity(root.http.count)
        for (index, route) in root.http.enumerated() {
            guard let reference = route.delegate else {
                rules.append(Rule(route, of: root, index: index))
                continue
            }
            let path = "spec.http[\(index)].delegate"
            let namespace = reference.namespace.isEmpty ? root.namespace : reference.namespace
            let name = "\(namespace)/\(reference.name)"
            guard let delegate = delegates[name] else {
                tellOfMissing(name, reference, path, root, &findings)
                continue
            }
            let visibility = Visibility(exportTo: delegate.exportTo, namespace: delegate.namespace)
            guard visibility.includes(root.namespace) else {
                findings.report(
                    .warning, root, at: reference.position, path,
                    "the delegate \(name) is not exported to namespace \(root.namespace): "
                        + "the rule is left out",
                    advice: "add \(root.namespace) to the delegate's exportTo")
                continue
            }
            for (subindex, subroute) in delegate.http.enumerated() {
                let rule = Rule(subroute, of: delegate, index: subindex)
                if let merged = Self.merge(rule, into: route, of: root, findings: &findings) {
                    rules.append(merged)
                }
            }
        }
        return rules
    }

    private func tellOfMissing(
        _ name: String, _ reference: Delegate, _ path: String, _ root: VirtualService,
        _ findings: inout Findings
    ) {
        let nearest = Suggestion.nearest(to: name, among: delegates.keys.sorted())
        findings.report(
            .warning, root, at: reference.position, path,
            "there is no delegate \(name): the rule is left out",
            advice: nearest.map { "did you mean \($0)?" }
                ?? "a delegate is a VirtualService without hosts")
    }

    private static func merge(
        _ rule: Rule, into root: HTTPRoute, of owner: VirtualService, findings: inout Findings
    ) -> Rule? {
        var merged = rule
        if root.match.isEmpty {
            // The delegate's own blocks stand as they are.
        } else if rule.route.match.isEmpty {
            merged.route.match = root.match
            merged.matchOwner = owner
        } else {
            guard
                let blocks = MatchRefinement.refine(
                    root.match, of: owner, by: rule.route.match, of: rule.owner)
            else {
                findings.report(
                    .warning, rule.owner, at: rule.route.position, "spec.http[\(rule.index)].match",
                    "no match block lies within the match of \(owner.key) "
                        + "(\(owner.location(at: root.position))): the rule is left out",
                    advice: "a delegate may only narrow the root's match: a longer prefix, the "
                        + "same headers and more")
                return nil
            }
            merged.route.match = blocks
        }
        merged.route.name = join(root.name, rule.route.name)
        inherit(from: root, &merged.route)
        return merged
    }

    static func join(_ root: String, _ own: String) -> String {
        if own.isEmpty { return root }
        return root.isEmpty ? own : "\(root)-\(own)"
    }

    /// What the delegate's rule leaves unset is the root's.
    private static func inherit(from root: HTTPRoute, _ route: inout HTTPRoute) {
        guard let general = root.options?.value else { return }
        var own = route.options?.value ?? HTTPRoute.Options()
        if own.directResponse == nil, route.route.isEmpty, own.redirect == nil {
            own.directResponse = general.directResponse
        }
        own.rewrite = own.rewrite ?? general.rewrite
        own.headers = own.headers ?? general.headers
        own.timeout = own.timeout ?? general.timeout
        own.retries = own.retries ?? general.retries
        own.fault = own.fault ?? general.fault
        own.mirror = own.mirror ?? general.mirror
        own.mirrorPercentage = own.mirrorPercentage ?? general.mirrorPercentage
        if own.mirrors.isEmpty { own.mirrors = general.mirrors }
        own.corsPolicy = own.corsPolicy ?? general.corsPolicy
        route.options = Box(own)
    }
}
