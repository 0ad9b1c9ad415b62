// What all kinds have in common. Objects are immutable classes: two configurations share the ones
// that did not change, and `===` tells cheaply which those are.

/// An object of the configuration, of any kind.
public protocol Resource: AnyObject, Sendable {
    /// `VirtualService`
    static var kind: String { get }
    var metadata: Metadata { get }
    /// Where the object's text starts.
    var source: SourceLocation { get }
}

extension Resource {
    public var name: String { metadata.name }
    public var namespace: String { metadata.namespace }

    public var key: ObjectKey {
        ObjectKey(kind: Self.kind, namespace: metadata.namespace, name: metadata.name)
    }

    /// The place of a part of this object, in the object's file; the object itself where the part's
    /// position is not known.
    public func location(at position: Position) -> SourceLocation {
        position.isKnown ? SourceLocation(file: source.file, position: position) : source
    }
}
