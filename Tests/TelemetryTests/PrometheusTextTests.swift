// The Prometheus page, read back by a strict parser of its own and, where it is installed, by the
// Prometheus project's Python client.
import Foundation
import Testing

@testable import Telemetry

@Suite("Prometheus text")
struct PrometheusTextTests {
    static let cluster = "outbound|9080|v1|reviews.default.svc.cluster.local"

    /// A sample in which everything has been counted.
    static func fullSample() -> MetricsSample {
        let loop = LoopMetrics()
        for name in [cluster, "outbound|80||a.example.com"] {
            let table = loop.cluster(name)
            for (place, stat) in ClusterStat.allCases.enumerated() {
                table.add(stat, UInt64(place) + 1)
            }
        }
        let listener = loop.listener("0.0.0.0_8080")
        for stat in ListenerStat.allCases { listener.add(stat) }
        let http = loop.http("outbound_0.0.0.0_8080")
        for stat in HTTPStat.allCases { http.add(stat) }
        var labels = IstioLabels()
        labels.source.workload = "istio-ingressgateway"
        labels.destinationService = "reviews.default.svc.cluster.local"
        labels.responseCode = 200
        loop.requestSeries(labels: labels)
            .record(durationMs: 12, requestBytes: 0, responseBytes: 1234)
        labels.responseCode = 503
        labels.responseFlags = [.upstreamConnectionFailure, .upstreamRetryLimitExceeded]
        loop.requestSeries(labels: labels)
            .record(durationMs: 4_000_000, requestBytes: 5, responseBytes: 0)
        labels.requestProtocol = "tcp"
        loop.tcpSeries(labels: labels).recordOpened()
        var sample = loop.sample()
        sample.version = "0.1.0"
        var discovery = StatValues<DiscoveryStat>()
        discovery[.updateAttempt] = 3
        for name in [cluster, "outbound|80||b.example.com"] { sample.discoveries[name] = discovery }
        sample.server[.uptime] = 17
        sample.config[.configReloadsTotal] = 2
        return sample
    }

    @Test("a full page passes a strict parser")
    func strict() throws {
        let page = try PrometheusPageReader(PrometheusText.render(Self.fullSample()))
        #expect(page.samples.count > 200)
        #expect(page.types["istio_request_duration_milliseconds"] == "histogram")
        #expect(page.types["envoy_cluster_upstream_cx_active"] == "gauge")
        #expect(page.types["envoy_cluster_upstream_rq_total"] == "counter")
    }

    @Test("an empty page has the version and the process's own numbers")
    func empty() throws {
        let page = try PrometheusPageReader(PrometheusText.render(MetricsSample()))
        #expect(page.value("istio_build", ["component": "proxy", "tag": "unknown"]) == 1)
        #expect(page.value("envoy_server_uptime") == 0)
        #expect(page.types["istio_requests_total"] == nil)
    }

