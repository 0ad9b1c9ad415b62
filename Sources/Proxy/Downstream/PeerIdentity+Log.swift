// What an access log can ask about the TLS of a client's connection.
// In the clear, and where the client showed no certificate, all of it is absent.
import PKI
import TLS
import Telemetry

extension AccessLogText {
    /// Appends the value of a `DOWNSTREAM_PEER_*` or `DOWNSTREAM_TLS_*` operator.
    /// - Returns: false where it is absent, or another operator's.
    func append(_ identity: PeerIdentity?, _ tls: TLSStream?, to line: inout [UInt8]) -> Bool {
        switch self {
        case .downstreamTLSVersion: return append(tls?.version, to: &line)
        case .downstreamTLSCipher: return append(tls?.cipherSuite, to: &line)
        case .requestedServerName: return append(tls?.serverName, to: &line)
        case .downstreamLocalURISAN: return append(identity?.ownPrincipal, to: &line)
        case .downstreamPeerSubject: return append(identity?.certificate.subject, to: &line)
        case .downstreamPeerFingerprint256:
            return append(identity.map { Hex.text($0.certificate.fingerprint) }, to: &line)
        case .downstreamPeerURISAN:
            return append(
                identity?.names.compactMap { if case .uri(let text) = $0 { text } else { nil } }
                    .joined(separator: ","), to: &line)
        case .downstreamPeerDNSSAN:
            return append(
                identity?.names.compactMap { if case .dns(let text) = $0 { text } else { nil } }
                    .joined(separator: ","), to: &line)
        default: return false
        }
    }

    private func append(_ value: String?, to line: inout [UInt8]) -> Bool {
        guard let value, !value.isEmpty else { return false }
        line.append(contentsOf: value.utf8)
        return true
    }
}
