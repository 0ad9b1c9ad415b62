// What `validate` found, as text and as JSON, with the count people look at last.
import Control
import Spec

struct ValidationFindings {
    private let reading: ConfigurationReading
    private let findings: [Diagnostic]
    private let skipped: [Diagnostic]

    /// - Parameter others: what proxies beside this one would say, and it did not.
    init(_ reading: ConfigurationReading, others: [Diagnostic] = []) {
        self.reading = reading
        let all = reading.diagnostics + others
        findings = all.filter { $0.severity != .info }
        skipped = all.filter { $0.severity == .info }
    }

    var errorCount: Int { findings.count(where: \.isError) }

    /// `3 files, 12 objects: no errors, 2 warnings`
    var summary: String {
        let warnings = findings.count - errorCount
        let objects =
            reading.objects.map { ", " + Self.count($0.count, "object") } ?? ""
        return Self.count(reading.fileCount, "file") + objects + ": "
            + Self.count(errorCount, "error", none: "no errors") + ", "
            + Self.count(warnings, "warning", none: "no warnings")
    }

    private static func count(_ count: Int, _ noun: String, none: String? = nil) -> String {
        if count == 0, let none { return none }
        return "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// Findings in the order of the files, then one line for each reason why objects were skipped.
    func text(_ reader: ConfigurationReader, isColored: Bool) -> String {
        var text = ""
        // Nil for a file that cannot be read any more, which is asked for once as well.
        var files: [String: SourceLines?] = [:]
        for finding in findings {
            var source: SourceLines?
            if let location = finding.location, location.line > 0 {
                if let known = files[location.file] {
                    source = known
                } else {
                    source = reader.text(of: location.file).map(SourceLines.init(ofFile:))
                    files[location.file] = .some(source)
                }
            }
            text += finding.rendered(source: source, color: isColored) + "\n"
        }
        for (message, count) in skippedByReason {
            text += "info: \(message)" + (count > 1 ? " (\(count) times)" : "") + "\n"
        }
        return text
    }

    /// Reasons in the order they first appear.
    private var skippedByReason: [(message: String, count: Int)] {
        var counts: [String: Int] = [:]
        var order: [String] = []
        for finding in skipped {
            if counts[finding.message] == nil { order.append(finding.message) }
            counts[finding.message, default: 0] += 1
        }
        return order.map { ($0, counts[$0] ?? 0) }
    }

    var json: JSON {
        .object([
            ("files", JSON(reading.fileCount)),
            ("objects", reading.objects.map { JSON($0.count) } ?? .null),
            ("errors", JSON(errorCount)),
            ("warnings", JSON(findings.count - errorCount)),
            ("findings", .array((findings + skipped).map(Self.json))),
        ])
    }

    private static func json(_ finding: Diagnostic) -> JSON {
        var members: [(String, JSON)] = [("severity", JSON(finding.severity.rawValue))]
        if let location = finding.location {
            members += [
                ("file", JSON(location.file)), ("line", JSON(location.line)),
                ("column", JSON(location.column)),
            ]
        }
        if let object = finding.object {
            members.append(
                (
                    "object",
                    [
                        "kind": JSON(object.kind), "namespace": JSON(object.namespace),
                        "name": JSON(object.name),
                    ]
                ))
        }
        if !finding.fieldPath.isEmpty { members.append(("field", JSON(finding.fieldPath))) }
        members.append(("message", JSON(finding.message)))
        if !finding.advice.isEmpty { members.append(("advice", JSON(finding.advice))) }
        return .object(members)
    }
}
