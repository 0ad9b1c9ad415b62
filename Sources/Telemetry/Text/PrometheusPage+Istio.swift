// Istio's standard metrics on the Prometheus page.
// Their label sets are long and the same for four metrics, so each set is written once and copied.

extension PrometheusPage {
    /// `istio_build`, which dashboards read to tell versions apart.
    mutating func appendBuild(version: String) {
        guard wants(metric: "istio_build") else { return }
        bytes.appendMetricHead(
            Array("istio_build".utf8), help: "Version of the component", type: "gauge")
        bytes.append("istio_build{")
        bytes.appendLabel("component", "proxy", first: true)
        bytes.appendLabel("tag", version.isEmpty ? "unknown" : version)
        bytes.append("} 1\n")
    }

    mutating func appendRequests(_ series: [IstioLabels: RequestValues]) {
        let rows = Self.rows(series, responses: true)
        if rows.isEmpty { return }
        appendCounter("istio_requests_total", "Requests", rows) { $0.durationMs.count }
        appendHistogram(
            "istio_request_duration_milliseconds",
            "Time from the first byte of a request to the last of its response", rows
        ) { $0.durationMs }
        appendHistogram("istio_request_bytes", "Bytes of request bodies", rows) {
            $0.requestBytes
        }
        appendHistogram("istio_response_bytes", "Bytes of response bodies", rows) {
            $0.responseBytes
        }
    }

    mutating func appendTCP(_ series: [IstioLabels: TCPValues]) {
        let rows = Self.rows(series, responses: false)
        if rows.isEmpty { return }
        appendCounter("istio_tcp_connections_opened_total", "Connections opened", rows) {
            $0.opened
        }
        appendCounter("istio_tcp_connections_closed_total", "Connections closed", rows) {
            $0.closed
        }
        appendCounter("istio_tcp_sent_bytes_total", "Bytes sent to clients", rows) {
            $0.sentBytes
        }
        appendCounter("istio_tcp_received_bytes_total", "Bytes received from clients", rows) {
            $0.receivedBytes
        }
    }

    private typealias Row<Values> = (labels: [UInt8], values: Values)

    /// The series with their labels as text, sorted by it, so that two scrapes can be compared.
    private static func rows<Values>(
        _ series: [IstioLabels: Values], responses: Bool
    ) -> [Row<Values>] {
        series
            .map { labels, values in
                var text: [UInt8] = []
                labels.appendLabels(to: &text, responses: responses)
                return (labels: text, values: values)
            }
            .sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }

    private mutating func appendCounter<Values>(
        _ name: String, _ help: String, _ rows: [Row<Values>],
        value: (Values) -> UInt64
    ) {
        guard wants(metric: name) else { return }
        bytes.appendMetricHead(Array(name.utf8), help: help, type: "counter")
        for row in rows { appendLine(name, "{", row.labels, value(row.values)) }
    }

    private mutating func appendHistogram<Values>(
        _ name: String, _ help: String, _ rows: [Row<Values>],
        value: (Values) -> Histogram
    ) {
        guard wants(metric: name) else { return }
        bytes.appendMetricHead(Array(name.utf8), help: help, type: "histogram")
        for row in rows {
            let histogram = value(row.values)
            var below: UInt64 = 0
            for bucket in 0..<HistogramBounds.bucketCount {
                below &+= histogram.count(inBucket: bucket)
                bytes.append(name)
                bytes.append("_bucket{")
                bytes.append(contentsOf: row.labels)
                let isLast = bucket == HistogramBounds.text.count
                bytes.append(#",le=""#)
                bytes.append(isLast ? "+Inf" : HistogramBounds.text[bucket])
                bytes.append(#""} "#)
                bytes.append(decimal: below)
                bytes.append(UInt8(ascii: "\n"))
            }
            appendLine(name, "_sum{", row.labels, histogram.sum)
            appendLine(name, "_count{", row.labels, below)
        }
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
