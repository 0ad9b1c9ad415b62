// The head a request goes up with, as HTTP/1.1 lines or as the fields of an HTTP/2 stream.
// Both are the same field lines; what differs is what stands before and behind them.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    /// The head for an HTTP/1.1 upstream, into the loop's outgoing buffer.
    func writeUpstreamHead() {
        guard let forward, let client else { return }
        let destination = forward.destinations[destinationIndex]
        dropChangedFields(destination)
        if leavesMesh { dropMeshNews() }
        let loop = worker.loop
        loop.outgoing.append(request.methodBytes)
        loop.outgoing.append(0x20)
        loop.outgoing.append(upstreamPath)
        loop.outgoing.append(queryWithMark)
        loop.outgoing.append(" HTTP/1.1\r\n")
        writeHost(rewrittenAuthority(forward, destination))
        writeFields(destination, client, leaving: leavesMesh)
        writeVia()
        if request.framing == .chunked { loop.outgoing.append("transfer-encoding: chunked\r\n") }
        if request.isHTTP2 { writeEmptyLength() }
        if request.wantsUpgrade, let name = request.value(of: .upgrade) {
            loop.outgoing.append("connection: upgrade\r\nupgrade: ")
            loop.outgoing.append(name)
            loop.outgoing.append("\r\n")
            if request.isHTTP2 { writeWebSocketKey() }
        }
        loop.outgoing.append("\r\n")
    }

    /// The head that goes upstream as text, for a copy to read, into the loop's outgoing buffer.
    /// - Parameter leaving: the copy goes outside of the mesh.
    func writeCopiedHead(leaving: Bool) {
        guard let forward, let client else { return }
        let destination = forward.destinations[destinationIndex]
        dropChangedFields(destination)
        if request.hostIndex >= 0 { request.fields[request.hostIndex].isDropped = true }
        let loop = worker.loop
        loop.outgoing.append(request.methodBytes)
        loop.outgoing.append(0x20)
        loop.outgoing.append(upstreamTarget)
        loop.outgoing.append(" HTTP/1.1\r\nhost: ")
        withUpstreamAuthority { appendMarkedHost($0, to: &loop.outgoing) }
        loop.outgoing.append("\r\n")
        writeFields(destination, client, leaving: leaving)
        if request.framing == .chunked { loop.outgoing.append("transfer-encoding: chunked\r\n") }
        if takesTrailers { loop.outgoing.append("te: trailers\r\n") }
        loop.outgoing.append("\r\n")
    }

    /// Opens a stream with the head for an HTTP/2 upstream; nil where the session opens none.
    /// - Parameter isSecure: the connection is. Some servers compare it with the scheme; where the
    ///   client came encrypted `https` stays, for that is what the URL said.
    func submitHead<Stream: H2Stream>(
        on session: H2Session, isSecure: Bool, make: (Int32) -> Stream
    ) -> Stream? {
        guard let forward, let client else { return nil }
        let destination = forward.destinations[destinationIndex]
        dropChangedFields(destination)
        if leavesMesh { dropMeshNews() }
        if request.hostIndex >= 0 { request.fields[request.hostIndex].isDropped = true }
        let upgrade = request.wantsUpgrade ? request.value(of: .upgrade) ?? .empty : .empty
        if request.wantsUpgrade { request.drop(named: ByteView("sec-websocket-key")) }
        let loop = worker.loop
        loop.outgoing.removeAll()
        writeFields(destination, client, leaving: leavesMesh)
        writeVia()
        if takesTrailers { loop.outgoing.append("te: trailers\r\n") }
        let scheme = ByteView(isSecure || client.isSecure ? "https" : "http")
        let target = upstreamTarget
        let stream = withUpstreamAuthority { authority in
            session.submitRequest(
                method: upgrade.isEmpty ? request.methodBytes : ByteView("CONNECT"),
                scheme: scheme, authority: authority, path: target, extendedProtocol: upgrade,
                lines: &loop.outgoing, ends: !hasBody && upgrade.isEmpty, make: make)
        }
        loop.outgoing.removeAll()
        return stream
    }

    private func writeWebSocketKey() {
        webSocketKey.removeAll()
        webSocketKey.append(WebSocketKey.make(&worker.random))
        worker.loop.outgoing.append("sec-websocket-key: ")
        worker.loop.outgoing.append(webSocketKey.readable)
        worker.loop.outgoing.append("\r\n")
    }

    /// Path and query; where nothing was changed, as they stand in the request.
    private var upstreamTarget: ByteView {
        let sent = request.pathBytes
        if rewrittenPath.isEmpty, normalizedPath.isEmpty, sent.count > 0, sent[0] != 0x3f {
            return sent
        }
        target.removeAll()
        target.append(upstreamPath)
        target.append(queryWithMark)
        return target.readable
    }

    /// RFC 9113 section 8.2.2: the one thing that TE may say. Servers of gRPC insist on it.
    private var takesTrailers: Bool {
        request.isHTTP2 && request.value(of: .te)?.equalsIgnoringCase("trailers") == true
    }

    /// Marks what does not go up as it came.
    private func dropChangedFields(_ destination: WeightedDestination) {
        dropEdgeFields()
        if let mutations = routeHeaders { apply(mutations.request) }
        if let headers = destination.headers { apply(headers.request) }
    }

    /// The lines that are the same for every protocol.
    private func writeFields(
        _ destination: WeightedDestination, _ client: ClientStream, leaving: Bool
    ) {
        let loop = worker.loop
        request.appendKeptFields(to: &loop.outgoing)
        appendAdded(
            route: routeHeaders?.request, destination: destination.headers?.request,
            to: &loop.outgoing)
        if leaving { writeOutsideFields(client) } else { writeEdgeFields(client) }
        if request.restatedLength >= 0 {
            loop.outgoing.append("content-length: ")
            loop.outgoing.append(decimal: UInt64(request.restatedLength))
            loop.outgoing.append("\r\n")
        }
    }

    /// HTTP/2 says by frames that there is no body; HTTP/1 servers expect a field where a body is
    /// usual (RFC 9110 section 8.6).
    private func writeEmptyLength() {
        guard !hasBody, request.method == .post || request.method == .put,
            request.index(of: .contentLength) < 0
        else { return }
        worker.loop.outgoing.append("content-length: 0\r\n")
    }

    /// Calls `body` with the request's authority as the upstream gets to see it.
    func withUpstreamAuthority<R>(_ body: (ByteView) -> R) -> R {
        guard let forward,
            let bytes = rewrittenAuthority(forward, forward.destinations[destinationIndex])
        else { return body(request.authorityBytes) }
        return bytes.withView(body)
    }

    /// Precedence: rewrite.authority, then the route's header operations, then the destination's.
    private func rewrittenAuthority(
        _ forward: Forward, _ destination: WeightedDestination
    ) -> [UInt8]? {
        forward.rewrite?.authority ?? routeHeaders?.authority ?? destination.headers?.authority
    }

    private func writeHost(_ rewritten: [UInt8]?) {
        let hostIndex = request.hostIndex
        let isKept =
            rewritten == nil && request.targetForm != .absolute
            && !(request.isHTTP2 && (hostIndex < 0 || request.fields[hostIndex].isDropped))
        if hostIndex >= 0 { request.fields[hostIndex].isDropped = !isKept }
        guard !isKept else { return }
        let loop = worker.loop
        loop.outgoing.append("host: ")
        if let rewritten {
            loop.outgoing.append(rewritten)
        } else {
            // RFC 9112 section 3.2.2: the target's authority replaces the Host sent with it.
            loop.outgoing.append(request.authorityBytes)
        }
        loop.outgoing.append("\r\n")
    }
}
