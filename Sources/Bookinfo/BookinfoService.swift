// The six services of the demo application, and where each one listens unless told otherwise.
// Every service has a loopback address of its own with Istio's port 9080, so that they look like
// workloads of a mesh to a gateway and to a person with curl.
public import Net

public enum BookinfoService: String, CaseIterable, Sendable {
    case productpage
    case details
    case reviewsV1
    case reviewsV2
    case reviewsV3
    case ratings

    /// Istio's name of the service: `reviews` for all three versions.
    public var name: String {
        switch self {
        case .reviewsV1, .reviewsV2, .reviewsV3: "reviews"
        default: rawValue
        }
    }

    /// The label `version` of the workload.
    public var version: String {
        switch self {
        case .reviewsV2: "v2"
        case .reviewsV3: "v3"
        default: "v1"
        }
    }

    public static let defaultPort: UInt16 = 9080

    /// 127.0.0.21 to 127.0.0.26, in the order of the cases.
    public func defaultAddress(port: UInt16 = defaultPort) -> SocketAddress {
        let last: UInt32 =
            switch self {
            case .productpage: 21
            case .details: 22
            case .reviewsV1: 23
            case .reviewsV2: 24
            case .reviewsV3: 25
            case .ratings: 26
            }
        return .v4(0x7F00_0000 + last, port: port)
    }
}
