// How much the log says: an order, so that one comparison decides.
// The names are Envoy's, which `/logging?level=` takes.

public enum LogLevel: UInt8, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error, off

    /// `debug`, `info`, ...
    public var name: String { "\(self)" }

    public init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}
