// What a statistic is called, what it counts and how copies of it add up, in one row.
// `/stats`, `/stats/prometheus` and the documentation all read the same row, so they cannot differ.

/// One statistic of a family.
public struct StatDefinition: Sendable {
    public enum Kind: Sendable {
        /// Only rises; the loops' values are added.
        case counter
        /// Rises and falls with each loop's own share (open connections); the values are added.
        case gauge
        /// One fact that every loop sees alike (members of a cluster); the largest value counts.
        case level
    }

    /// Envoy's name inside its scope: `upstream_rq_total`.
    public let name: String
    /// One sentence for the `# HELP` line and the documentation.
    public let help: String
    public let kind: Kind
    /// `2xx` for `upstream_rq_2xx`: Istio's proxies publish such a counter as
    /// `envoy_cluster_upstream_rq{response_code_class="2xx"}`.
    public let responseCodeClass: String?

    public init(
        _ name: String, _ kind: Kind, _ help: String,
        responseCodeClass: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.responseCodeClass = responseCodeClass
    }
}

/// A closed list of statistics that live and are read together; the raw value of a case is its
/// place in `StatValues`.
public protocol StatFamily: CaseIterable, Hashable, RawRepresentable, Sendable
where RawValue == Int {
    var definition: StatDefinition { get }
}
