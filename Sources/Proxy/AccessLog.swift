// Writes access-log lines: gathered during a round of events, written once at its end. One write of
// whole lines to a file opened for appending is never torn by the other workers' writes.
import Net
import Telemetry

final class AccessLog: RoundEnd {
    private let settings: AccessLogSettings
    private var renderer: AccessLogRenderer
    private var lines: [UInt8] = []
    /// Lines are written in between once this much has gathered.
    private static let flushBytes = 32 * 1024

    init(_ settings: AccessLogSettings) {
        self.settings = settings
        renderer = AccessLogRenderer(format: settings.format)
        lines.reserveCapacity(Self.flushBytes + 4096)
    }

    func write(_ source: some AccessLogSource) {
        renderer.append(to: &lines, from: source)
        if lines.count >= Self.flushBytes { flush() }
    }

    override func roundEnded() {
        if !lines.isEmpty { flush() }
    }

    /// A log that cannot be written (disk full) costs its lines, never a request.
    private func flush() {
        lines.withView { File.append($0, to: settings.descriptor) }
        lines.removeAll(keepingCapacity: true)
    }
}
