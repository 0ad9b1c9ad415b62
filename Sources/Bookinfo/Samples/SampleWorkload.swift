// The workloads of Istio's other tutorials: httpbin and tcp-echo, two versions of each, a details
// that asks an outside book service, and that outside.
// httpbin and tcp-echo stand without sidecars, as services do that a mesh has not taken in yet;
// callers' proxies do all that the tutorials show.
public import Net

public enum SampleWorkload: String, CaseIterable, Sendable {
    case httpbinV1
    case httpbinV2
    case tcpEchoV1
    case tcpEchoV2
    case detailsV2
    case outside

    /// The service it belongs to, `tcp-echo`.
    public var service: String {
        switch self {
        case .httpbinV1, .httpbinV2: "httpbin"
        case .tcpEchoV1, .tcpEchoV2: "tcp-echo"
        case .detailsV2: "details"
        case .outside: "outside"
        }
    }

    /// The label `version` of the workload.
    public var version: String {
        switch self {
        case .httpbinV1, .tcpEchoV1, .outside: "v1"
        case .httpbinV2, .tcpEchoV2, .detailsV2: "v2"
        }
    }

    /// As gateways/samples calls it, `httpbin-v2`.
    public var name: String { "\(service)-\(version)" }

    /// 127.0.0.31 to 127.0.0.34 for those without a sidecar; for the others where only the proxy
    /// in front of them calls, 127.0.1.18 and 127.0.1.41.
    public func address(port: UInt16) -> SocketAddress {
        let host: UInt32 =
            switch self {
            case .httpbinV1: 0x7F00_001F
            case .httpbinV2: 0x7F00_0020
            case .tcpEchoV1: 0x7F00_0021
            case .tcpEchoV2: 0x7F00_0022
            case .detailsV2: 0x7F00_0112
            case .outside: 0x7F00_0129
            }
        return .v4(host, port: port)
    }
}
