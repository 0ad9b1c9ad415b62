// What a request is hashed by, where its cluster hashes, and the cookie that is made for a client
// who has none. Hashes are Envoy's, so that a key finds the same endpoint through either proxy.
import HTTP
import Mesh
import Net

extension Exchange {
    /// Nil where the request has no key: anybody will do then.
    func hash(by key: HashKey) -> UInt64? {
        switch key {
        case .header(let name): hashOfField(name)
        case .queryParameter(let name): hashOfParameter(name)
        case .sourceAddress: client.map { worker.hash(of: $0.peer) }
        case .cookie(let cookie): hashOfCookie(cookie)
        }
    }

    private func hashOfField(_ name: [UInt8]) -> UInt64? {
        // Over HTTP/2 the same thing has another name (RFC 9113 section 8.3.1).
        if name.withView({ $0.equals("host") }) {
            let authority = request.authorityBytes
            return XXHash64.hash(authority.span)
        }
        return RequestFields(head: request).withValue(of: name) { value in
            guard let value else { return nil }
            return XXHash64.hash(value)
        }
    }

    /// The first parameter of that name, undecoded, as routes are matched.
    private func hashOfParameter(_ name: [UInt8]) -> UInt64? {
        var rest = query
        while !rest.isEmpty {
            let end = rest.index(of: 0x26)
            let pair = end < 0 ? rest : rest.prefix(end)
            rest = end < 0 ? .empty : rest.suffix(from: end + 1)
            let equals = pair.index(of: 0x3d)
            guard (equals < 0 ? pair : pair.prefix(equals)).equals(name) else { continue }
            let value = equals < 0 ? ByteView.empty : pair.suffix(from: equals + 1)
            return XXHash64.hash(value.span)
        }
        return nil
    }

    private func hashOfCookie(_ cookie: HashCookie) -> UInt64? {
        for field in request.fields where field.id == .cookie {
            if let value = request.value(field).cookie(named: cookie.name) {
                return XXHash64.hash(value.span)
            }
        }
        guard cookie.attributes != nil, let client else { return nil }
        // Any value would do. This one is the same for all requests of a connection, so that those
        // a client sends before it has the cookie stay together, too (Envoy generateCookie).
        worker.hashInput.removeAll()
        worker.hashInput.append(client.peer)
        if let local = client.localAddress { worker.hashInput.append(local) }
        let value = worker.hashInput.readable
        let made = XXHash64.hash(value.span)
        madeCookie = made
        worker.hashInput.removeAll()
        worker.hashInput.appendHexDigits(made, count: 16)
        let text = worker.hashInput.readable
        return XXHash64.hash(text.span)
    }

    /// `set-cookie` for a client that had to be given a key.
    func appendMadeCookie(to out: inout Buffer) {
        guard let madeCookie, case .cookie(let cookie) = cluster?.cluster.balance?.hash?.key,
            let attributes = cookie.attributes
        else { return }
        out.append("set-cookie: ")
        out.append(cookie.name)
        out.append("=\"")
        out.appendHexDigits(madeCookie, count: 16)
        out.append("\"")
        out.append(attributes)
        out.append("\r\n")
    }
}

extension Worker {
    /// Of a client's address without its port.
    func hash(of peer: SocketAddress) -> UInt64 {
        hashInput.removeAll()
        hashInput.append(host: peer)
        let text = hashInput.readable
        return XXHash64.hash(text.span)
    }
}

extension ByteView {
    /// The value of a cookie in a Cookie field (RFC 6265 section 4.2.1), without the quotes it may
    /// be in; nil where it is not there.
    func cookie(named name: [UInt8]) -> ByteView? {
        var rest = self
        while !rest.isEmpty {
            let end = rest.index(of: 0x3b)
            let pair = (end < 0 ? rest : rest.prefix(end)).trimmed()
            rest = end < 0 ? .empty : rest.suffix(from: end + 1)
            let equals = pair.index(of: 0x3d)
            guard equals >= 0, pair.prefix(equals).equals(name) else { continue }
            let value = pair.suffix(from: equals + 1)
            let isQuoted = value.count >= 2 && value[0] == 0x22 && value[value.count - 1] == 0x22
            return isQuoted ? value.slice(1, value.count - 2) : value
        }
        return nil
    }
}
