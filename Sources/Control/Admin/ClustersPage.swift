// `/clusters`: every endpoint with what was counted about it, in Envoy's two shapes.
internal import Mesh
internal import Net
internal import Proxy

struct ClustersPage {
    private let snapshot: Snapshot
    private let names: [String: NameRecord]
    private let nowMs: UInt64
    private let counted: [Key: Counts]
    /// By cluster: endpoints that the configuration does not know, as calls have brought them.
    private let called: [String: [Place]]

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
        var isEjected = false
        var ejectionsTotal: UInt64 = 0

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

    /// One line's subject: an endpoint, or one of the addresses its name stands for.
    private struct Place {
        let endpoint: Endpoint
        let text: String
        let address: SocketAddress?
    }

    /// - Parameters:
    ///   - reports: what each worker said.
    ///   - names: what is known of the names of endpoints.
    ///   - nowMs: of the clock that the names' times are of.
    init(
        _ snapshot: Snapshot, reports: [[EndpointReport]], names: [String: NameRecord] = [:],
        nowMs: UInt64 = 0
    ) {
        self.snapshot = snapshot
        self.names = names
        self.nowMs = nowMs
        var counted: [Key: Counts] = [:]
        var called: [String: [Place]] = [:]
        let known = Set(snapshot.clusters.filter(\.callsBringEndpoints).map(\.name))
        for report in reports.joined() {
            let key = Key(cluster: report.cluster, address: report.address)
            if known.contains(report.cluster), counted[key] == nil {
                let address = SocketAddress(
                    host: report.endpoint.address, port: report.endpoint.port)
                called[report.cluster, default: []].append(
                    Place(endpoint: report.endpoint, text: report.address, address: address))
            }
            counted[key, default: Counts()].add(report)
        }
        self.counted = counted
        self.called = called
    }

    /// `outbound|80||host::127.0.0.1:8080::cx_active::1`, a line each.
    var text: [UInt8] {
        var out: [UInt8] = []
        for cluster in snapshot.clusters {
            for (name, value) in Self.clusterRows(cluster) + nameRows(cluster) {
                out += "\(cluster.name)::\(name)::\(value)\n".utf8
            }
            for place in places(of: cluster) {
                let prefix = "\(cluster.name)::\(place.text)::"
                let counted = counts(place, of: cluster)
                for row in counted.rows {
                    out += "\(prefix)\(row.name)::\(row.value)\n".utf8
                }
                let priority = cluster.priority(of: place.endpoint)
                for (name, value) in Self.facts(place.endpoint, counted, priority) {
                    out += "\(prefix)\(name)::\(value)\n".utf8
                }
            }
        }
        return out
    }

    var json: JSON {
        let statuses = snapshot.clusters.map { cluster -> JSON in
            let hosts = places(of: cluster).map { json($0, of: cluster) }
            var members: [(String, JSON)] = [
                ("name", JSON(cluster.name)), ("observability_name", JSON(cluster.name)),
                ("added_via_api", true), ("host_statuses", .array(hosts)),
            ]
            let known = nameRows(cluster)
            if !known.isEmpty {
                members.append(("dns", .object(known.map { ($0.0, JSON($0.1)) })))
            }
            return .object(members)
        }
        return ["cluster_statuses": .array(statuses)]
    }

    private func json(_ place: Place, of cluster: Cluster) -> JSON {
        let stats = counts(place, of: cluster).rows.map { row -> JSON in
            let value: [(String, JSON)] = [
                ("name", JSON(row.name)), ("value", JSON("\(row.value)")),
            ]
            return .object(row.isGauge ? [("type", "GAUGE")] + value : value)
        }
        let endpoint = place.endpoint
        let locality = Self.locality(endpoint)
        let named: JSON = [
            "socket_address": [
                "address": JSON(endpoint.address), "port_value": JSON(endpoint.port),
            ]
        ]
        return [
            "address": place.address.map { ProxyProcess.json($0) } ?? named,
            "hostname": JSON(endpoint.isName ? endpoint.address : ""),
            "stats": .array(stats),
            "health_status": counts(place, of: cluster).isEjected
                ? ["failed_outlier_check": true, "eds_health_status": "HEALTHY"]
                : ["eds_health_status": "HEALTHY"],
            "weight": JSON(endpoint.weight),
            "priority": JSON(UInt32(cluster.priority(of: endpoint))),
            "locality": [
                "region": JSON(locality.region), "zone": JSON(locality.zone),
                "sub_zone": JSON(locality.subZone),
            ],
        ]
    }

