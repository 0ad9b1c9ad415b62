// Turns YAML events into trees, one document at a time, and holds the limits of a document.
// Aliases are kept as references and never expanded, but what expanding them would come to is
// counted, so that a "billion laughs" document is refused after a few bytes of work.

/// Builds trees and hands each finished document to `consume`.
struct YAMLTreeBuilder: YAMLEventSink {
    /// What is being built, or was last.
    private(set) var tree = YAMLTree()
    private let consume: (borrowing YAMLTree) -> Void
    private var open: [OpenNode] = []
    private var anchors: [String: Anchor] = [:]
    private var documentCount = 0
    /// Nodes of the document with aliases followed.
    private var expandedNodes = 0
    private var aliasedNodes = 0

    private struct OpenNode {
        var node: NodeID
        /// Keys and values, or items.
        var children: UInt32 = 0
        /// Levels below this one.
        var height = 0
        var expandedBefore: Int
        var anchor: String?
    }

    private struct Anchor {
        var node: NodeID
        /// Nil while the node is still open: an alias to it would contain itself.
        var size: Int?
        var height = 0
        var position: Position
    }

    init(consume: @escaping (borrowing YAMLTree) -> Void) {
        self.consume = consume
    }

    mutating func startDocument(at position: Position) throws(YAMLProblem) {
        documentCount += 1
        guard documentCount <= SpecLimits.documentsPerFileMax else {
            throw YAMLProblem(
                position: position,
                message: "more than \(SpecLimits.documentsPerFileMax) documents in one file",
                advice: "split the file")
        }
        tree.hasMergeKeys = false
        tree.nodes.removeAll(keepingCapacity: true)
        tree.text.removeAll(keepingCapacity: true)
        open.removeAll(keepingCapacity: true)
        if !anchors.isEmpty { anchors.removeAll() }
        expandedNodes = 0
        aliasedNodes = 0
    }

    mutating func endDocument() throws(YAMLProblem) {
        consume(tree)
    }

    mutating func scalar(
        _ text: Span<UInt8>, style: YAMLScalarStyle, tag: String?, anchor: String?,
        at position: Position
    ) throws(YAMLProblem) {
        guard text.count <= SpecLimits.scalarBytesMax else {
            throw YAMLProblem(
                position: position,
                message: "a value of \(text.count) bytes, more than \(SpecLimits.scalarBytesMax)",
                advice: "make it smaller")
        }
        var kind = style == .plain ? YAMLTree.Kind.plain : .text
        if let tag { kind = try Self.kind(ofScalarTagged: tag, at: position) ?? kind }
        let start = UInt32(tree.text.count)
        for index in text.indices { tree.text.append(text[index]) }
        let id = try append(kind, start: start, count: UInt32(text.count), at: position)
        if let anchor {
            anchors[anchor] = Anchor(node: id, size: 1, position: position)
        }
    }

    mutating func startMapping(
        tag: String?, anchor: String?, at position: Position
    ) throws(YAMLProblem) {
        try start(.mapping, tag: tag, expected: "map", anchor: anchor, at: position)
    }

    mutating func startSequence(
        tag: String?, anchor: String?, at position: Position
    ) throws(YAMLProblem) {
        try start(.sequence, tag: tag, expected: "seq", anchor: anchor, at: position)
    }

    mutating func endMapping() throws(YAMLProblem) {
        let closed = close(childrenPerEntry: 2)
        try refuseDuplicateKeys(of: closed)
    }

    mutating func endSequence() throws(YAMLProblem) {
        _ = close(childrenPerEntry: 1)
    }

    mutating func alias(to name: String, at position: Position) throws(YAMLProblem) {
        guard let anchor = anchors[name] else {
            throw YAMLProblem(
                position: position, message: "alias *\(name) names nothing",
                advice: "write &\(name) before the value it should repeat, in the same document")
        }
        guard let size = anchor.size else {
            throw YAMLProblem(
                position: position, message: "alias *\(name) contains itself",
                advice: "the value &\(name) starts on line \(anchor.position.line)")
        }
        aliasedNodes += size
        guard aliasedNodes <= SpecLimits.aliasedNodesMax else {
            throw YAMLProblem(
                position: position,
                message: "aliases add more than \(SpecLimits.aliasedNodesMax) nodes",
                advice: "write the values out, or split the document")
        }
        expandedNodes += size
        try check(depth: open.count + anchor.height + 1, at: position)
        noteHeight(anchor.height)
        _ = try append(.alias, start: UInt32(anchor.node), count: 0, at: position)
    }

    // MARK: - Nodes

