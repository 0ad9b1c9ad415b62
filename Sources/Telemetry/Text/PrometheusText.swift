// `/stats/prometheus` and `/metrics`: everything as Prometheus text, version 0.0.4.
// Istio's metrics keep Istio's names and labels, Envoy's statistics get the names Istio's proxies
// give them, and ours begin with `isthmus_`; dashboards made for a mesh work unchanged.

public enum PrometheusText {
    /// The value for the `content-type` header.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// - Parameters:
    ///   - usedOnly: leave out Envoy statistics that have never counted anything.
    ///   - filter: gets the name as `/stats` prints it, for Istio's metrics the metric's name;
    ///     what it returns false for is left out.
    /// - Returns: UTF-8.
    public static func render(
        _ sample: MetricsSample, usedOnly: Bool = false, filter: ((String) -> Bool)? = nil
    ) -> [UInt8] {
        var page = PrometheusPage(
            selection: StatSelection(usedOnly: usedOnly, filter: filter))
        page.appendBuild(version: sample.version)
        page.appendRequests(sample.requests)
        page.appendTCP(sample.tcp)
        page.append(sample.clusterScope)
        page.append(sample.httpScope)
        page.append(sample.listenerScope)
        page.append(sample.serverScope)
        page.append(sample.configScope)
        return page.bytes
    }
}

/// A page being written: one metric after the other, each with its head.
struct PrometheusPage {
    let selection: StatSelection
    var bytes: [UInt8] = []

    init(selection: StatSelection) {
        self.selection = selection
    }

    func wants(metric name: String) -> Bool {
        selection.filter?(name) ?? true
    }

    mutating func append<Family>(_ scope: StatScope<Family>) {
        // The five response classes are one metric, so its lines must stand together.
        var written = Set<[UInt8]>()
        for stat in Family.allCases {
            let name = metricName(of: stat, in: scope)
            guard written.insert(name).inserted else { continue }
            let members = Family.allCases.filter { metricName(of: $0, in: scope) == name }
            append(name, members: Array(members), of: scope)
        }
    }

    private mutating func append<Family>(
        _ name: [UInt8], members: [Family], of scope: StatScope<Family>
    ) {
        var hasHead = false
        for table in scope.tables {
            for stat in members where selection.wants(stat, of: table, in: scope) {
                let definition = stat.definition
                if !hasHead {
                    let type: String = definition.kind == .counter ? "counter" : "gauge"
                    let help: String =
                        definition.responseCodeClass == nil
                        ? definition.help : "Answers by class of status"
                    bytes.appendMetricHead(name, help: help, type: type)
                    hasHead = true
                }
                bytes.append(contentsOf: name)
                appendLabels(definition, of: table.name, in: scope)
                bytes.append(UInt8(ascii: " "))
                bytes.append(decimal: table.values[stat])
                bytes.append(UInt8(ascii: "\n"))
            }
        }
    }

    private mutating func appendLabels<Family>(
        _ definition: StatDefinition, of table: String, in scope: StatScope<Family>
    ) {
        if definition.responseCodeClass == nil && scope.label == nil { return }
        bytes.append(UInt8(ascii: "{"))
        if let codeClass = definition.responseCodeClass {
            bytes.appendLabel("response_code_class", codeClass, first: true)
        }
        if let label = scope.label {
            bytes.appendLabel(label, table, first: definition.responseCodeClass == nil)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// `envoy_cluster_upstream_rq_total`; dots become underscores, and a class loses its `_2xx`.
    private func metricName<Family>(of stat: Family, in scope: StatScope<Family>) -> [UInt8] {
        var name: [UInt8] = []
        name.append(scope.metricPrefix)
        name.append(stat.definition.name)
        if stat.definition.responseCodeClass != nil { name.removeLast("_2xx".utf8.count) }
        return name.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }
    }
}
