// An object taken apart: its metadata decoded, its spec and status still in the tree.
// What every kind's decoder starts from.

/// The parts of an object that its decoder needs.
struct ObjectParts {
    var metadata: Metadata
    var source: SourceLocation
    /// The object itself.
    var root: NodeID
    var spec: NodeID?
    var status: NodeID?
}