    @Test("a cluster's statistics have Istio's name and its cluster in a label")
    func clusterNames() throws {
        let page = try PrometheusPageReader(PrometheusText.render(Self.fullSample()))
        let label = ["cluster_name": Self.cluster]
        let wanted = Double(ClusterStat.upstreamRqPendingOverflow.rawValue + 1)
        #expect(page.value("envoy_cluster_upstream_rq_pending_overflow", label) == wanted)
        let classes = ["cluster_name": Self.cluster, "response_code_class": "5xx"]
        #expect(
            page.value("envoy_cluster_upstream_rq", classes)
                == Double(ClusterStat.upstreamRq5xx.rawValue + 1))
    }

    @Test("listeners, HTTP, server and our own statistics have their names and labels")
    func otherNames() throws {
        let page = try PrometheusPageReader(PrometheusText.render(Self.fullSample()))
        #expect(
            page.value(
                "envoy_listener_downstream_cx_total", ["listener_address": "0.0.0.0_8080"]) == 1)
        #expect(
            page.value(
                "envoy_http_downstream_rq_total",
                ["http_conn_manager_prefix": "outbound_0.0.0.0_8080"]) == 1)
        #expect(page.value("envoy_server_uptime") == 17)
        #expect(page.value("envoy_cluster_manager_active_clusters") == 0)
        #expect(page.value("isthmus_config_reloads_total") == 2)
    }

    @Test("istio_requests_total has every label Istio's has, missing ones as unknown")
    func istioLabels() throws {
        let page = try PrometheusPageReader(PrometheusText.render(Self.fullSample()))
        let samples = page.samples.filter { $0.name == "istio_requests_total" }
        #expect(samples.count == 2)
        let labels = try #require(samples.first { $0.labels["response_code"] == "503" }?.labels)
        #expect(labels.count == 25)
        #expect(labels["reporter"] == "source")
        #expect(labels["source_workload"] == "istio-ingressgateway")
        #expect(labels["source_principal"] == "unknown")
        #expect(labels["destination_canonical_revision"] == "latest")
        #expect(labels["grpc_response_status"] == "")
        #expect(labels["response_flags"] == "UF,URX")
        #expect(labels["connection_security_policy"] == "unknown")
        let tcp = page.samples.first { $0.name == "istio_tcp_connections_opened_total" }
        #expect(tcp?.labels.count == 23)
        #expect(tcp?.labels["response_code"] == nil)
    }

    @Test("a histogram's buckets are cumulative and end in +Inf")
    func histogram() throws {
        let page = try PrometheusPageReader(PrometheusText.render(Self.fullSample()))
        let name = "istio_request_duration_milliseconds"
        let good = ["response_code": "200"]
        #expect(page.value(name + "_bucket", ["response_code": "200", "le": "10"]) == 0)
        #expect(page.value(name + "_bucket", ["response_code": "200", "le": "25"]) == 1)
        #expect(page.value(name + "_bucket", ["response_code": "200", "le": "+Inf"]) == 1)
        #expect(page.value(name + "_sum", good) == 12)
        #expect(page.value(name + "_bucket", ["response_code": "503", "le": "3600000"]) == 0)
        #expect(page.value(name + "_count", ["response_code": "503"]) == 1)
    }

    @Test("quotes, backslashes and line feeds in a label cannot forge a line")
    func escaping() throws {
        let loop = LoopMetrics()
        let evil = "a\"} 1\nforged{x=\"\\"
        loop.cluster(evil).add(.upstreamRqTotal)
        let page = try PrometheusPageReader(PrometheusText.render(loop.sample()))
        #expect(page.value("envoy_cluster_upstream_rq_total", ["cluster_name": evil]) == 1)
        #expect(page.types["forged"] == nil)
    }

    @Test("usedonly leaves out what never counted, with its head, and keeps gauges in use")
    func usedOnly() throws {
        let loop = LoopMetrics()
        loop.cluster("idle").set(.membershipTotal, to: 0)
        let busy = loop.cluster("busy")
        busy.add(.upstreamRqTotal)
        let page = try PrometheusPageReader(
            PrometheusText.render(loop.sample(), usedOnly: true))
        #expect(page.value("envoy_cluster_upstream_rq_total", ["cluster_name": "busy"]) == 1)
        #expect(page.value("envoy_cluster_upstream_rq_active", ["cluster_name": "busy"]) == 0)
        #expect(page.value("envoy_cluster_upstream_rq_total", ["cluster_name": "idle"]) == nil)
        #expect(page.types["envoy_cluster_upstream_rq_timeout"] == nil)
    }

    @Test("a filter sees the name that /stats prints")
    func filter() throws {
        var asked: Set<String> = []
        let text = PrometheusText.render(Self.fullSample()) { name in
            asked.insert(name)
            return name.hasSuffix("upstream_rq_total")
        }
        let page = try PrometheusPageReader(text)
        #expect(Set(page.samples.map(\.name)) == ["envoy_cluster_upstream_rq_total"])
        #expect(asked.contains("cluster.\(Self.cluster).upstream_rq_total"))
        #expect(asked.contains("istio_requests_total"))
    }

    @Test("a page made in pieces is the page, and no piece is large")
    func pieces() {
        let loop = LoopMetrics()
        for number in 0..<120 {
            loop.cluster("outbound|80||host-\(number)").add(.upstreamRqTotal)
            var labels = IstioLabels()
            labels.destinationService = "host-\(number)"
            loop.requestSeries(labels: labels)
                .record(durationMs: 3, requestBytes: 0, responseBytes: 9)
        }
        let sample = loop.sample()
        var joined: [UInt8] = []
        var count = 0
        for piece in PrometheusText.pieces(sample) {
            #expect(!piece.isEmpty && piece.count < 5 * PrometheusPieces.pieceBytes)
            joined += piece
            count += 1
        }
        #expect(count > 20)
        #expect(joined == PrometheusText.render(sample))
        // Heads come once each, also where a metric runs over many pieces.
        let lines = joined.split(separator: UInt8(ascii: "\n"))
        let heads = lines.filter { $0.starts(with: "# TYPE ".utf8) }
        #expect(Set(heads).count == heads.count)
        let requests = lines.filter { $0.starts(with: "istio_requests_total{".utf8) }
        #expect(requests.count == 120)
    }

    @Test("what the Prometheus project's own client reads is what was counted")
    func referenceClient() throws {
        let python = ProcessInfo.processInfo.environment["ISTHMUS_PYTHON"] ?? "python3"
        let script = """
            import sys
            page = sys.stdin.read()
            try:
                from prometheus_client.parser import text_string_to_metric_families as parse
            except ImportError:
                print("absent"); sys.exit(0)
            n = 0
            for family in parse(page):
                assert family.documentation, family.name
                n += len(family.samples)
            print(n)
            """
        let text = PrometheusText.render(Self.fullSample())
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, "-c", script]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        input.fileHandleForWriting.write(Data(text))
        try input.fileHandleForWriting.close()
        let answer = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let said = answer.trimmingCharacters(in: .whitespacesAndNewlines)
        if said == "absent" {
            print("prometheus_client is not installed: its reading of the page is not checked")
            return
        }
        #expect(Int(said) == (try PrometheusPageReader(text)).samples.count)
    }
}
