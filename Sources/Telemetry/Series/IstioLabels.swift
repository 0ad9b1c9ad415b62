// The labels of Istio's standard metrics: who called whom, how it ended.
// They are spelled as in Istio's telemetry, missing values included, so that queries written for a
// mesh (Grafana's Istio dashboards, Kiali) find what they look for.

/// One set of label values. Empty strings are printed as Istio prints a missing value: `unknown`,
/// `latest` for a canonical revision, nothing for a gRPC status.
public struct IstioLabels: Sendable, Hashable {
    public enum Reporter: String, Sendable { case source, destination, waypoint }

    /// A gateway and a client's sidecar are the source's side.
    public var reporter = Reporter.source
    public var source = Peer()
    public var destination = Peer()
    /// The host of the service, `reviews.default.svc.cluster.local`.
    public var destinationService = ""
    /// `reviews`, or `PassthroughCluster`, `BlackHoleCluster`.
    public var destinationServiceName = ""
    public var destinationServiceNamespace = ""
    /// `http`, `grpc` or `tcp`
    public var requestProtocol = "http"
    /// 0 when the client left before there was a response.
    public var responseCode: UInt16 = 0
    /// Only for gRPC.
    public var grpcResponseStatus = ""
    public var responseFlags = ResponseFlags()
    /// `mutual_tls` or `none`; a source cannot know: `unknown`.
    public var connectionSecurityPolicy = ""

    public init() {}

    /// One side of a request.
    public struct Peer: Sendable, Hashable {
        public var workload = ""
        public var workloadNamespace = ""
        /// `spiffe://cluster.local/ns/default/sa/reviews`
        public var principal = ""
        public var app = ""
        public var version = ""
        public var cluster = ""
        public var canonicalService = ""
        public var canonicalRevision = ""

        public init() {}
    }
}
