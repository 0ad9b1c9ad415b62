// `/clusters` in both shapes, from a snapshot and what two workers counted.
import Foundation
import Mesh
import Proxy
import Spec
import Testing

@testable import Control

@Suite("The page of clusters")
struct ClustersPageTests {
    private static let name = "outbound|80||shop.test"
    private static let origin = Origin(
        object: ObjectKey(kind: "ServiceEntry", namespace: "default", name: "shop"),
        location: SourceLocation(file: "shop.yaml", line: 1, column: 1))
    private static let used = endpoint("10.0.0.1")
    private static let unused = endpoint("fd00::1")
    private static let snapshot = Snapshot(
        version: 1, routing: Routing(listeners: []),
        clusters: [
            Cluster(
                name: name, host: "shop.test", serviceName: "shop.test", namespace: "default",
                port: 80, subset: "", loadBalancing: .leastRequest, connectTimeoutMs: 10_000,
                endpoints: [used, unused], origins: [origin])
        ])

    private static func endpoint(_ address: String) -> Endpoint {
        Endpoint(
            address: address, port: 8080, weight: 2, locality: "eu/west/1", labels: [:],
            workload: Workload(), origin: origin)
    }

    @Test("who is left out by one worker is shown as left out, with how often that was")
    func ejected() throws {
        let out = EndpointReport(
            cluster: Self.name, endpoint: Self.used, address: "10.0.0.1:8080",
            requestsActive: 0, requestsTotal: 1,
            errorsTotal: 1, connectionsActive: 0, connectionsTotal: 1, connectFailuresTotal: 0,
            isEjected: true, ejectionsTotal: 3)
        let page = ClustersPage(
            Self.snapshot, reports: [[out], [Self.report(1, active: 0, errors: 0)]])
        let text = String(decoding: page.text, as: UTF8.self)
        #expect(text.contains("10.0.0.1:8080::health_flags::/failed_outlier_check\n"))
        #expect(text.contains("10.0.0.1:8080::ejections::3\n"))
        #expect(text.contains("[fd00::1]:8080::health_flags::healthy\n"))
        #expect(text.contains("::default_priority::max_connections::4294967295\n"))
        #expect(String(decoding: page.json.bytes, as: UTF8.self).contains("failed_outlier_check"))
        #expect(
            !String(decoding: Self.page.json.bytes, as: UTF8.self).contains("failed_outlier"))
    }

    /// One worker has answered 7 with 1 under way, the other 4.
    private static let page = ClustersPage(
        snapshot, reports: [[report(8, active: 1, errors: 2)], [report(4, active: 0, errors: 0)]])

    private static func report(
        _ total: UInt64, active: UInt64, errors: UInt64
    ) -> EndpointReport {
        EndpointReport(
            cluster: name, endpoint: used, address: used.addressText, requestsActive: active,
            requestsTotal: total,
            errorsTotal: errors, connectionsActive: 3, connectionsTotal: 5,
            connectFailuresTotal: 1)
    }

    @Test("text is Envoy's, a fact a line, the workers added up")
    func text() {
        let lines = Set(
            String(decoding: Self.page.text, as: UTF8.self).split(separator: "\n").map(String.init))
        for fact in [
            "10.0.0.1:8080::rq_total::12", "10.0.0.1:8080::rq_active::1",
            "10.0.0.1:8080::rq_error::2", "10.0.0.1:8080::rq_success::9",
            "10.0.0.1:8080::cx_active::6", "10.0.0.1:8080::cx_total::10",
            "10.0.0.1:8080::cx_connect_fail::2", "10.0.0.1:8080::health_flags::healthy",
            "10.0.0.1:8080::weight::2", "10.0.0.1:8080::region::eu",
            "10.0.0.1:8080::sub_zone::1", "[fd00::1]:8080::rq_total::0", "added_via_api::true",
        ] {
            #expect(lines.contains("\(Self.name)::\(fact)"), "\(fact)")
        }
    }

    @Test("JSON is Envoy's cluster_statuses")
    func json() throws {
        let page = try #require(
            JSONSerialization.jsonObject(with: Data(Self.page.json.bytes)) as? [String: Any])
        let clusters = try #require(page["cluster_statuses"] as? [[String: Any]])
        #expect(clusters.map { $0["name"] as? String } == [Self.name])
        let hosts = try #require(clusters.first?["host_statuses"] as? [[String: Any]])
        #expect(hosts.count == 2)
        let address = hosts[0]["address"] as? [String: [String: Any]]
        #expect(address?["socket_address"]?["port_value"] as? Int == 8080)
        let stats = try #require(hosts[0]["stats"] as? [[String: String]])
        #expect(stats.contains(["name": "rq_total", "value": "12"]))
        #expect(stats.contains(["type": "GAUGE", "name": "cx_active", "value": "6"]))
    }
}
