// One HTTP rule of a VirtualService as it acts: its own, or a delegate's within the root's bounds.
internal import Spec

struct Rule {
    var route: HTTPRoute
    /// The object the rule is written in: short names in it mean this object's namespace.
    let owner: VirtualService
    /// Index into the owner's `http`.
    let index: Int
    /// The object the match blocks are written in; the root for a delegate's rule that has none.
    var matchOwner: VirtualService

    init(_ route: HTTPRoute, of owner: VirtualService, index: Int) {
        self.route = route
        self.owner = owner
        self.index = index
        matchOwner = owner
    }

    func origin(ofMatch match: Int?) -> Origin {
        guard let match else { return Origin(owner, at: route.position) }
        let position = route.match[match].position
        return Origin(
            object: owner.key, location: matchOwner.location(at: position))
    }
}
