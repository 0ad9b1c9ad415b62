// Writes access-log lines: gathered during a round of events, written once at its end. One write
// of whole lines to a file opened for appending is never torn by the other workers' writes.
// No request waits for the log: lines that it does not take now are kept, up to a limit, and then
// dropped and counted.
import Net
import Telemetry

final class AccessLog: RoundEnd {
    private let settings: AccessLogSettings
    private let isRegular: Bool
    private unowned let loop: Loop
    private var renderer: AccessLogRenderer
    private var lines: [UInt8] = []
    private var isStuck = false
    /// Lines lost because the log took none.
    private(set) var droppedLines: UInt64 = 0
    /// Lines are written in between once this much has gathered.
    private static let flushBytes = 32 * 1024
    /// Kept for a log that is slow.
    private static let backlogBytesMax = 1024 * 1024
    private static let retryMs: UInt64 = 20

    init(_ settings: AccessLogSettings, loop: Loop) {
        self.settings = settings
        self.loop = loop
        isRegular = File.isRegular(settings.descriptor)
        renderer = AccessLogRenderer(format: settings.format)
        lines.reserveCapacity(Self.flushBytes + 4096)
    }

    func write(_ source: some AccessLogSource) {
        guard lines.count < Self.backlogBytesMax else {
            droppedLines += 1
            return
        }
        renderer.append(to: &lines, from: source)
        if lines.count >= Self.flushBytes, !isStuck { flush() }
    }

    override func roundEnded() {
        if !lines.isEmpty, !isStuck { flush() }
    }

    private func flush() {
        isStuck = false
        let written = lines.withView {
            File.write(lines: $0, to: settings.descriptor, isRegular: isRegular)
        }
        switch written {
        case .taken(lines.count):
            lines.removeAll(keepingCapacity: true)
        case .taken(let count):
            lines.removeFirst(count)
            isStuck = true
            _ = loop.timers.schedule(
                afterMs: Self.retryMs, target: LogRetry { [unowned self] in flush() }, tag: 0)
        case .failed:
            // A full disk, a reader that has gone: these lines are lost, the next ones may not be.
            droppedLines += UInt64(lines.count { $0 == UInt8(ascii: "\n") })
            lines.removeAll(keepingCapacity: true)
        }
    }
}

private final class LogRetry: TimerTarget {
    private let again: () -> Void

    init(_ again: @escaping () -> Void) { self.again = again }

    override func timerFired(tag: UInt8) { again() }
}
