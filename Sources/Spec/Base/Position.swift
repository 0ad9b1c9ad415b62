// A place inside one file, kept small because every rule, match and endpoint carries one.
// Ten thousand VirtualServices hold some two hundred thousand of them, so the file's name is held
// once, by the object, and a position is eight bytes.

/// A place inside a file; line and column count from 1, columns count Unicode scalars.
/// Zero in both means that nobody wrote it: a default, or an object made in memory.
public struct Position: Sendable, Hashable {
    /// From 1.
    public var line: UInt32
    /// From 1, in Unicode scalars.
    public var column: UInt32

    public init(line: UInt32 = 0, column: UInt32 = 0) {
        self.line = line
        self.column = column
    }

    /// False for something nobody wrote.
    public var isKnown: Bool { line != 0 }
}

extension Position: Comparable {
    public static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A value and the place where it was written.
public struct Located<Value: Sendable>: Sendable {
    public var value: Value
    public var position: Position

    public init(_ value: Value, at position: Position = Position()) {
        self.value = value
        self.position = position
    }
}

extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}
