// `isthmus version`: what this is, and what it puts up with.
import ArgumentParser
import Control
import Proxy

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the version, and with --limits every limit.")

    @Flag(help: "Show every limit with its value and what it is for.")
    var limits = false

    @Option(name: .shortAndLong, help: "text or json.")
    var output = OutputFormat.text

    func run() {
        let table = limits ? ProxyLimits().table + ServiceLimits().table : []
        switch output {
        case .text:
            Output.data("isthmus \(Version.text)\n")
            let names = table.map(\.name.count).max() ?? 0
            let values = table.map { "\($0.value) \($0.unit)".count }.max() ?? 0
            for row in table {
                let value = "\(row.value) \(row.unit)"
                Output.data(
                    "  \(padded(row.name, names))  \(padded(value, values))  \(row.purpose)\n")
            }
        case .json:
            var members: [(String, JSON)] = [("version", JSON(Version.text))]
            if limits {
                let rows = table.map { row -> JSON in
                    [
                        "name": JSON(row.name),
                        "value": Int64(row.value).map { .number($0) } ?? JSON(row.value),
                        "unit": JSON(row.unit), "purpose": JSON(row.purpose),
                    ]
                }
                members.append(("limits", .array(rows)))
            }
            Output.data(JSON.object(members).prettyBytes)
        }
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: width - text.count)
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}
