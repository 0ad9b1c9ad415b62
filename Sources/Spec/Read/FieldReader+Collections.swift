// Lists and maps. A list of one is often written without its dash, and says so when it is.

extension FieldReader {
    /// The nodes of a list in order.
    struct Items: Sequence, IteratorProtocol {
        fileprivate let tree: YAMLTree
        fileprivate var child: NodeID
        fileprivate let end: NodeID

        mutating func next() -> NodeID? {
            guard child < end else { return nil }
            defer { child = tree.next(child) }
            return child
        }
    }

    /// The items of the list at `node`; none, and an error, where it is no list.
    func items(_ node: NodeID) -> Items {
        guard tree.kind(node) == .sequence else {
            error(
                at: node, "a list is needed, not \(describe(node))", "put `- ` before each item")
            return Items(tree: tree, child: 0, end: 0)
        }
        return Items(tree: tree, child: tree.firstChild(node), end: tree.end(node))
    }

    /// The items of a list, each read by `read`; empty items are errors.
    func list<Element>(_ node: NodeID, _ read: (NodeID) -> Element) -> [Element] {
        var list: [Element] = []
        if tree.kind(node) == .sequence { list.reserveCapacity(tree.count(node)) }
        for item in items(node) {
            if tree.isNull(item) {
                error(at: item, "an item with nothing in it", "remove the `-`, or fill it in")
                continue
            }
            list.append(read(item))
        }
        return list
    }

    func strings(_ node: NodeID) -> [String] { list(node, sharedString) }

    func locatedStrings(_ node: NodeID) -> [Located<String>] {
        list(node) { Located(sharedString($0), at: tree.position($0)) }
    }

    /// The keys and values of a map in the order written, merge keys followed.
    func pairs(_ node: NodeID) -> [(key: NodeID, value: NodeID)] {
        guard tree.kind(node) == .mapping else {
            error(
                at: node, "a mapping is needed, not \(describe(node))",
                "write `key: value`, one a line")
            return []
        }
        if tree.hasMergeKeys { return mergedPairs(of: node).map { (key: $0.0, value: $0.1) } }
        var pairs: [(key: NodeID, value: NodeID)] = []
        pairs.reserveCapacity(tree.count(node))
        var key = tree.firstChild(node)
        let end = tree.end(node)
        while key < end {
            let value = tree.next(key)
            pairs.append((key, value))
            key = tree.next(value)
        }
        return pairs
    }

    func stringMap(_ node: NodeID) -> [String: String] {
        var map: [String: String] = [:]
        for (key, value) in pairs(node) {
            checkKey(key)
            map[strings.string(tree.bytes(key))] = sharedString(value)
        }
        return map
    }

    /// A key is text whatever it looks like, but `on:` is `true:` to Kubernetes.
    func checkKey(_ key: NodeID) {
        guard tree.kind(key) == .plain else { return }
        switch PlainScalar(tree.bytes(key)) {
        case .bool:
            error(
                at: key, "the key `\(shortened(key))` without quotes is a boolean to Kubernetes",
                "write \"\(shortened(key))\"")
        case .null: error(at: key, "a key with nothing in it", "write \"\" for no text")
        default: break
        }
    }
}
