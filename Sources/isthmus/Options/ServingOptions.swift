// How a proxy serves, whatever it is: threads, the ports for people, access log and talk.
// The gateway and the sidecar take the same flags, so that they mean the same.
import ArgumentParser
import Control
import HTTP
import Net
import Proxy
import Telemetry

struct ServingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Threads that serve. (default: one a processor)", valueName: "count"),
        transform: workerCount)
    var workers: Int?

    @Option(
        help: ArgumentHelp(
            "The admin port, or off. (default: 127.0.0.1:15000)", valueName: "address:port"),
        transform: ServerAddress.init(argument:))
    var admin = usualPorts[0]

    @Option(
        help: ArgumentHelp(
            "Readiness at /healthz/ready, or off. (default: 0.0.0.0:15021)",
            valueName: "address:port"),
        transform: ServerAddress.init(argument:))
    var status = usualPorts[1]

    @Option(
        help: ArgumentHelp(
            "Prometheus metrics at /metrics, or off. (default: 0.0.0.0:15020)",
            valueName: "address:port"),
        transform: ServerAddress.init(argument:))
    var metrics = usualPorts[2]

    @Option(
        help: ArgumentHelp(
            "Where access logs go: - for standard output, a file, or off as Istio's default.",
            valueName: "-|path|off"))
    var accessLog = "off"

    @Option(
        help: ArgumentHelp(
            "text or json as Istio writes them, or a line of Envoy's %COMMANDS%.",
            valueName: "text|json|format"),
        transform: format)
    var accessLogFormat: AccessLogFormat = .istioDefault

    @Option(
        help: ArgumentHelp(
            "The name server to ask instead of those in /etc/resolv.conf; port 53 by default.",
            valueName: "address[:port]"),
        transform: nameServer)
    var dns: SocketAddress?

    @Option(help: ArgumentHelp("The `server` field of answers.", valueName: "name"))
    var serverName = "isthmus"

    @Option(
        help: ArgumentHelp(
            "The Host of mirrored requests: shadow for NAME-shadow:PORT, or unchanged as from "
                + "Istio 1.28 on.", valueName: "shadow|unchanged"))
    var mirrorHost = MirrorHost.shadow

    enum MirrorHost: String, ExpressibleByArgument { case shadow, unchanged }

    @Option(
        help: ArgumentHelp(
            "What is said on standard error: debug, info, warning, error or off. "
                + "(default: info; run: warning)",
            valueName: "level"),
        transform: logLevel)
    var logLevel: LogLevel?

    @Option(help: "Colour: auto, always or never.")
    var color = ColorOption.auto

    func validate() throws {
        let bytes = serverName.utf8
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F || $0 == 0x20 }) else {
            throw ValidationError("--server-name takes visible ASCII characters")
        }
    }

    /// The ports for people are those that everybody gets who asks for none.
    var hasUsualPorts: Bool {
        let usual = ServingOptions.usualPorts
        return [admin, status, metrics].map(\.address) == usual.map(\.address)
    }

    private static let usualPorts: [ServerAddress] = [
        .loopback(15000), .everywhere(15021), .everywhere(15020),
    ]

    /// What goes to standard error.
    var log: Log { log(byDefault: .info) }

    func log(byDefault level: LogLevel) -> Log {
        Log(level: logLevel ?? level, isColored: color.applies(to: 2))
    }

    func options(for source: ConfigurationSource, as peer: IstioLabels.Peer) throws -> ProxyOptions
    {
        var options = ProxyOptions(source: source)
        if let workers { options.workerCount = workers }
        options.settings.serverName = Array(serverName.utf8)
        options.settings.marksMirroredHosts = mirrorHost == .shadow
        options.settings.hostname = Array(Machine.hostname.utf8)
        options.settings.source = peer
        options.admin = admin.address
        options.status = status.address
        options.metrics = metrics.address
        options.resolver.server = dns
        options.commandLine = CommandLine.arguments
        if let descriptor = try accessLogDescriptor() {
            options.settings.accessLog = AccessLogSettings(
                descriptor: descriptor, format: accessLogFormat)
            options.accessLogPath = accessLog == "-" ? nil : accessLog
        }
        return options
    }

    private func accessLogDescriptor() throws -> Int32? {
        switch accessLog {
        case "off", "": return nil
        case "-": return File.standardOutputLog()
        default:
            do {
                return try File.openLog(accessLog)
            } catch {
                throw Complaint(
                    error.isPermission ? .notPermitted : .inputOutput,
                    "--access-log \(accessLog): \(error.reason)")
            }
        }
    }

    private static func workerCount(_ argument: String) throws -> Int {
        guard let count = Int(argument), 1...1024 ~= count else {
            throw ValidationError("\"\(argument)\" workers cannot be; write 1 to 1024")
        }
        return count
    }

    private static func nameServer(_ argument: String) throws -> SocketAddress {
        let alone = SocketAddress(host: argument, port: 53)
        let address = alone ?? SocketAddress(text: argument)
        guard let address, !argument.hasPrefix(":"), address.port != 0, !address.isUnix else {
            throw ValidationError(
                "\"\(argument)\" is no name server; write an IP address, 10.0.0.2 or [::1]:5353")
        }
        return address
    }

    static func logLevel(_ argument: String) throws -> LogLevel {
        guard let level = LogLevel(name: argument) else {
            let names = LogLevel.allCases.map(\.name).joined(separator: ", ")
            throw ValidationError("no level \"\(argument)\"; write \(names)")
        }
        return level
    }

    private static func format(_ argument: String) throws -> AccessLogFormat {
        switch argument {
        case "text": return .istioDefault
        case "json": return .istioJSON
        default:
            do {
                return try AccessLogFormat(
                    argument.hasSuffix("\n") ? argument : argument + "\n")
            } catch {
                throw ValidationError("\(error)")
            }
        }
    }
}
