// The parts of an authority (RFC 9110 section 4.2), `host:port` or `[address]:port`, in place.
import Net

extension ByteView {
    private var portColon: Int {
        let colon = lastIndex(of: 0x3a)
        // A colon inside an IPv6 literal is no port's.
        return colon > 0 && index(of: 0x5d, from: colon) < 0 ? colon : -1
    }

    /// A Host value without its port.
    var withoutPort: ByteView {
        portColon < 0 ? self : prefix(portColon)
    }

    var port: Int? {
        portColon < 0 ? nil : suffix(from: portColon + 1).decimal()
    }

    /// A Host value without port and without the brackets of an IPv6 literal.
    var hostAlone: ByteView {
        let host = withoutPort
        guard host.count > 2, host[0] == 0x5b, host[host.count - 1] == 0x5d else { return host }
        return host.slice(1, host.count - 2)
    }
}
