// A request to a cluster that finds its endpoints by name: the host it names, once DNS has said
// where that is.
// While it waits it is on no connection, as in a pause between two tries: its body is kept up to
// the high-water mark and no further read.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    /// True when `wish.host` is there to be called; otherwise the exchange waits, or is over.
    func findsHost(in table: DynamicHostTable, of cluster: ClusterState) -> Bool {
        if hasComeRound {
            refuse(.cameRound)
            return false
        }
        let finding = withDialledAuthority { authority in
            guard let port = portMeant(by: authority) else {
                return DynamicHostTable.Finding.failed(.badName)
            }
            return table.find(authority.hostAlone, port: port)
        }
        switch finding {
        case .host(let host):
            wish.host = host
            return true
        case .asks(let host): wait(for: host, of: cluster)
        case .failed(let failure): refuse(failure)
        }
        return false
    }

    private func wait(for host: DynamicHost, of cluster: ClusterState) {
        let wait = worker.nameCache.wait(for: host.name) { [unowned self] in hostIsKnown() }
        guard let wait else {
            refuse(.overflow)
            return
        }
        nameWait = wait
        tries.pause = .lookup
        tries.pauseTimer = set(.lookup, afterMs: cluster.cluster.connectTimeoutMs)
    }

    /// A tunnel leads where the client says, and nothing rewrites that.
    private func withDialledAuthority<R>(_ body: (ByteView) -> R) -> R {
        asksForTunnel ? body(request.authorityBytes) : withUpstreamAuthority(body)
    }

    /// RFC 9110 section 4.2: without a port the scheme's own is meant. nil where there can be none
    /// like it.
    private func portMeant(by authority: ByteView) -> UInt16? {
        if let port = authority.port { return port == 0 ? nil : UInt16(exactly: port) }
        return client?.isSecure == true ? 443 : 80
    }

    private func hostIsKnown() {
        guard tries.pause == .lookup, let cluster else { return }
        endPause()
        send(to: cluster)
    }

    /// DNS takes longer than a connection may.
    func lookupTookTooLong() {
        guard tries.pause == .lookup else { return }
        endPause()
        refuse(.timeout)
    }

    private func refuse(_ failure: DynamicHostFailure) {
        let (host, port) = withDialledAuthority { authority in
            (
                authority.withoutPort.string,
                cluster?.dynamic?.settings.port ?? portMeant(by: authority)
            )
        }
        let text = failure.text(for: host)
        transportReason = text
        cluster?.stats.add(.upstreamCxNoneHealthy)
        if let kind = failure.refusal {
            worker.refused(
                kind, "\(host):\(port ?? 0)", because: text, on: client?.listener,
                by: client?.peer, client?.identity)
        }
        var answer = Reply(failure.failure)
        answer.body = Array("\(failure.title)\(text)\n".utf8)
        reply(answer)
    }

    /// The route is a policy's refusal.
    func noteRefusal(_ kind: RefusalKind, _ answer: DirectResponse) {
        let authority = request.authorityBytes
        worker.refused(
            kind, authority.string,
            because: authority.string
                + String(decoding: answer.body, as: UTF8.self).prefix { $0 != "\n" },
            on: client?.listener, by: client?.peer, client?.identity)
    }
}
