// The table of the admin port against what people expect of it.
import HTTP
import Testing

@testable import Control

@Suite("The table of admin paths")
struct AdminPathTests {
    /// Envoy's, as far as they mean something here.
    private static let expected = """
        / /certs /clusters /config_dump /drain_listeners /healthcheck/fail /healthcheck/ok /help \
        /listeners /logging /quitquitquit /ready /reset_counters /server_info /stats \
        /stats/prometheus
        """.split(separator: " ").map(String.init)

    @Test("it holds Envoy's paths, sorted, each once")
    func paths() {
        #expect(AdminPath.table.map(\.path) == Self.expected)
    }

    @Test("whatever changes something is reached by POST alone")
    func changes() {
        let changing = [
            "/drain_listeners", "/healthcheck/fail", "/healthcheck/ok", "/quitquitquit",
            "/reset_counters",
        ]
        for row in AdminPath.table {
            let isChange = changing.contains(row.path)
            #expect((row.method == .change) == isChange, "\(row.path)")
            #expect(row.method.allows(.get) == !isChange, "\(row.path)")
            #expect(row.method.allows(.head) == !isChange, "\(row.path)")
            #expect(!row.method.allows(.put) && !row.method.allows(.delete), "\(row.path)")
        }
    }

    @Test("/help has a line for every path, and no path is found under a name it does not have")
    func help() {
        let lines = AdminPath.helpText.split(separator: "\n")
        #expect(lines.count == AdminPath.table.count + 1)
        for row in AdminPath.table {
            #expect(lines.contains { $0.hasPrefix("  \(row.path)") }, "\(row.path)")
            #expect(AdminPath.find(row.path)?.path == row.path)
        }
        #expect(AdminPath.find("/metrics")?.path == "/stats/prometheus")
        #expect(AdminPath.find("/stats/") == nil)
        #expect(AdminPath.find("") == nil)
    }
}
