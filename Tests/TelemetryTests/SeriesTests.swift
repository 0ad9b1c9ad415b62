// Histograms and Istio's series: where values fall, what labels keep apart, and the limit.
import Testing

@testable import Telemetry

@Suite("Series of Istio's metrics")
struct SeriesTests {
    /// The bounds as Istio's documentation lists them.
    private static let bounds: [Double] = [
        0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300_000,
        600_000, 1_800_000, 3_600_000,
    ]

    @Test("the printed bounds are Envoy's")
    func printedBounds() {
        #expect(HistogramBounds.text.map { Double($0) } == Self.bounds)
        #expect(HistogramBounds.bucketCount == Self.bounds.count + 1)
    }

    @Test("a value falls into the first bucket whose bound is not below it")
    func buckets() {
        var values: Set<UInt64> = [0, 1, 2, 3, 4, .max]
        for bound in Self.bounds.map({ UInt64($0) }) {
            values.formUnion([bound, bound + 1, bound == 0 ? 0 : bound - 1])
        }
        for value in values {
            let wanted = Self.bounds.firstIndex { Double(value) <= $0 } ?? Self.bounds.count
            #expect(HistogramBounds.bucket(of: value) == wanted, "value \(value)")
        }
    }

    @Test("a histogram keeps count and sum")
    func countAndSum() {
        var histogram = Histogram()
        for value: UInt64 in [0, 3, 3, 700, 4_000_000] { histogram.record(value) }
        #expect(histogram.count == 5)
        #expect(histogram.sum == 4_000_706)
        #expect(histogram.count(inBucket: 0) == 1)
        #expect(histogram.count(inBucket: 2) == 2)
        #expect(histogram.count(inBucket: 19) == 1)
    }

    @Test("labels that differ anywhere are kept apart")
    func labelsApart() {
        let loop = LoopMetrics()
        var labels = IstioLabels()
        labels.destinationService = "reviews.default.svc.cluster.local"
        labels.responseCode = 200
        let good = loop.requestSeries(labels: labels)
        #expect(loop.requestSeries(labels: labels) === good)
        labels.responseCode = 503
        let bad = loop.requestSeries(labels: labels)
        #expect(bad !== good)
        labels.responseFlags = .noHealthyUpstream
        #expect(loop.requestSeries(labels: labels) !== bad)
        labels.destination.version = "v2"
        _ = loop.requestSeries(labels: labels)
        #expect(loop.sample().requests.count == 4)
    }

    @Test("the same series of two loops are added up")
    func merging() {
        let loops = [LoopMetrics(), LoopMetrics()]
        for loop in loops {
            loop.requestSeries(labels: IstioLabels())
                .record(durationMs: 7, requestBytes: 10, responseBytes: 100)
            let tcp = loop.tcpSeries(labels: IstioLabels())
            tcp.recordOpened()
            tcp.recordSent(bytes: 5)
            tcp.recordReceived(bytes: 6)
        }
        loops[0].tcpSeries(labels: IstioLabels()).recordClosed()
        let whole = MetricsSample.merge(loops.map { $0.sample() })
        let values = whole.requests[IstioLabels()]
        #expect(values?.durationMs.count == 2)
        #expect(values?.durationMs.sum == 14)
        #expect(values?.requestBytes.sum == 20)
        #expect(values?.responseBytes.sum == 200)
        let tcp = whole.tcp[IstioLabels()]
        #expect(tcp?.opened == 2)
        #expect(tcp?.closed == 1)
        #expect(tcp?.sentBytes == 10)
        #expect(tcp?.receivedBytes == 12)
    }

    @Test("beyond the limit, label sets are counted in one series")
    func limit() {
        let loop = LoopMetrics(seriesMax: 3)
        var labels = IstioLabels()
        for code: UInt16 in 200..<220 {
            labels.responseCode = code
            loop.requestSeries(labels: labels)
                .record(durationMs: 1, requestBytes: 0, responseBytes: 0)
            loop.tcpSeries(labels: labels).recordOpened()
        }
        let sample = loop.sample()
        #expect(sample.requests.count == 4)
        #expect(sample.requests[.beyondLimit]?.durationMs.count == 17)
        #expect(sample.tcp.count == 4)
        #expect(sample.tcp[.beyondLimit]?.opened == 17)
    }
}
