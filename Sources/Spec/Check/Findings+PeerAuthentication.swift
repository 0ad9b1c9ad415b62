// Checks PeerAuthentication as Istio does (ValidatePeerAuthentication).
// What is merely without effect is said as well: a policy that does not hold must not look as if
// it did.

extension Findings {
    mutating func check(_ policy: PeerAuthentication) {
        enter("selector")
        check(labels: policy.selector, named: "matchLabels")
        leave()
        if policy.selector.isEmpty, !policy.portLevelModes.isEmpty {
            error(
                .field("portLevelMtls"),
                message: "modes by port for a whole namespace or mesh",
                advice: "write a `selector` with `matchLabels`: ports are those of workloads")
        }
    }
}
