// Copies of a request for the destinations that its route mirrors to.
// A copy is a request of its own with the head that goes upstream: made before the original is
// sent, sent after it, and from then on nobody's concern but its own.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    /// Makes the copies of a request that has found its endpoint. Their bodies follow with its own.
    func mirror(by policies: [MirrorPolicy]) {
        // Two servers cannot both speak another protocol with one client.
        guard !request.wantsUpgrade else { return }
        // One draw for all, as in Envoy: equal shares take the same requests.
        let ticket = worker.random.below(1_000_000)
        for policy in policies where ticket < policy.share {
            guard let stream = makeCopy(for: policy) else {
                cluster?.stats.add(.retryOrShadowAbandoned)
                continue
            }
            // What came of the body while a fault held the request back.
            if !replay.isEmpty, !stream.take(replay.readable) {
                cluster?.stats.add(.retryOrShadowAbandoned)
            }
            if requestIsRead { stream.complete(decoder) }
            mirrors.append(stream)
        }
    }

    private func makeCopy(for policy: MirrorPolicy) -> MirrorStream? {
        guard let client, let cluster = policy.forward.destinations[0].cluster,
            worker.activeMirrors < worker.settings.limits.mirrorsMax
        else { return nil }
        let target = worker.cluster(at: cluster)
        let stream = MirrorStream(
            to: target, from: client.localAddress ?? client.peer,
            listener: client.listener)
        let copy = worker.takeExchange()
        copy.begin(client: stream)
        let isSound = copy.becomeCopy(of: self, leaving: target.cluster.leavesMesh)
        copy.forward = policy.forward
        copy.hasBody = hasBody
        stream.begin(copy)
        guard isSound else {
            stream.giveUp()
            return nil
        }
        return stream
    }

    /// Reads the head that `original` sends upstream as if it had come from a client.
    /// - Returns: whether it is one; its limits, which leave room for what proxies add, say no.
    private func becomeCopy(of original: Exchange, leaving: Bool) -> Bool {
        isMirror = true
        let loop = worker.loop
        loop.outgoing.removeAll()
        original.writeCopiedHead(leaving: leaving)
        defer { loop.outgoing.removeAll() }
        var limits = worker.settings.limits.http
        limits.headBytesMax += Self.addedBytesMax
        limits.fieldsMax += Self.addedFieldsMax
        limits.requestLineBytesMax += Self.addedBytesMax
        let bytes = loop.outgoing.readable
        guard case .complete = parser.feed(bytes, into: request, limits: limits),
            request.adopt(bytes) == nil
        else { return false }
        request.isHTTP2 = original.request.isHTTP2
        isGRPC = saysGRPC
        return true
    }

    private static let addedBytesMax = 16 * 1024
    private static let addedFieldsMax = 64

    /// - Parameter cluster: as it was when the copy was made: the snapshot may be another by now.
    func beginMirrored(to cluster: ClusterState) {
        if !hasBody { requestRead() }
        self.cluster = cluster
        cluster.stats.add(.upstreamRqActive)
        startResponseTimer()
        send(to: cluster)
    }

    // MARK: - The body

    /// A copy that cannot keep up is given up, so that the original never waits for it.
    func mirrorBody(_ bytes: ByteView) {
        for stream in mirrors where !stream.take(bytes) {
            cluster?.stats.add(.retryOrShadowAbandoned)
        }
    }

    func completeMirrors() {
        for stream in mirrors { stream.complete(decoder) }
    }

    /// The original is over. Copies of a request that was complete go on without it.
    func leaveMirrors() {
        for stream in mirrors {
            if requestIsRead { stream.complete(decoder) } else { stream.giveUp() }
        }
        mirrors.removeAll(keepingCapacity: true)
    }

    // MARK: - The head

    /// `httpbin.example.com-shadow:8000`: logs can tell copies from originals. An IPv6 literal
    /// stays as it is: with a word behind it it would be no Host at all.
    func appendMarkedHost(_ host: ByteView, to out: inout Buffer) {
        let name = host.withoutPort
        out.append(name)
        if worker.settings.marksMirroredHosts, host.index(of: 0x5d) < 0 { out.append("-shadow") }
        out.append(host.suffix(from: name.count))
    }

    /// Of a copy everything is as the original has it, but for the fields that are written anew.
    func dropMirrorFields() {
        if leavesMesh { return }
        for index in request.fields.indices where request.fields[index].id == .xForwardedFor {
            request.fields[index].isDropped = true
        }
    }

    /// Envoy sends copies from a client inside itself: they are internal, and have been forwarded
    /// by one hop more.
    func writeMirrorFields(_ client: ClientStream) {
        let loop = worker.loop
        loop.outgoing.append("x-forwarded-for: ")
        for field in request.fields where field.id == .xForwardedFor && field.valueLength > 0 {
            loop.outgoing.append(request.value(field))
            loop.outgoing.append(", ")
        }
        loop.outgoing.append(host: client.peer)
        loop.outgoing.append("\r\nx-envoy-internal: true\r\n")
    }
}