    private mutating func start(
        _ kind: YAMLTree.Kind, tag: String?, expected: String, anchor: String?,
        at position: Position
    ) throws(YAMLProblem) {
        if let tag, tag != "!", tag != "tag:yaml.org,2002:" + expected {
            throw Self.unknownTag(tag, at: position)
        }
        try check(depth: open.count + 1, at: position)
        let before = expandedNodes
        let id = try append(kind, start: 0, count: 0, at: position)
        if let anchor { anchors[anchor] = Anchor(node: id, size: nil, position: position) }
        open.append(OpenNode(node: id, expandedBefore: before, anchor: anchor))
    }

    /// Ends the innermost open collection and returns it.
    private mutating func close(childrenPerEntry: UInt32) -> NodeID {
        guard let closed = open.popLast() else { return 0 }
        tree.nodes[Int(closed.node)].end = NodeID(tree.nodes.count)
        tree.nodes[Int(closed.node)].count = closed.children / childrenPerEntry
        if let anchor = closed.anchor {
            anchors[anchor]?.size = expandedNodes - closed.expandedBefore
            anchors[anchor]?.height = closed.height + 1
        }
        noteHeight(closed.height + 1)
        return closed.node
    }

    private mutating func append(
        _ kind: YAMLTree.Kind, start: UInt32, count: UInt32, at position: Position
    ) throws(YAMLProblem) -> NodeID {
        let id = NodeID(truncatingIfNeeded: tree.nodes.count)
        if let parent = open.indices.last {
            let isKey =
                tree.nodes[Int(open[parent].node)].kind == .mapping
                && open[parent].children.isMultiple(of: 2)
            if isKey, kind != .plain, kind != .text {
                throw YAMLProblem(
                    position: position, message: "a key that is not a plain text",
                    advice: "write `key: value`; text with { or [ in it needs quotes")
            }
            if isKey, kind == .plain, count == 2, tree.text.suffix(2).elementsEqual("<<".utf8) {
                tree.hasMergeKeys = true
            }
            open[parent].children += 1
        }
        expandedNodes += 1
        tree.nodes.append(
            YAMLTree.Node(kind: kind, start: start, count: count, end: id + 1, position: position))
        return id
    }

    private mutating func noteHeight(_ height: Int) {
        guard let parent = open.indices.last else { return }
        open[parent].height = max(open[parent].height, height)
    }

    private func check(depth: Int, at position: Position) throws(YAMLProblem) {
        guard depth <= SpecLimits.depthMax else {
            throw YAMLProblem(
                position: position, message: "nested deeper than \(SpecLimits.depthMax) levels",
                advice: "no resource is that deep; check the brackets and the indentation")
        }
    }

    // MARK: - Keys

    private struct Key: Hashable {
        let bytes: ArraySlice<UInt8>
    }

    /// YAML leaves duplicate keys to the reader, and readers differ in which one they believe: a
    /// checker and a proxy that disagree here is how rules get past a review.
    private func refuseDuplicateKeys(of mapping: NodeID) throws(YAMLProblem) {
        let count = tree.count(mapping)
        if count < 2 { return }
        if count > 12 { return try refuseDuplicateKeysByHash(of: mapping) }
        var key = tree.firstChild(mapping)
        let end = tree.end(mapping)
        while key < end {
            var other = tree.firstChild(mapping)
            while other < key {
                if tree.nodes[Int(other)].count == tree.nodes[Int(key)].count,
                    tree.bytes(other) == tree.bytes(key)
                {
                    throw duplicate(key, of: other)
                }
                other = tree.next(tree.next(other))
            }
            key = tree.next(tree.next(key))
        }
    }

    private func refuseDuplicateKeysByHash(of mapping: NodeID) throws(YAMLProblem) {
        var seen: [Key: NodeID] = [:]
        var key = tree.firstChild(mapping)
        let end = tree.end(mapping)
        while key < end {
            if let other = seen.updateValue(key, forKey: Key(bytes: tree.bytes(key))) {
                throw duplicate(key, of: other)
            }
            key = tree.next(tree.next(key))
        }
    }

    private func duplicate(_ key: NodeID, of other: NodeID) -> YAMLProblem {
        YAMLProblem(
            position: tree.position(key),
            message: "`\(tree.string(key))` is given twice, first on line "
                + "\(tree.position(other).line) and again here",
            advice: "keep one of the two")
    }

    // MARK: - Tags

    /// Nil where the tag says nothing that the spelling does not.
    private static func kind(
        ofScalarTagged tag: String, at position: Position
    ) throws(YAMLProblem) -> YAMLTree.Kind? {
        switch tag {
        case "!", "tag:yaml.org,2002:str": return .text
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:null":
            return .plain
        default: throw unknownTag(tag, at: position)
        }
    }

    private static func unknownTag(_ tag: String, at position: Position) -> YAMLProblem {
        YAMLProblem(
            position: position, message: "the tag `\(tag)` has no meaning here",
            advice: "remove it; a text that starts with ! needs quotes")
    }
}
