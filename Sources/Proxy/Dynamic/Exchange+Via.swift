// The mark by which a request that comes round is known (Via, RFC 9110 section 7.6.3).
// Whoever answers for a name may lead it back here on a way where no address tells, over a load
// balancer, a translation of addresses or another proxy: one request would go round until there
// are no descriptors left.
import HTTP
import Net

extension Exchange {
    /// This proxy has sent the request on before.
    var hasComeRound: Bool {
        for field in request.fields where request.field(field, isCalled: ByteView("via")) {
            if worker.settings.pseudonym.withView(request.value(field).contains) { return true }
        }
        return false
    }

    /// Marks what goes where the request itself says; all other ways are the configuration's.
    ///
    /// A client that knows of its proxy uses absolute-form (RFC 9112 section 3.2.2), and no proxy
    /// does towards a server: what comes round has another form, and is marked then. So servers
    /// that compress nothing for proxies (nginx, `gzip_proxied`) go on doing so for such clients.
    func writeVia() {
        guard wish.host != nil, request.targetForm != .absolute else { return }
        let loop = worker.loop
        loop.outgoing.append("via: ")
        if request.isHTTP2 {
            loop.outgoing.append("2.0 ")
        } else {
            loop.outgoing.append(request.minorVersion == 0 ? "1.0 " : "1.1 ")
        }
        loop.outgoing.append(worker.settings.pseudonym)
        loop.outgoing.append("\r\n")
    }
}
