// The identity of an object: kind, namespace and name, as kubectl and Istio's messages write it.
// Kinds here are unique without their API group, so the group is not part of the key.

/// `VirtualService default/bookinfo`
public struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
    /// `VirtualService`
    public var kind: String
    /// Never empty for an object that was read; objects without one get the default namespace.
    public var namespace: String
    public var name: String

    public init(kind: String, namespace: String, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    public var description: String { "\(kind) \(namespace)/\(name)" }
}

extension ObjectKey: Comparable {
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.kind, left.namespace, left.name) < (right.kind, right.namespace, right.name)
    }
}
