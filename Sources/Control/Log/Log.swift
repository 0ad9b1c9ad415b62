// What the process tells its operator: one line an event, on standard error.
// Written by the control thread alone and seldom, so a line is one write call and nothing is
// buffered: what was said last before a crash is there.
internal import Net
internal import Synchronization

/// `2026-11-21T06:57:22.123Z info    config  live version=3 listeners=2`
public final class Log: Sendable {
    private let descriptor: Int32
    private let threshold: Atomic<UInt8>
    private let isColored: Bool
    /// Put behind each line as `proxy=NAME`; nil where one proxy speaks alone.
    private let speaker: String?
    /// nil where one proxy speaks alone, and may repeat itself.
    private let chorus: Chorus?

    /// - Parameters:
    ///   - descriptor: where lines go; standard error by default.
    ///   - isColored: the level stands out, for terminals.
    ///   - isShared: several proxies of this process speak here, see `speaking(for:)`; a warning or
    ///     an error that they have in common is said once.
    public convenience init(
        descriptor: Int32 = 2, level: LogLevel = .info, isColored: Bool = false,
        isShared: Bool = false
    ) {
        self.init(
            descriptor, level, isColored: isColored, speaker: nil,
            chorus: isShared ? Chorus() : nil)
    }

    private init(
        _ descriptor: Int32, _ level: LogLevel, isColored: Bool, speaker: String?, chorus: Chorus?
    ) {
        self.descriptor = descriptor
        self.isColored = isColored
        self.speaker = speaker
        self.chorus = chorus
        threshold = Atomic(level.rawValue)
    }

    /// A log to the same place, whose lines say who speaks.
    public func speaking(for name: String) -> Log {
        Log(descriptor, level, isColored: isColored, speaker: name, chorus: chorus)
    }

    /// What is said from now on.
    public var level: LogLevel {
        get { LogLevel(rawValue: threshold.load(ordering: .relaxed)) ?? .info }
        set { threshold.store(newValue.rawValue, ordering: .relaxed) }
    }

    public func debug(
        _ part: String, _ message: @autoclosure () -> String, _ values: [(String, String)] = []
    ) {
        write(.debug, part, message, values)
    }

    public func info(
        _ part: String, _ message: @autoclosure () -> String, _ values: [(String, String)] = []
    ) {
        write(.info, part, message, values)
    }

    public func warning(
        _ part: String, _ message: @autoclosure () -> String, _ values: [(String, String)] = []
    ) {
        write(.warning, part, message, values)
    }

    public func error(
        _ part: String, _ message: @autoclosure () -> String, _ values: [(String, String)] = []
    ) {
        write(.error, part, message, values)
    }

    private func write(
        _ level: LogLevel, _ part: String, _ message: () -> String, _ values: [(String, String)]
    ) {
        guard level >= self.level else { return }
        let message = message()
        if level >= .warning, let chorus {
            let said = "\(level) \(part) \(message) \(values)"
            guard chorus.admits(said, by: speaker, wallNs: Machine.wallNs) else { return }
        }
        let marked = speaker.map { values + [("proxy", $0)] } ?? values
        let line = Self.line(
            wallNs: Machine.wallNs, level, part, message, marked, isColored: isColored)
        Array(line.utf8).withView { File.append($0, to: descriptor) }
    }

    /// Control characters are escaped: a value out of a file or a request writes no line of its
    /// own and moves no cursor.
    static func line(
        wallNs: UInt64, _ level: LogLevel, _ part: String, _ message: String,
        _ values: [(String, String)], isColored: Bool = false
    ) -> String {
        let name = padded(level.name, 7)
        let shown = isColored ? "\u{1B}[\(color(level))m\(name)\u{1B}[0m" : name
        var line = "\(TimeText.text(wallNs: wallNs)) \(shown) \(padded(part, 8)) "
        line += escaped(message)
        for (key, value) in values {
            let text = escaped(value)
            let isPlain = !text.isEmpty && !text.contains { $0 == " " || $0 == "\"" || $0 == "=" }
            line += isPlain ? " \(key)=\(text)" : " \(key)=\"\(quoted(text))\""
        }
        return line + "\n"
    }

    private static func color(_ level: LogLevel) -> Int {
        switch level {
        case .debug, .off: 90
        case .info: 32
        case .warning: 33
        case .error: 31
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func quoted(_ text: String) -> String {
        text.reduce(into: "") { $0 += $1 == "\"" ? "\\\"" : String($1) }
    }

    private static func escaped(_ text: String) -> String {
        let isControl = { (scalar: Unicode.Scalar) in
            scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value
        }
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { out, scalar in
            if isControl(scalar) {
                out += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
    }
}
