// The Prometheus page as it is written: metrics one after the other, each with its head once.
// It remembers the metric it is in, so that steps can stop anywhere and go on later.

struct PrometheusPage {
    let selection: StatSelection
    var bytes: [UInt8] = []
    /// The metric whose head was written last.
    private var current: [UInt8] = []

    init(selection: StatSelection) {
        self.selection = selection
    }

    func wants(metric name: String) -> Bool {
        selection.filter?(name) ?? true
    }

    /// Writes the HELP and TYPE lines when the metric begins.
    mutating func begin(_ name: [UInt8], help: String, type: String) {
        if name == current { return }
        current = name
        bytes.appendMetricHead(name, help: help, type: type)
    }

    /// One metric of some tables; `members` are several for the response classes.
    mutating func append<Family>(
        _ name: [UInt8], members: [Family], of tables: ArraySlice<StatScope<Family>.Table>,
        in scope: StatScope<Family>
    ) {
        for table in tables {
            for stat in members where selection.wants(stat, of: table, in: scope) {
                let definition = stat.definition
                begin(
                    name,
                    help: definition.responseCodeClass == nil
                        ? definition.help : "Answers by class of status",
                    type: definition.kind == .counter ? "counter" : "gauge")
                bytes.append(contentsOf: name)
                appendLabels(definition, of: table, in: scope)
                bytes.append(UInt8(ascii: " "))
                bytes.append(decimal: table.values[stat])
                bytes.append(UInt8(ascii: "\n"))
            }
        }
    }

    private mutating func appendLabels<Family>(
        _ definition: StatDefinition, of table: StatScope<Family>.Table,
        in scope: StatScope<Family>
    ) {
        if definition.responseCodeClass == nil && scope.label == nil { return }
        bytes.append(UInt8(ascii: "{"))
        if let codeClass = definition.responseCodeClass {
            bytes.appendLabel("response_code_class", codeClass, first: true)
        }
        if let label = scope.label {
            bytes.appendLabel(
                label, table.labelValues.0, first: definition.responseCodeClass == nil)
        }
        if let second = scope.secondLabel {
            bytes.appendLabel(second, table.labelValues.1, first: false)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// `envoy_cluster_upstream_rq_total`; dots become underscores, and a class loses its `_2xx`.
    static func metricName<Family>(of stat: Family, in scope: StatScope<Family>) -> [UInt8] {
        var name: [UInt8] = []
        name.append(scope.metricPrefix)
        name.append(stat.definition.name)
        if stat.definition.responseCodeClass != nil { name.removeLast("_2xx".utf8.count) }
        return name.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }
    }
}
