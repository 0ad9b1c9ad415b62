// The workloads of Istio's other tutorials: httpbin and tcp-echo, two versions of each.
// They stand without sidecars, as services do that a mesh has not taken in yet; callers' proxies do
// all that the tutorials show.
public import Net

public enum SampleWorkload: String, CaseIterable, Sendable {
    case httpbinV1
    case httpbinV2
    case tcpEchoV1
    case tcpEchoV2

    /// The service it belongs to, `tcp-echo`.
    public var service: String {
        switch self {
        case .httpbinV1, .httpbinV2: "httpbin"
        case .tcpEchoV1, .tcpEchoV2: "tcp-echo"
        }
    }

    /// The label `version` of the workload.
    public var version: String {
        switch self {
        case .httpbinV1, .tcpEchoV1: "v1"
        case .httpbinV2, .tcpEchoV2: "v2"
        }
    }

    /// As gateways/samples calls it, `httpbin-v2`.
    public var name: String { "\(service)-\(version)" }

    /// 127.0.0.31 to 127.0.0.34, in the order of the cases.
    public func address(port: UInt16) -> SocketAddress {
        let place = UInt32(Self.allCases.firstIndex(of: self) ?? 0)
        return .v4(0x7F00_001F + place, port: port)
    }
}