    private func counts(_ place: Place, of cluster: Cluster) -> Counts {
        counted[Key(cluster: cluster.name, address: place.text)] ?? Counts()
    }

    private func places(of cluster: Cluster) -> [Place] {
        let own = cluster.endpoints.flatMap { endpoint -> [Place] in
            guard endpoint.isName, cluster.discovery == .allAddresses else {
                let address = SocketAddress(host: endpoint.address, port: endpoint.port)
                return [Place(endpoint: endpoint, text: endpoint.addressText, address: address)]
            }
            return (names[endpoint.address]?.addresses ?? []).map {
                let address = $0.with(port: endpoint.port)
                return Place(endpoint: endpoint, text: "\(address)", address: address)
            }
        }
        let texts = Set(own.map(\.text))
        return own
            + (called[cluster.name] ?? []).filter { !texts.contains($0.text) }
            .sorted { $0.text < $1.text }
    }

    /// What DNS said of its names: `dns.app.example.com.stale`, `false`.
    private func nameRows(_ cluster: Cluster) -> [(String, String)] {
        guard cluster.discovery != .fixed else { return [] }
        return cluster.endpoints.filter(\.isName).flatMap { endpoint -> [(String, String)] in
            guard let record = names[endpoint.address] else { return [] }
            let left = record.refreshAtMs > nowMs ? (record.refreshAtMs - nowMs) / 1000 : 0
            var rows = [
                ("addresses", record.addresses.map(\.host).joined(separator: ",")),
                ("ttl_seconds", "\(left)"), ("stale", "\(record.isStale)"),
            ]
            if let problem = record.problem, record.addresses.isEmpty || record.isStale {
                rows.append(("problem", "\(problem)"))
            }
            return rows.map { ("dns.\(endpoint.address).\($0.0)", $0.1) }
        }
    }

    private static func clusterRows(_ cluster: Cluster) -> [(String, String)] {
        let limits = cluster.pool?.limits ?? PoolPolicy.Limits()
        return [
            ("observability_name", cluster.name), ("added_via_api", "true"),
            ("default_priority::max_connections", "\(limits.connections)"),
            ("default_priority::max_pending_requests", "\(limits.pendingRequests)"),
            ("default_priority::max_requests", "\(limits.requests)"),
            ("default_priority::max_retries", "\(limits.retries)"),
            ("lb_policy", "\(cluster.loadBalancing)"),
            ("connect_timeout_ms", "\(cluster.connectTimeoutMs)"),
        ]
    }

    private static func facts(
        _ endpoint: Endpoint, _ counts: Counts, _ priority: Int
    ) -> [(String, String)] {
        let place = locality(endpoint)
        return [
            ("hostname", endpoint.isName ? endpoint.address : ""),
            ("health_flags", counts.isEjected ? "/failed_outlier_check" : "healthy"),
            ("ejections", "\(counts.ejectionsTotal)"), ("weight", "\(endpoint.weight)"),
            ("region", place.region), ("zone", place.zone), ("sub_zone", place.subZone),
            ("canary", "false"), ("priority", "\(priority)"), ("success_rate", "-1.0"),
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
        isEjected = isEjected || report.isEjected
        // Every worker knows of all of them.
        ejectionsTotal = max(ejectionsTotal, report.ejectionsTotal)
    }
}

extension Cluster {
    /// Endpoints that nobody has written down.
    fileprivate var callsBringEndpoints: Bool { original != nil || dynamic != nil }
}
