// `/stats/prometheus` and `/metrics`: everything as Prometheus text, version 0.0.4.
// Istio's metrics keep Istio's names and labels, Envoy's statistics get the names Istio's proxies
// give them, and ours begin with `isthmus_`; dashboards made for a mesh work unchanged.

public enum PrometheusText {
    /// The value for the `content-type` header.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The whole page. Ten thousand busy hosts make half a gigabyte: see `pieces` for those.
    /// - Parameters:
    ///   - usedOnly: leave out Envoy statistics that have never counted anything.
    ///   - filter: gets the name as `/stats` prints it, for Istio's metrics the metric's name;
    ///     what it returns false for is left out.
    /// - Returns: UTF-8.
    public static func render(
        _ sample: MetricsSample, usedOnly: Bool = false, filter: ((String) -> Bool)? = nil
    ) -> [UInt8] {
        var pieces = pieces(sample, usedOnly: usedOnly, filter: filter)
        var page: [UInt8] = []
        while let piece = pieces.next() { page += piece }
        return page
    }

    /// The same page piece by piece, each made when it is asked for.
    public static func pieces(
        _ sample: MetricsSample, usedOnly: Bool = false, filter: ((String) -> Bool)? = nil
    ) -> PrometheusPieces {
        PrometheusPieces(sample, StatSelection(usedOnly: usedOnly, filter: filter))
    }
}
