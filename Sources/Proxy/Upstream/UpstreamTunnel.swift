// What a CONNECT asks for: a connection to an endpoint that carries this client's bytes alone.
// It is never pooled, and there is no request to send: as soon as it stands, both sides become a
// tunnel (RFC 9110 section 9.3.6).
import HTTP
import Mesh
import Net
import TLS
import Telemetry

final class UpstreamTunnel: UpstreamStream {
    private var socket: StreamSocket
    private let address: SocketAddress
    private let security: UpstreamSecurity?
    private var timer = TimerID.none

    private init(
        _ socket: consuming StreamSocket, to address: SocketAddress, security: UpstreamSecurity?,
        endpoint: EndpointState, worker: Worker
    ) {
        self.address = address
        self.socket = socket
        self.security = security
        super.init(endpoint: endpoint, worker: worker)
    }

    static func open(
        to endpoint: EndpointState, _ security: UpstreamSecurity?, for ends: ClientEnds?,
        worker: Worker
    ) throws(DialFailure) -> UpstreamTunnel {
        let tunnel: UpstreamTunnel
        let address = endpoint.addressToDial()
        do throws(DialFailure) {
            let tls = try security?.stream(for: .bytes, wallNs: worker.loop.wallNs)
            tunnel = UpstreamTunnel(
                try StreamSocket.dial(endpoint, at: address, tls, for: ends), to: address,
                security: security,
                endpoint: endpoint, worker: worker)
        } catch {
            throw endpoint.failed(error, at: address)
        }
        do throws(NetError) {
            try worker.loop.add(tunnel, descriptor: tunnel.socket.descriptor, for: .stream)
        } catch {
            tunnel.socket.close(worker.loop)
            throw .connect(error.reason)
        }
        endpoint.connectionOpened()
        tunnel.timer = worker.loop.timers.schedule(
            afterMs: UInt64(endpoint.cluster.cluster.connectTimeoutMs), target: tunnel, tag: 0)
        return tunnel
    }

    override var stands: Bool { socket.stage == .standing }

    override func begin(_ exchange: Exchange) {
        self.exchange = exchange
        exchange.claims.wait(in: endpoint.cluster)
        if endpoint.cluster.rotation != nil { exchange.upstreamAddress = address }
        // Connected at once: the exchange is told from the loop, never inside its own call.
        if socket.stage == .standing { loop.again(self) }
    }

    /// What the client says waits for the tunnel.
    override var canTakeBody: Bool { false }

    override func resumed() {
        if exchange != nil { stands(behind: .empty) }
    }

    override func ready(_ readiness: Readiness) {
        guard exchange != nil, socket.stage != .standing else { return }
        var count = 0
        do throws(DialFailure) {
            let stands = try socket.rise(readiness, loop, counting: &count)
            stats.add(.upstreamCxRxBytesTotal, UInt64(count))
            if !stands { return }
        } catch {
            fail(.remoteConnectionFailure, reason: endpoint.failed(error, at: address).reason)
            return
        }
        if let tls = socket.tls {
            stats.add(.sslHandshake)
            if tls.isResumed { stats.add(.sslSessionReused) }
            security?.keep(tls.takeSession())
        }
        stands(behind: socket.tls == nil ? .empty : loop.scratch.readable)
    }

    override func timerFired(tag: UInt8) {
        guard socket.stage != .standing else { return }
        stats.add(.upstreamCxConnectTimeout)
        fail(.connectionTimeout, reason: endpoint.failed(.timeout, at: address).reason)
    }

    /// - Parameter behind: what the endpoint said with its handshake.
    private func stands(behind: ByteView) {
        guard let exchange else { return }
        exchange.claims.waitEnded()
        loop.timers.cancel(timer)
        loop.remove(descriptor: socket.descriptor)
        self.exchange = nil
        var early = Buffer()
        early.append(behind)
        var handed = StreamSocket(-1)
        swap(&handed, &socket)
        exchange.tunnelStands(
            SocketEnd(handed, worker: worker, isDownstream: false), endpoint: endpoint,
            early: early.readable)
    }

    private func fail(_ failure: Failure, reason: String) {
        let exchange = exchange
        close()
        exchange?.upstreamFailed(failure, reason: reason)
        endpoint.failLine(failure, reason: reason)
    }

    override func abandon() {
        close()
    }

    private func close() {
        exchange = nil
        guard socket.isOpen else { return }
        loop.timers.cancel(timer)
        socket.close(loop)
        endpoint.connectionClosed()
    }
}
