// A Prometheus page that is made while it is sent.
// A page can be a thousand times larger than the numbers in it, labels being what they are; held
// whole it would be the largest thing in the process.

public struct PrometheusPieces: Sequence, IteratorProtocol {
    /// A piece is at least this large, except the last, and not much larger.
    public static let pieceBytes = 64 * 1024
    /// Series and tables written in one step.
    private static let rowsPerStep = 16

    private var page: PrometheusPage
    private var steps: [(inout PrometheusPage) -> Void] = []
    private var nextStep = 0

    init(_ sample: MetricsSample, _ selection: StatSelection) {
        page = PrometheusPage(selection: selection)
        steps.append { $0.appendBuild(version: sample.version) }
        plan(sample.requests)
        plan(sample.tcp)
        plan(sample.clusterScope)
        plan(sample.discoveryScope)
        plan(sample.protectionScope)
        plan(sample.httpScope)
        plan(sample.routeScope)
        plan(sample.listenerScope)
        plan(sample.serverScope)
        plan(sample.configScope)
    }

    /// nil after the last piece.
    public mutating func next() -> [UInt8]? {
        page.bytes.removeAll(keepingCapacity: true)
        while nextStep < steps.count, page.bytes.count < Self.pieceBytes {
            steps[nextStep](&page)
            nextStep += 1
        }
        return page.bytes.isEmpty ? nil : page.bytes
    }

    private mutating func plan<Values: SeriesValues>(_ series: [IstioLabels: Values]) {
        let rows = PrometheusPage.rows(series)
        for metric in Values.metrics where page.wants(metric: metric.name) {
            plan(rows) { $0.append(metric, $1) }
        }
    }

    private mutating func plan<Family>(_ scope: StatScope<Family>) {
        // The five response classes are one metric, so its lines must stand together.
        var metrics: [(name: [UInt8], members: [Family])] = []
        for stat in Family.allCases {
            let name = PrometheusPage.metricName(of: stat, in: scope)
            if let known = metrics.firstIndex(where: { $0.name == name }) {
                metrics[known].members.append(stat)
            } else {
                metrics.append((name, [stat]))
            }
        }
        for metric in metrics {
            plan(scope.tables) {
                $0.append(metric.name, members: metric.members, of: $1, in: scope)
            }
        }
    }

    private mutating func plan<Row>(
        _ rows: [Row], _ write: @escaping (inout PrometheusPage, ArraySlice<Row>) -> Void
    ) {
        for start in stride(from: 0, to: rows.count, by: Self.rowsPerStep) {
            let some = rows[start..<Swift.min(start + Self.rowsPerStep, rows.count)]
            steps.append { write(&$0, some) }
        }
    }
}
