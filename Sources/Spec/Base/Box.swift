// A shared, immutable box for the parts of a resource that most objects do not have.
// A rule with nothing but a path and a destination then pays one pointer for the dozen fields it
// does not use; that is what keeps ten thousand hosts within the memory budget.

/// An immutable value on the heap, shared by reference.
public final class Box<Value: Sendable>: Sendable {
    public let value: Value

    public init(_ value: Value) {
        self.value = value
    }
}
