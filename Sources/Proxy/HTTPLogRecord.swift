// A finished exchange as the access log asks about it.
import HTTP
import Mesh
import Net
import Telemetry

struct HTTPLogRecord: AccessLogSource {
    private let exchange: Exchange
    private let client: ClientStream
    private let durationMs: UInt64

    init(_ exchange: Exchange, _ client: ClientStream, durationMs: UInt64) {
        self.exchange = exchange
        self.client = client
        self.durationMs = durationMs
    }

    var startTime: (seconds: Int64, nanoseconds: UInt32) {
        (
            Int64(exchange.startWallNs / 1_000_000_000),
            UInt32(exchange.startWallNs % 1_000_000_000)
        )
    }

    var responseFlags: ResponseFlags { exchange.flags }

    func number(_ field: AccessLogNumber) -> UInt64? {
        let startNs = exchange.startNs
        switch field {
        case .responseCode: return UInt64(exchange.status)
        case .bytesReceived: return exchange.requestBytes
        case .bytesSent: return exchange.responseBytes
        case .duration: return durationMs
        case .requestDuration:
            return exchange.requestIsRead ? (exchange.requestReadNs &- startNs) / 1_000_000 : nil
        case .responseDuration:
            return exchange.firstByteNs > 0 ? (exchange.firstByteNs &- startNs) / 1_000_000 : nil
        case .responseTransmitDuration:
            guard exchange.firstByteNs > 0 else { return nil }
            return (exchange.worker.loop.nowNs &- exchange.firstByteNs) / 1_000_000
        case .upstreamRequestAttemptCount:
            return UInt64(exchange.tries.begun)
        case .connectionID: return nil
        case .downstreamLocalPort: return client.localAddress.map { UInt64($0.port) }
        case .downstreamRemotePort: return UInt64(client.peer.port)
        case .upstreamLocalPort: return nil
        case .upstreamRemotePort: return exchange.endpoint.map { UInt64($0.address.port) }
        }
    }

    func append(_ field: AccessLogText, to line: inout [UInt8]) -> Bool {
        switch field {
        case .requestProtocol:
            guard exchange.countsAsRequest, !exchange.request.bytes.isEmpty else { return false }
            line.append(exchange.request.minorVersion == 0 ? "HTTP/1.0" : client.protocolName)
        case .responseCodeDetails:
            if let failure = exchange.failure {
                failure.appendDetails(
                    to: &line, transportReason: exchange.transportReason,
                    cause: failure.hasWordOfItsOwn ? nil : exchange.failureCause)
            } else {
                line.append(exchange.details)
            }
        case .connectionTerminationDetails: return false
        case .requestedServerName, .downstreamPeerURISAN, .downstreamPeerDNSSAN,
            .downstreamPeerSubject, .downstreamPeerFingerprint256, .downstreamLocalURISAN,
            .downstreamTLSVersion, .downstreamTLSCipher:
            return field.append(client.identity, client.tls, to: &line)
        case .upstreamTransportFailureReason:
            guard let reason = exchange.transportReason else { return false }
            line.append(contentsOf: reason.utf8)
        case .upstreamHost, .upstreamRemoteAddress:
            guard let endpoint = exchange.endpoint else { return false }
            line.append(exchange.upstreamAddress ?? endpoint.latestAddress)
        case .upstreamRemoteAddressWithoutPort:
            guard let endpoint = exchange.endpoint else { return false }
            line.append(host: exchange.upstreamAddress ?? endpoint.latestAddress)
        case .upstreamCluster, .upstreamClusterRaw:
            if let cluster = exchange.cluster {
                line.append(contentsOf: cluster.cluster.name.utf8)
            } else if let forward = exchange.forward {
                line.append(
                    contentsOf: forward.destinations[exchange.destinationIndex].clusterName.utf8)
            } else {
                return false
            }
        case .upstreamLocalAddress, .upstreamLocalAddressWithoutPort:
            guard let address = exchange.upstreamLocalAddress else { return false }
            field == .upstreamLocalAddress ? line.append(address) : line.append(host: address)
        case .downstreamLocalAddress:
            guard let address = client.localAddress else { return false }
            line.append(address)
        case .downstreamLocalAddressWithoutPort:
            guard let address = client.localAddress else { return false }
            line.append(host: address)
        case .downstreamRemoteAddress, .downstreamDirectRemoteAddress:
            line.append(client.peer)
        case .downstreamRemoteAddressWithoutPort, .downstreamDirectRemoteAddressWithoutPort:
            line.append(host: client.peer)
        case .routeName:
            guard let route = exchange.route else { return false }
            line.append(contentsOf: route.name.utf8)
        case .virtualHostName:
            guard let host = exchange.virtualHost else { return false }
            line.append(contentsOf: host.name.utf8)
        case .hostname: line.append(contentsOf: exchange.worker.hostname)
        }
        return true
    }

    func appendRequestHeader(_ name: [UInt8], to line: inout [UInt8]) -> Bool {
        let request = exchange.request
        // A head that was refused half-way has no parts to tell.
        guard exchange.countsAsRequest, request.length > 0 || request.methodLength > 0,
            !request.bytes.isEmpty
        else { return false }
        return name.withView { name in
            if name.equals(":method") { return append(request.methodBytes, to: &line) }
            if name.equals(":path") {
                line.append(exchange.path)
                line.append(exchange.queryWithMark)
                return true
            }
            if name.equals(":authority") { return append(request.authorityBytes, to: &line) }
            if name.equals(":scheme") {
                return append(ByteView(client.isSecure ? "https" : "http"), to: &line)
            }
            if name.equals("x-request-id"), !exchange.requestID.isEmpty {
                return append(exchange.requestID.readable, to: &line)
            }
            if name.equals("x-envoy-original-path") { return false }
            if name.equals("x-forwarded-for") {
                var value = Buffer()
                exchange.appendForwardedFor(client, to: &value)
                return append(value.readable, to: &line)
            }
            if name.equals("x-forwarded-client-cert") {
                // As it goes up: what a client says of itself is not what is known of it.
                var value = Buffer()
                exchange.appendForwardedCertificate(client, to: &value)
                return append(value.readable, to: &line)
            }
            guard let value = request.value(named: name) else { return false }
            return append(value, to: &line)
        }
    }

    func appendResponseHeader(_ name: [UInt8], to line: inout [UInt8]) -> Bool {
        name.withView { name in
            if name.equals("x-envoy-upstream-service-time") {
                guard let time = exchange.serviceTimeMs else { return false }
                line.append(contentsOf: String(time).utf8)
                return true
            }
            if name.equals(":status") {
                line.append(contentsOf: String(exchange.status).utf8)
                return true
            }
            guard let value = exchange.response.value(named: name) else { return false }
            return append(value, to: &line)
        }
    }

    func appendResponseTrailer(_ name: [UInt8], to line: inout [UInt8]) -> Bool { false }

    private func append(_ value: ByteView, to line: inout [UInt8]) -> Bool {
        guard !value.isEmpty else { return false }
        line.append(value)
        return true
    }
}
