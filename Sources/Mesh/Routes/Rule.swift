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

    /// The object as its routes will name it, in the file of the match blocks.
    var source: RouteSource { RouteSource(object: owner.key, file: matchOwner.source.file) }

    /// Where the match block is written, or the rule.
    func position(ofMatch match: Int?) -> Position {
        let position = match.map { route.match[$0].position } ?? route.position
        return position.isKnown ? position : owner.source.position
    }
}
