// Paths of fields, both ways: from a node to `spec.http[0].route[1].weight`, and back.
// Both are worked out for findings only, so decoding pays nothing for them.

extension FieldReader {
    /// The path from the object's root to a node, or to the key that a node is.
    func path(to node: NodeID) -> String {
        guard !tree.isEmpty else { return "" }
        let inside = node >= objectRoot && node < tree.next(objectRoot)
        var steps: [PathStep] = []
        var current = inside ? objectRoot : 0
        while current != node, let (step, child, isKey) = step(from: current, towards: node) {
            steps.append(step)
            if isKey { break }
            current = child
        }
        return PathStep.text(of: steps)
    }

    private func step(
        from parent: NodeID, towards node: NodeID
    ) -> (PathStep, NodeID, isKey: Bool)? {
        let isMapping = tree.nodes[Int(parent)].kind == .mapping
        var index = 0
        var child = parent + 1
        let end = tree.next(parent)
        while child < end {
            if isMapping {
                let value = tree.next(child)
                if node < tree.next(value) {
                    return (.field(tree.string(child)), value, isKey: node < value)
                }
                child = tree.next(value)
            } else {
                if node < tree.next(child) { return (.index(index), child, isKey: false) }
                child = tree.next(child)
                index += 1
            }
        }
        return nil
    }

    /// The node at a path below `root`, or the deepest one on the way to it. A field's node is its
    /// value, unless that is a collection, where the key is the better place to point at.
    func position(of steps: some Sequence<PathStep>, below root: NodeID) -> Position {
        var current = root
        var place = tree.position(root)
        for step in steps {
            switch step {
            case .field(let name):
                guard let (key, value) = pair(named: name, in: current) else { return place }
                let kind = tree.nodes[Int(value)].kind
                place = tree.position(kind == .mapping || kind == .sequence ? key : value)
                current = value
            case .index(let index):
                guard let item = tree.item(index, of: current) else { return place }
                place = tree.position(item)
                current = item
            }
        }
        return place
    }

    private func pair(named name: String, in mapping: NodeID) -> (NodeID, NodeID)? {
        guard let value = tree.value(of: name, in: mapping) else { return nil }
        var key = tree.firstChild(mapping)
        while tree.next(key) != value { key = tree.next(tree.next(key)) }
        return (key, value)
    }
}
