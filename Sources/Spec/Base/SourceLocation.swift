// A place in a named file, as people and editors read it: `file:line:col`.
// Findings, `explain` and the admin pages all speak in these, so there is one spelling.

/// `file:line:col`; line and column count from 1.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    /// The path as it was given, `-` for standard input.
    public var file: String
    /// From 1; 0 when only the file is known.
    public var line: Int
    /// From 1, in Unicode scalars; 0 when only the file or line is known.
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public init(file: String, position: Position = Position()) {
        self.init(file: file, line: Int(position.line), column: Int(position.column))
    }

    public var position: Position {
        Position(line: UInt32(clamping: line), column: UInt32(clamping: column))
    }

    /// `file`, `file:line` or `file:line:col`, as much as is known.
    public var description: String {
        if line == 0 { return file }
        if column == 0 { return "\(file):\(line)" }
        return "\(file):\(line):\(column)"
    }
}

extension SourceLocation: Comparable {
    public static func < (left: SourceLocation, right: SourceLocation) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }
}
