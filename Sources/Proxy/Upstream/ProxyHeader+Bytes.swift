// What a PROXY header looks like on the wire (HAProxy, proxy-protocol.txt, sections 2.1 and 2.2).
// It says who the client is and whom it called; where that cannot be said, it says that.
import Mesh
import Net

/// Both ends of the client's connection, as far as there are any.
struct ClientEnds {
    var client: SocketAddress?
    var called: SocketAddress?
}

extension ProxyHeader {
    func append(_ ends: ClientEnds, to out: inout Buffer) {
        switch self {
        case .v1: Self.appendText(ends, to: &out)
        case .v2: Self.appendBinary(ends, to: &out)
        }
    }

    private static func appendText(_ ends: ClientEnds, to out: inout Buffer) {
        guard let client = ends.client, let called = ends.called,
            let family = client.familyName(with: called)
        else {
            out.append("PROXY UNKNOWN\r\n")
            return
        }
        out.append("PROXY ")
        out.append(family)
        out.append(" ")
        out.append(host: client)
        out.append(" ")
        out.append(host: called)
        out.append(" ")
        out.append(decimal: UInt64(client.port))
        out.append(" ")
        out.append(decimal: UInt64(called.port))
        out.append("\r\n")
    }

    private static func appendBinary(_ ends: ClientEnds, to out: inout Buffer) {
        out.append([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10])
        switch (ends.client, ends.called) {
        case (.v4(let client, let port)?, .v4(let called, let calledPort)?):
            // Version 2, PROXY; IPv4, stream; twelve bytes follow.
            out.append([0x21, 0x11, 0, 12])
            out.append(bigEndian: UInt64(client), bytes: 4)
            out.append(bigEndian: UInt64(called), bytes: 4)
            out.append(bigEndian: UInt64(port), bytes: 2)
            out.append(bigEndian: UInt64(calledPort), bytes: 2)
        case (
            .v6(let high, let low, let port)?, .v6(let calledHigh, let calledLow, let calledPort)?
        ):
            out.append([0x21, 0x21, 0, 36])
            out.append(bigEndian: high, bytes: 8)
            out.append(bigEndian: low, bytes: 8)
            out.append(bigEndian: calledHigh, bytes: 8)
            out.append(bigEndian: calledLow, bytes: 8)
            out.append(bigEndian: UInt64(port), bytes: 2)
            out.append(bigEndian: UInt64(calledPort), bytes: 2)
        default:
            // LOCAL: the receiver goes by the connection itself.
            out.append([0x20, 0, 0, 0])
        }
    }
}

extension SocketAddress {
    /// Nil where the two are not of one family of IP.
    fileprivate func familyName(with other: SocketAddress) -> StaticString? {
        switch (self, other) {
        case (.v4, .v4): "TCP4"
        case (.v6, .v6): "TCP6"
        default: nil
        }
    }
}

extension Buffer {
    fileprivate mutating func append(bigEndian value: UInt64, bytes: Int) {
        for place in (0..<bytes).reversed() {
            append(UInt8(truncatingIfNeeded: value >> UInt64(place * 8)))
        }
    }
}
