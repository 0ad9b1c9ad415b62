// Envoy's /stats lines: names, order, what is left out, JSON.
import Foundation
import Testing

@testable import Telemetry

@Suite("/stats")
struct StatsTextTests {
    private func lines(_ bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test("lines have Envoy's names")
    func names() {
        let all = lines(StatsText.render(PrometheusTextTests.fullSample()))
        let cluster = PrometheusTextTests.cluster
        let overflow = ClusterStat.upstreamRqPendingOverflow.rawValue + 1
        #expect(all.contains("cluster.\(cluster).upstream_rq_pending_overflow: \(overflow)"))
        #expect(all.contains("http.outbound_0.0.0.0_8080.downstream_rq_2xx: 1"))
        #expect(all.contains("listener.0.0.0.0_8080.downstream_cx_total: 1"))
        #expect(all.contains("server.uptime: 17"))
        #expect(all.contains("isthmus.config_reloads_total: 2"))
    }

    @Test("the page is sorted by name and says nothing twice")
    func sorted() {
        let names = lines(StatsText.render(PrometheusTextTests.fullSample())).map {
            String($0.prefix { $0 != ":" })
        }
        #expect(names == names.sorted())
        #expect(Set(names).count == names.count)
        #expect(names.contains("cluster.outbound|80||b.example.com.update_attempt"))
        let families =
            2 * ClusterStat.allCases.count + 2 * DiscoveryStat.allCases.count
            + ListenerStat.allCases.count
            + HTTPStat.allCases.count + ServerStat.allCases.count + ConfigStat.allCases.count
        #expect(names.count == families)
    }

    @Test("usedonly leaves zeros out, filter what it refuses")
    func selection() {
        let loop = LoopMetrics()
        loop.cluster("a").add(.upstreamRqTotal, 5)
        loop.cluster("b").add(.upstreamRqTotal, 6)
        let used = lines(StatsText.render(loop.sample(), usedOnly: true))
        #expect(used.contains("cluster.a.upstream_rq_total: 5"))
        #expect(!used.contains { $0.hasPrefix("cluster.a.upstream_rq_timeout") })
        #expect(!used.contains { $0.hasPrefix("server.") })
        let filtered = lines(
            StatsText.render(loop.sample()) { $0.hasPrefix("cluster.b.upstream_rq_total") })
        #expect(filtered == ["cluster.b.upstream_rq_total: 6"])
    }

    @Test("JSON is valid and holds the same statistics")
    func json() throws {
        let loop = LoopMetrics()
        loop.cluster("odd \"name\"\\\n").add(.upstreamRqTotal, 5)
        let text = StatsText.render(loop.sample(), format: .json)
        let object = try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any]
        let stats = try #require(object?["stats"] as? [[String: Any]])
        #expect(
            stats.count == lines(StatsText.render(LoopMetrics().sample())).count
                + ClusterStat.allCases.count)
        let found = stats.first {
            $0["name"] as? String == "cluster.odd \"name\"\\\n.upstream_rq_total"
        }
        #expect(found?["value"] as? Int == 5)
    }

    @Test("JSON of nothing is an empty list")
    func emptyJSON() throws {
        let text = StatsText.render(MetricsSample(), format: .json) { _ in false }
        #expect(String(decoding: text, as: UTF8.self) == "{\"stats\":[]}\n")
    }
}
