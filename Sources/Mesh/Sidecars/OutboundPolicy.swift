// What a proxy does with calls to hosts that nothing describes, and whose word that is.
// Sidecars have it from their Sidecar; a gateway has no ALLOW_ANY, as in Istio.
internal import Spec

struct OutboundPolicy {
    /// The object that says so; nil for none.
    let by: Origin?
    let mode: Sidecar.OutboundTrafficPolicy.Mode
    /// Where such requests go, with the listener's port left open; nil: nowhere else.
    let egressProxy: DestinationQuestion?
}

extension SidecarPlan {
    var outboundPolicy: OutboundPolicy {
        OutboundPolicy(by: sidecar, mode: policy, egressProxy: egressProxy)
    }
}
