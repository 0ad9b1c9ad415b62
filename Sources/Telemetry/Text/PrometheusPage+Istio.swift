// Istio's standard metrics on the Prometheus page.
// Their label sets are long and the same for several metrics, so each set is written once and
// copied.

/// One of Istio's metrics: how it is called and how it is taken from a series.
struct IstioMetric<Values> {
    enum Kind {
        case counter((Values) -> UInt64)
        case histogram((Values) -> Histogram)
    }

    let name: String
    let help: String
    let kind: Kind
}

/// The values of a series that stands behind some of Istio's metrics.
protocol SeriesValues {
    static var metrics: [IstioMetric<Self>] { get }
    /// TCP metrics are not about responses and have no labels for them.
    static var describesResponses: Bool { get }
}

extension RequestValues: SeriesValues {
    static var describesResponses: Bool { true }

    static var metrics: [IstioMetric<RequestValues>] {
        [
            IstioMetric(
                name: "istio_requests_total", help: "Requests",
                kind: .counter { $0.durationMs.count }),
            IstioMetric(
                name: "istio_request_duration_milliseconds",
                help: "Time from the first byte of a request to the last of its response",
                kind: .histogram { $0.durationMs }),
            IstioMetric(
                name: "istio_request_bytes", help: "Bytes of request bodies",
                kind: .histogram { $0.requestBytes }),
            IstioMetric(
                name: "istio_response_bytes", help: "Bytes of response bodies",
                kind: .histogram { $0.responseBytes }),
        ]
    }
}

extension TCPValues: SeriesValues {
    static var describesResponses: Bool { false }

    static var metrics: [IstioMetric<TCPValues>] {
        [
            IstioMetric(
                name: "istio_tcp_connections_opened_total", help: "Connections opened",
                kind: .counter { $0.opened }),
            IstioMetric(
                name: "istio_tcp_connections_closed_total", help: "Connections closed",
                kind: .counter { $0.closed }),
            IstioMetric(
                name: "istio_tcp_sent_bytes_total", help: "Bytes sent to clients",
                kind: .counter { $0.sentBytes }),
            IstioMetric(
                name: "istio_tcp_received_bytes_total", help: "Bytes received from clients",
                kind: .counter { $0.receivedBytes }),
        ]
    }
}

extension PrometheusPage {
    /// `istio_build`, which dashboards read to tell versions apart.
    mutating func appendBuild(version: String) {
        guard wants(metric: "istio_build") else { return }
        begin(Array("istio_build".utf8), help: "Version of the component", type: "gauge")
        bytes.append("istio_build{")
        bytes.appendLabel("component", "proxy", first: true)
        bytes.appendLabel("tag", version.isEmpty ? "unknown" : version)
        bytes.append("} 1\n")
    }

    typealias Row<Values> = (labels: [UInt8], values: Values)

    /// The series with their labels as text, sorted by it, so that two scrapes can be compared.
    static func rows<Values: SeriesValues>(
        _ series: [IstioLabels: Values]
    ) -> [Row<Values>] {
        series
            .map { labels, values in
                var text: [UInt8] = []
                labels.appendLabels(to: &text, responses: Values.describesResponses)
                return (labels: text, values: values)
            }
            .sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }

    mutating func append<Values>(
        _ metric: IstioMetric<Values>, _ rows: ArraySlice<Row<Values>>
    ) {
        let name = metric.name
        switch metric.kind {
        case .counter(let value):
            begin(Array(name.utf8), help: metric.help, type: "counter")
            for row in rows { appendLine(name, "{", row.labels, value(row.values)) }
        case .histogram(let value):
            begin(Array(name.utf8), help: metric.help, type: "histogram")
            for row in rows { appendHistogram(name, row.labels, value(row.values)) }
        }
    }

    private mutating func appendHistogram(
        _ name: String, _ labels: [UInt8], _ histogram: Histogram
    ) {
        var below: UInt64 = 0
        for bucket in 0..<HistogramBounds.bucketCount {
            below &+= histogram.count(inBucket: bucket)
            bytes.append(name)
            bytes.append("_bucket{")
            bytes.append(contentsOf: labels)
            bytes.append(#",le=""#)
            let isLast = bucket == HistogramBounds.text.count
            bytes.append(isLast ? "+Inf" : HistogramBounds.text[bucket])
            bytes.append(#""} "#)
            bytes.append(decimal: below)
            bytes.append(UInt8(ascii: "\n"))
        }
        appendLine(name, "_sum{", labels, histogram.sum)
        appendLine(name, "_count{", labels, below)
    }

    private mutating func appendLine(
        _ name: String, _ suffix: String, _ labels: [UInt8], _ value: UInt64
    ) {
        bytes.append(name)
        bytes.append(suffix)
        bytes.append(contentsOf: labels)
        bytes.append("} ")
        bytes.append(decimal: value)
        bytes.append(UInt8(ascii: "\n"))
    }
}
