// `/clusters`: every endpoint with what was counted about it, in Envoy's two shapes.
internal import Mesh
internal import Net
internal import Proxy

struct ClustersPage {
    private let snapshot: Snapshot
    private let counted: [Key: Counts]

    private struct Key: Hashable {
        let cluster: String
        let address: String
    }

    /// Of all workers together.
    fileprivate struct Counts {
        var requestsActive: UInt64 = 0
        var requestsTotal: UInt64 = 0
        var errorsTotal: UInt64 = 0
        var connectionsActive: UInt64 = 0
        var connectionsTotal: UInt64 = 0
        var connectFailuresTotal: UInt64 = 0

        /// Envoy's host statistics, counters before gauges.
        var rows: [(name: String, value: UInt64, isGauge: Bool)] {
            let ended = requestsTotal - min(requestsTotal, requestsActive)
            return [
                ("cx_connect_fail", connectFailuresTotal, false),
                ("cx_total", connectionsTotal, false),
                ("rq_error", errorsTotal, false),
                ("rq_success", ended - min(ended, errorsTotal), false),
                ("rq_total", requestsTotal, false),
                ("cx_active", connectionsActive, true),
                ("rq_active", requestsActive, true),
            ]
        }
    }

    /// - Parameter reports: what each worker said.
    init(_ snapshot: Snapshot, reports: [[EndpointReport]]) {
        self.snapshot = snapshot
        var counted: [Key: Counts] = [:]
        for report in reports.joined() {
            let key = Key(cluster: report.cluster, address: report.endpoint.addressText)
            counted[key, default: Counts()].add(report)
        }
        self.counted = counted
    }

    /// `outbound|80||host::127.0.0.1:8080::cx_active::1`, a line each.
    var text: [UInt8] {
        var out: [UInt8] = []
        for cluster in snapshot.clusters {
            for (name, value) in Self.clusterRows(cluster) {
                out += "\(cluster.name)::\(name)::\(value)\n".utf8
            }
            for endpoint in cluster.endpoints {
                let prefix = "\(cluster.name)::\(endpoint.addressText)::"
                for row in counts(endpoint, of: cluster).rows {
                    out += "\(prefix)\(row.name)::\(row.value)\n".utf8
                }
                for (name, value) in Self.facts(endpoint) {
                    out += "\(prefix)\(name)::\(value)\n".utf8
                }
            }
        }
        return out
    }

    var json: JSON {
        let statuses = snapshot.clusters.map { cluster -> JSON in
            let hosts = cluster.endpoints.map { json($0, of: cluster) }
            return [
                "name": JSON(cluster.name), "observability_name": JSON(cluster.name),
                "added_via_api": true, "host_statuses": .array(hosts),
            ]
        }
        return ["cluster_statuses": .array(statuses)]
    }

    private func json(_ endpoint: Endpoint, of cluster: Cluster) -> JSON {
        let stats = counts(endpoint, of: cluster).rows.map { row -> JSON in
            let value: [(String, JSON)] = [
                ("name", JSON(row.name)), ("value", JSON("\(row.value)")),
            ]
            return .object(row.isGauge ? [("type", "GAUGE")] + value : value)
        }
        let place = Self.locality(endpoint)
        let address = SocketAddress(host: endpoint.address, port: endpoint.port)
        return [
            "address": address.map { ProxyProcess.json($0) } ?? .null,
            "stats": .array(stats),
            "health_status": ["eds_health_status": "HEALTHY"],
            "weight": JSON(endpoint.weight),
            "locality": [
                "region": JSON(place.region), "zone": JSON(place.zone),
                "sub_zone": JSON(place.subZone),
            ],
        ]
    }

    private func counts(_ endpoint: Endpoint, of cluster: Cluster) -> Counts {
        counted[Key(cluster: cluster.name, address: endpoint.addressText)] ?? Counts()
    }

    private static func clusterRows(_ cluster: Cluster) -> [(String, String)] {
        [
            ("observability_name", cluster.name), ("added_via_api", "true"),
            ("lb_policy", "\(cluster.loadBalancing)"),
            ("connect_timeout_ms", "\(cluster.connectTimeoutMs)"),
        ]
    }

    private static func facts(_ endpoint: Endpoint) -> [(String, String)] {
        let place = locality(endpoint)
        return [
            ("hostname", ""), ("health_flags", "healthy"), ("weight", "\(endpoint.weight)"),
            ("region", place.region), ("zone", place.zone), ("sub_zone", place.subZone),
            ("canary", "false"), ("priority", "0"), ("success_rate", "-1.0"),
            ("local_origin_success_rate", "-1.0"),
        ]
    }

    /// `region/zone/subzone`
    private static func locality(
        _ endpoint: Endpoint
    ) -> (region: String, zone: String, subZone: String) {
        let parts = endpoint.locality.split(separator: "/", omittingEmptySubsequences: false)
        func part(_ index: Int) -> String { index < parts.count ? String(parts[index]) : "" }
        return (part(0), part(1), part(2))
    }
}

extension ClustersPage.Counts {
    fileprivate mutating func add(_ report: EndpointReport) {
        requestsActive += report.requestsActive
        requestsTotal += report.requestsTotal
        errorsTotal += report.errorsTotal
        connectionsActive += report.connectionsActive
        connectionsTotal += report.connectionsTotal
        connectFailuresTotal += report.connectFailuresTotal
    }
}
