// A finished TCP connection as the access log asks about it; Istio prints `"- - -" 0` for such
// lines.
import Mesh
import Net
import TLS
import Telemetry

struct TCPLogRecord: AccessLogSource {
    let startWallNs: UInt64
    let durationMs: UInt64
    let peer: SocketAddress
    let called: SocketAddress?
    let listener: Listener
    let identity: PeerIdentity?
    let tls: TLSStream?
    let serverName: String?
    let cluster: ClusterState?
    let upstreamAddress: SocketAddress?
    let flags: ResponseFlags
    let failureReason: String?
    let bytesReceived: UInt64
    let bytesSent: UInt64

    var startTime: (seconds: Int64, nanoseconds: UInt32) {
        (Int64(startWallNs / 1_000_000_000), UInt32(startWallNs % 1_000_000_000))
    }

    var responseFlags: ResponseFlags { flags }

    func number(_ field: AccessLogNumber) -> UInt64? {
        switch field {
        case .responseCode: 0
        case .bytesReceived: bytesReceived
        case .bytesSent: bytesSent
        case .duration: durationMs
        case .downstreamRemotePort: UInt64(peer.port)
        case .downstreamLocalPort: UInt64(called?.port ?? listener.spec.port)
        case .upstreamRemotePort: upstreamAddress.map { UInt64($0.port) }
        default: nil
        }
    }

    func append(_ field: AccessLogText, to line: inout [UInt8]) -> Bool {
        switch field {
        case .upstreamTransportFailureReason:
            guard let failureReason else { return false }
            line.append(contentsOf: failureReason.utf8)
        case .upstreamHost, .upstreamRemoteAddress:
            guard let upstreamAddress else { return false }
            line.append(upstreamAddress)
        case .upstreamRemoteAddressWithoutPort:
            guard let upstreamAddress else { return false }
            line.append(host: upstreamAddress)
        case .upstreamCluster, .upstreamClusterRaw:
            guard let cluster else { return false }
            line.append(contentsOf: cluster.cluster.name.utf8)
        case .downstreamRemoteAddress, .downstreamDirectRemoteAddress: line.append(peer)
        case .downstreamRemoteAddressWithoutPort, .downstreamDirectRemoteAddressWithoutPort:
            line.append(host: peer)
        case .requestedServerName:
            guard let serverName else { return false }
            line.append(contentsOf: serverName.utf8)
        case .downstreamLocalAddress:
            guard let called else { return false }
            line.append(called)
        case .downstreamLocalAddressWithoutPort:
            guard let called else { return false }
            line.append(host: called)
        case .hostname: line.append(contentsOf: listener.worker.hostname)
        default: return field.append(identity, tls, to: &line)
        }
        return true
    }

    func appendRequestHeader(_ name: [UInt8], to line: inout [UInt8]) -> Bool { false }
    func appendResponseHeader(_ name: [UInt8], to line: inout [UInt8]) -> Bool { false }
    func appendResponseTrailer(_ name: [UInt8], to line: inout [UInt8]) -> Bool { false }
}
