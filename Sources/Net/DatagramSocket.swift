// Datagrams in and out of a UDP socket, one call each.
// A datagram is whole or not there at all, so there is no buffer to keep between events.
// The socket types are of both: whose they are depends on which the compiler reads first.
internal import CAres
internal import CLinux
internal import Glibc

public enum DatagramSocket {
    /// Not blocking, and taking datagrams from `peer` alone.
    public static func connect(to peer: SocketAddress) throws(NetError) -> Descriptor {
        let socket = Descriptor(isthmus_datagram_socket(peer.family))
        guard socket.raw >= 0 else { throw NetError(call: "socket", errno: isthmus_errno()) }
        let result = unsafe peer.withSockaddr { unsafe isthmus_connect(socket.raw, $0, $1) }
        guard result == 0 else { throw NetError(call: "connect", errno: isthmus_errno()) }
        return socket
    }

    /// The next datagram, replacing what `bytes` holds, up to its capacity; nil when none is there
    /// or the peer refused the last one.
    public static func receive(
        _ descriptor: Int32, into bytes: inout [UInt8], max: Int
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var count = -1
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: max) { space, filled in
            guard let start = space.baseAddress else { return }
            count = unsafe isthmus_receive_from(descriptor, start, max, &storage)
            filled = Swift.max(0, count)
        }
        return count < 0 ? nil : unsafe SocketAddress.from(&storage)
    }

    /// - Parameter peer: nil on a connected socket.
    /// - Returns: false where it was not taken; a datagram may be lost anyway.
    @discardableResult
    public static func send(
        _ descriptor: Int32, _ bytes: [UInt8], to peer: SocketAddress? = nil
    ) -> Bool {
        unsafe bytes.withUnsafeBytes { raw in
            guard let start = raw.baseAddress else { return false }
            guard let peer else { return unsafe isthmus_send(descriptor, start, raw.count) >= 0 }
            return unsafe peer.withSockaddr {
                unsafe isthmus_send_to(descriptor, start, raw.count, $0, $1) >= 0
            }
        }
    }
}
