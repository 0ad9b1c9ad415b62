// What would become of a request, and why.
// A typed answer first, so that the command line, the admin page and tests read the same thing.
public import Spec

public struct Explanation: Sendable {
    public let request: ExplainRequest
    /// Whether a gateway was asked; else a workload's sidecar.
    public let isGateway: Bool
    /// The listener that takes it; nil where none listens there.
    public var listener: Place?
    /// Of a TLS listener: the server that the client's server name leads to.
    public var chain: Place?
    /// `bookinfo.example.com:80`
    public var virtualHost: Place?
    /// The route that takes it.
    public var rule: Place?
    public var outcome: Outcome
    /// What happens on the way, a line each: rewrites, header operations.
    public var steps: [String] = []
    public var destinations: [Share] = []
    /// What was asked before the answer was found, in order, and why each lost.
    public var tried: [Trial] = []
    /// What was probably meant.
    public var hints: [String] = []
    /// Of destinations that are gateways themselves: what those make of it.
    public internal(set) var hops: [Hop] = []

    public struct Hop: Sendable {
        /// The workload that the gateway is: `istio-egressgateway.istio-system`
        public let gateway: String
        public let explanation: Explanation
    }

    public enum Outcome: Sendable, Equatable {
        case forwarded
        /// The whole connection, TLS taken off.
        case connected
        /// The whole connection, TLS and all.
        case passedThrough
        /// The status and where to.
        case redirected(status: UInt16, location: String)
        case answered(status: UInt16, bodyBytes: Int)
        /// 503 NC or UH: the rule is there and what it names is not.
        case unavailable(reason: String)
        /// 404 NR
        case noListener, noVirtualHost, noRoute
        /// No server of the TLS listener takes the server name: the connection is closed.
        case noFilterChain
        /// Of a sidecar: nothing describes the host, or not on this listener.
        case unknownHost(status: UInt16)
        /// 421: another server of the port serves the authority.
        case misdirected
    }

    /// A part of the configuration that took the request.
    public struct Place: Sendable {
        public let title: String
        public let origins: [Origin]
    }

    /// One destination, its share of the requests and who answers there.
    public struct Share: Sendable {
        public let cluster: String
        /// Of all requests to this rule, 0 to 100.
        public let percent: Double
        /// Where the destination is written.
        public let location: SourceLocation?
        /// The Service or ServiceEntry, and the DestinationRule.
        public let origins: [Origin]
        public let endpoints: [Member]
        public let steps: [String]
        /// Why its requests get 503; nil where they do not.
        public let problem: String?
    }

    public struct Member: Sendable {
        /// `10.0.0.1:9080`
        public let address: String
        public let weight: UInt32
        /// Its place in line and in the world; nil where all stand together.
        public let standing: String?
        /// Whether it is called by TLS, and why; nil where nothing is said about the mesh.
        public let security: String?
        public let origin: Origin
    }

    /// Something that was asked and did not take the request.
    public struct Trial: Sendable {
        public let title: String
        public let location: SourceLocation?
        public let reasons: [String]
    }
}
