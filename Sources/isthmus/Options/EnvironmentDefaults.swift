// ISTHMUS_* variables as flags: what a service unit or a container sets once.
// They are put into the command line before it is parsed, so that a value from the environment is
// checked and reported by the same code as one that was typed.
import Net

enum EnvironmentDefaults {
    struct Row {
        let variable: String
        let flag: String
        /// The flag's other name on the command line.
        let short: String?
        let commands: Set<String>
        /// Several values in one variable; nil where a comma belongs to the value.
        let separator: Character?

        init(
            _ variable: String, _ flag: String, short: String? = nil, _ commands: Set<String>,
            separator: Character? = nil
        ) {
            self.variable = variable
            self.flag = flag
            self.short = short
            self.commands = commands
            self.separator = separator
        }
    }

    private static let reading: Set<String> = ["gateway", "sidecar", "run", "validate", "explain"]
    /// Those whose node is told by labels and not by a workload.
    private static let labelled: Set<String> = ["gateway", "validate", "explain"]
    private static let serving: Set<String> = ["gateway", "sidecar", "run"]

    static let table: [Row] = [
        Row("ISTHMUS_FILENAME", "--filename", short: "-f", reading, separator: ":"),
        Row("ISTHMUS_DEFAULT_NAMESPACE", "--default-namespace", reading),
        Row("ISTHMUS_LABEL", "--label", short: "-l", labelled, separator: ","),
        Row("ISTHMUS_NAMESPACE", "--namespace", short: "-n", labelled),
        Row("ISTHMUS_BIND", "--bind", labelled),
        Row("ISTHMUS_PORT_MAP", "--port-map", reading),
        Row("ISTHMUS_LOCALITY", "--locality", reading),
        Row("ISTHMUS_WORKLOAD", "--workload", short: "-w", ["sidecar", "run"]),
        Row("ISTHMUS_IDENTITY", "--identity", serving),
        Row("ISTHMUS_CA", "--ca", serving),
        Row("ISTHMUS_CA_ROOT", "--ca-root", serving),
        Row("ISTHMUS_CA_NAME", "--ca-name", serving),
        Row("ISTHMUS_TOKEN_FILE", "--token-file", serving),
        Row("ISTHMUS_TRUST_DOMAIN", "--trust-domain", serving),
        Row("ISTHMUS_WORKERS", "--workers", serving),
        Row("ISTHMUS_ADMIN", "--admin", serving),
        Row("ISTHMUS_STATUS", "--status", serving),
        Row("ISTHMUS_METRICS", "--metrics", serving),
        Row("ISTHMUS_ACCESS_LOG", "--access-log", serving),
        Row("ISTHMUS_ACCESS_LOG_FORMAT", "--access-log-format", serving),
        Row("ISTHMUS_DNS", "--dns", serving),
        Row("ISTHMUS_SERVER_NAME", "--server-name", serving),
        Row("ISTHMUS_MIRROR_HOST", "--mirror-host", serving),
        Row("ISTHMUS_LOG_LEVEL", "--log-level", serving),
        Row("ISTHMUS_COLOR", "--color", ["gateway", "sidecar", "run", "validate"]),
    ]

    /// The arguments, and behind them the flags that only the environment sets.
    static func applied(
        to arguments: [String], environment: (String) -> String? = Machine.environment
    ) -> [String] {
        guard let command = arguments.first, !arguments.contains("--help"),
            !arguments.contains("-h")
        else { return arguments }
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        let typed = arguments[..<end]
        var added: [String] = []
        for row in table where row.commands.contains(command) {
            guard let value = environment(row.variable), !value.isEmpty else { continue }
            let isTyped = typed.contains { argument in
                argument == row.flag || argument.hasPrefix(row.flag + "=")
                    || row.short.map { argument.hasPrefix($0) } ?? false
            }
            if isTyped { continue }
            let values = row.separator.map { value.split(separator: $0) } ?? [Substring(value)]
            for value in values { added += [row.flag, String(value)] }
        }
        return [command] + added + arguments.dropFirst()
    }
}
