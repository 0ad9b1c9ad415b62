// A YAML document as a flat list of nodes in the order of the text, children behind their parent.
// Two arrays hold the whole document, so reading one allocates next to nothing per node, a node
// knows its line and column, and letting a document go is two frees.

/// Index of a node in its tree.
typealias NodeID = Int32

/// One document. Node 0 is the root; an empty document has none.
struct YAMLTree: Sendable {
    enum Kind: UInt8, Sendable {
        /// A scalar without quotes.
        case plain
        /// A scalar that is a string whatever it looks like.
        case text
        case mapping, sequence
        /// Stands for another node of the same tree.
        case alias
    }

    struct Node: Sendable {
        var kind: Kind
        /// Scalars: offset in `text`. Aliases: the node meant.
        var start: UInt32
        /// Scalars: bytes. Mappings: pairs. Sequences: items.
        var count: UInt32
        /// The node after this one and everything in it.
        var end: NodeID
        var position: Position
    }

    var nodes: [Node] = []
    var text: [UInt8] = []
    /// There is a `<<` key somewhere, so mappings have to be looked at twice.
    var hasMergeKeys = false

    var isEmpty: Bool { nodes.isEmpty }

    /// The node itself, or what it stands for.
    @inline(__always)
    func resolved(_ id: NodeID) -> NodeID {
        nodes[Int(id)].kind == .alias ? NodeID(nodes[Int(id)].start) : id
    }

    @inline(__always)
    func kind(_ id: NodeID) -> Kind { nodes[Int(resolved(id))].kind }

    func position(_ id: NodeID) -> Position { nodes[Int(id)].position }

    /// Bytes of a scalar; nothing for collections.
    @inline(__always)
    func bytes(_ id: NodeID) -> ArraySlice<UInt8> {
        let node = nodes[Int(resolved(id))]
        guard node.kind == .plain || node.kind == .text else { return [] }
        return text[Int(node.start)..<Int(node.start + node.count)]
    }

    func string(_ id: NodeID) -> String { String(decoding: bytes(id), as: UTF8.self) }

    func scalarEquals(_ id: NodeID, _ other: String) -> Bool {
        bytes(id).elementsEqual(other.utf8)
    }

    /// The first child of a collection; equal to `end` of the node where there is none.
    func firstChild(_ id: NodeID) -> NodeID { resolved(id) + 1 }
    func end(_ id: NodeID) -> NodeID { nodes[Int(resolved(id))].end }
    /// The node behind this one on the same level.
    @inline(__always)
    func next(_ id: NodeID) -> NodeID { nodes[Int(id)].end }

    /// Pairs of a mapping or items of a sequence.
    func count(_ id: NodeID) -> Int { Int(nodes[Int(resolved(id))].count) }

    /// The value under a key of a mapping, merge keys not followed.
    func value(of key: String, in mapping: NodeID) -> NodeID? {
        guard kind(mapping) == .mapping else { return nil }
        var child = firstChild(mapping)
        let end = end(mapping)
        while child < end {
            let value = next(child)
            if scalarEquals(child, key) { return value }
            child = next(value)
        }
        return nil
    }

    /// An item of a sequence.
    func item(_ index: Int, of sequence: NodeID) -> NodeID? {
        guard kind(sequence) == .sequence, index >= 0, index < count(sequence) else { return nil }
        var child = firstChild(sequence)
        for _ in 0..<index { child = next(child) }
        return child
    }

    /// Nothing, `~` or `null`, without quotes: YAML 1.1's null.
    func isNull(_ id: NodeID) -> Bool {
        guard kind(id) == .plain else { return false }
        let bytes = bytes(id)
        switch bytes.count {
        case 0: return true
        case 1: return bytes.first == UInt8(ascii: "~")
        case 4:
            return bytes.elementsEqual("null".utf8) || bytes.elementsEqual("Null".utf8)
                || bytes.elementsEqual("NULL".utf8)
        default: return false
        }
    }
}
