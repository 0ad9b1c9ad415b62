// Where a rule's copies go: `mirrors`, or `mirror` with the older spellings of its share.
// A destination that does not exist is left out with a warning: nobody would see the 503.
internal import Spec

extension RouteCompiler {
    mutating func mirrors(
        of options: HTTPRoute.Options?, _ rule: Rule, _ site: Site, in scope: Scope
    ) -> [MirrorPolicy] {
        guard let options else { return [] }
        let timeoutMs = options.timeout.map(Self.milliseconds) ?? 0
        var policies: [MirrorPolicy] = []
        if let destination = options.mirror {
            let policy = mirror(
                to: destination, percent: options.mirrorPercentage, timeoutMs: timeoutMs, rule,
                site,
                "mirror", in: scope)
            if let policy { policies.append(policy) }
        }
        for (index, written) in options.mirrors.enumerated() {
            let policy = mirror(
                to: written.destination, percent: written.percentage, timeoutMs: timeoutMs, rule,
                site.at(written.position), "mirrors[\(index)].destination", in: scope)
            if let policy { policies.append(policy) }
        }
        return policies
    }

    /// Istio's MirrorPercent: nothing said is everything, and 0 is nothing. A copy is sent once and
    /// waits as long as its original may.
    private mutating func mirror(
        to destination: Destination, percent: Double?, timeoutMs: UInt32, _ rule: Rule,
        _ site: Site, _ path: String, in scope: Scope
    ) -> MirrorPolicy? {
        let share = Self.share(percent ?? 100)
        guard share > 0 else { return nil }
        let answer = self.destination(
            destination, in: rule.owner, in: scope, path: site.path(path),
            otherwise: "nothing is mirrored")
        guard answer.cluster != nil else { return nil }
        let policy = interned.policy(RoutePolicy(timeoutMs: timeoutMs, retry: nil))
        let forward = interned.forward(
            to: WeightedDestination(
                cluster: answer.cluster, clusterName: answer.name, weight: 1),
            policy: policy)
        return MirrorPolicy(forward: forward, share: share)
    }
}
