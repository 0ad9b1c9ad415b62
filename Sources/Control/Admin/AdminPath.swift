// What the admin port serves, in one table: the dispatcher, /help, the index page and the
// documentation read the same rows.
internal import HTTP

struct AdminPath: Sendable {
    enum Method: Sendable {
        /// GET and HEAD.
        case read
        /// POST alone: a link on somebody's page can make a browser GET anything.
        case change
        /// GET and HEAD tell, POST changes.
        case both

        var allowed: String {
            switch self {
            case .read: "GET, HEAD"
            case .change: "POST"
            case .both: "GET, HEAD, POST"
            }
        }

        func allows(_ method: HTTPMethod) -> Bool {
            switch method {
            case .get, .head: self != .change
            case .post: self != .read
            default: false
            }
        }
    }

    let path: String
    let method: Method
    /// The queries it understands.
    let queries: String
    /// One clause, as Envoy's /help has them.
    let help: String
    let answer: @Sendable (ProxyProcess, ServerRequest, Responder) -> Void

    static let table: [AdminPath] = [
        AdminPath("/", .read, "this page, or for scripts: the list of /help") {
            $0.answerIndex($1, $2)
        },
        AdminPath("/certs", .read, "certificates in use, and until when they are valid") {
            $0.answerCertificates($2)
            _ = $1
        },
        AdminPath("/clusters", .read, "clusters and their endpoints", "format=json") {
            $0.answerClusters($1, $2)
        },
        AdminPath(
            "/config_dump", .read,
            "the configuration that is served, and why the last change is not"
        ) { $0.answerConfigDump($1, $2) },
        AdminPath("/drain_listeners", .change, "stop accepting connections, without ending") {
            let responder = $2
            $0.drainListeners { responder.send(.text("OK\n")) }
            _ = $1
        },
        AdminPath("/healthcheck/fail", .change, "answer 503 to readiness checks") {
            $0.setHealth(false, $2)
            _ = $1
        },
        AdminPath("/healthcheck/ok", .change, "answer readiness checks by the truth again") {
            $0.setHealth(true, $2)
            _ = $1
        },
        AdminPath("/help", .read, "this list") {
            $2.send(.text(helpText))
            _ = ($0, $1)
        },
        AdminPath("/listeners", .read, "listeners and their addresses", "format=json") {
            $0.answerListeners($1, $2)
        },
        AdminPath(
            "/logging", .both, "how much the log says",
            "level=" + LogLevel.allCases.map(\.name).joined(separator: "|")
        ) { $0.answerLogging($1, $2) },
        AdminPath("/quitquitquit", .change, "drain and end") {
            $2.send(.text("OK\n"))
            $0.beginDrain(because: "/quitquitquit")
            _ = $1
        },
        AdminPath("/ready", .read, "LIVE and 200, or why not and 503") {
            $0.answerReady($2)
            _ = $1
        },
        AdminPath("/reset_counters", .change, "set Envoy's counters to zero") {
            $0.resetCounters($2)
            _ = $1
        },
        AdminPath("/server_info", .read, "version, state, uptime and command line") {
            $0.answerServerInfo($2)
            _ = $1
        },
        AdminPath(
            "/stats", .read, "statistics", "filter=REGEX&usedonly&format=text|json|prometheus"
        ) { $0.answerStats($1, $2) },
        AdminPath(
            "/stats/prometheus", .read, "statistics for Prometheus, also at /metrics",
            "filter=REGEX&usedonly"
        ) { $0.answerPrometheus($1, $2) },
    ]

    /// Other names of the same.
    static let aliases = ["/metrics": "/stats/prometheus", "/healthz/ready": "/ready"]

    private init(
        _ path: String, _ method: Method, _ help: String, _ queries: String = "",
        answer: @escaping @Sendable (ProxyProcess, ServerRequest, Responder) -> Void
    ) {
        self.path = path
        self.method = method
        self.help = help
        self.queries = queries
        self.answer = answer
    }

    static func find(_ path: String) -> AdminPath? {
        let path = aliases[path] ?? path
        return table.first { $0.path == path }
    }

    /// As Envoy writes it: `  /path: what it does`, changes marked.
    static var helpText: String {
        table.reduce(into: "admin commands are:\n") { text, row in
            let post = row.method == .change ? " (POST)" : ""
            let queries = row.queries.isEmpty ? "" : " [\(row.queries)]"
            text += "  \(row.path)\(post): \(row.help)\(queries)\n"
        }
    }
}
