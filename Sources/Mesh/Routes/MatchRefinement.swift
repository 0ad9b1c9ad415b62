// Whether a delegate's match blocks lie within the root's, and the two taken together.
// Regular expressions cannot be compared for containment, so two conditions on the same field of
// which one is a regex are a conflict (Istio mergeHTTPMatchRequests).
internal import Spec

enum MatchRefinement {
    /// Nil where some block of the delegate lies within no block of the root.
    static func refine(
        _ root: [HTTPMatchRequest], of rootOwner: VirtualService, by leaf: [HTTPMatchRequest],
        of leafOwner: VirtualService
    ) -> [HTTPMatchRequest]? {
        var result: [HTTPMatchRequest] = []
        for own in leaf {
            let bounds = root.filter { !conflicts($0, own) }
            if bounds.isEmpty { return nil }
            result += bounds.map { merge($0, of: rootOwner, own, of: leafOwner) }
        }
        return result
    }

    private static func conflicts(_ root: HTTPMatchRequest, _ leaf: HTTPMatchRequest) -> Bool {
        conflicts(root.uri, leaf.uri) || conflicts(root.scheme, leaf.scheme)
            || conflicts(root.method, leaf.method) || conflicts(root.authority, leaf.authority)
            || conflicts(root.headers, leaf.headers)
            || conflicts(root.withoutHeaders, leaf.withoutHeaders)
            || conflicts(root.queryParams, leaf.queryParams)
            || root.ignoreUriCase != leaf.ignoreUriCase
            || (root.port != nil && leaf.port != nil && root.port != leaf.port)
    }

    private static func conflicts(_ root: [NamedMatch], _ leaf: [NamedMatch]) -> Bool {
        leaf.contains { own in
            root.contains { $0.name == own.name && conflicts($0.match, own.match) }
        }
    }

    /// Only an exact or prefix inside a prefix, or the same exact, narrows.
    static func conflicts(_ root: StringMatch?, _ leaf: StringMatch?) -> Bool {
        guard let root, let leaf else { return false }
        switch (root, leaf) {
        case (.exact(let bound), .exact(let own)): return own != bound
        case (.prefix(let bound), .prefix(let own)), (.prefix(let bound), .exact(let own)):
            return !own.hasPrefix(bound)
        case (.present, .present): return false
        default: return true
        }
    }

    private static func merge(
        _ root: HTTPMatchRequest, of rootOwner: VirtualService, _ leaf: HTTPMatchRequest,
        of leafOwner: VirtualService
    ) -> HTTPMatchRequest {
        var merged = leaf
        merged.uri = leaf.uri ?? root.uri
        var own = leaf.conditions?.value ?? HTTPMatchRequest.Conditions()
        own.name = Delegation.join(root.name, leaf.name)
        own.scheme = own.scheme ?? root.scheme
        own.method = own.method ?? root.method
        own.authority = own.authority ?? root.authority
        own.headers = union(root.headers, own.headers)
        own.withoutHeaders = union(root.withoutHeaders, own.withoutHeaders)
        own.queryParams = union(root.queryParams, own.queryParams)
        own.port = own.port ?? root.port
        let (names, owner) =
            own.gateways.isEmpty ? (root.gateways, rootOwner) : (own.gateways, leafOwner)
        own.gateways = names.map {
            Located(GatewayName.resolve($0.value, namespace: owner.namespace), at: $0.position)
        }
        own.sourceLabels.merge(root.sourceLabels) { own, _ in own }
        if own.sourceNamespace.isEmpty { own.sourceNamespace = root.sourceNamespace }
        if own.statPrefix.isEmpty { own.statPrefix = root.statPrefix }
        merged.conditions = Box(own)
        return merged
    }

    /// The delegate's condition on a name replaces the root's, which it lies within.
    private static func union(_ root: [NamedMatch], _ leaf: [NamedMatch]) -> [NamedMatch] {
        root.filter { bound in !leaf.contains { $0.name == bound.name } } + leaf
    }
}
