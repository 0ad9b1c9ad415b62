// The socket calls the data plane makes, each with its errors typed and its options set.
// The socket types are of both: whose they are depends on which the compiler reads first.
internal import CAres
internal import CLinux
internal import Glibc

public enum Socket {
    public static let backlog: Int32 = 4096

    /// A listening, non-blocking socket. With `sharesPort` every loop may bind its own and the
    /// kernel spreads connections over them (SO_REUSEPORT).
    /// - Parameter place: where the socket is to be; nil for this process's own namespace.
    public static func listen(
        on address: SocketAddress, sharesPort: Bool, in place: SocketSupply? = nil
    ) throws(NetError) -> Descriptor {
        let raw = place?.take(address) ?? isthmus_stream_socket(address.family)
        guard raw >= 0 else { throw NetError(call: "socket", errno: isthmus_errno()) }
        let socket = Descriptor(raw)
        _ = isthmus_set_reuse_address(raw)
        if sharesPort, address.family != AF_UNIX { _ = isthmus_set_reuse_port(raw) }
        if case .v6(let high, let low, _) = address {
            // `::` takes IPv4 too, as Envoy's ipv4_compat does; any other address is itself alone.
            _ = isthmus_set_v6_only(raw, high == 0 && low == 0 ? 0 : 1)
        }
        if case .unix(let path) = address, !path.hasPrefix("@") {
            // A socket file left behind by a process that died would refuse the bind.
            if connectionRefused(at: address) { _ = unsafe unlink(path) }
        }
        let bound = unsafe address.withSockaddr { unsafe isthmus_bind(raw, $0, $1) }
        guard bound == 0 else { throw NetError(call: "bind", errno: isthmus_errno()) }
        guard Glibc.listen(raw, backlog) == 0 else {
            throw NetError(call: "listen", errno: isthmus_errno())
        }
        return socket
    }

    private static func connectionRefused(at address: SocketAddress) -> Bool {
        let raw = isthmus_stream_socket(address.family)
        guard raw >= 0 else { return false }
        let probe = Descriptor(raw)
        let result = unsafe address.withSockaddr { unsafe isthmus_connect(probe.raw, $0, $1) }
        return result != 0 && isthmus_errno() == ECONNREFUSED
    }

    public enum Accepted {
        case connection(Int32, SocketAddress)
        case wouldBlock
        /// The process or the system has no descriptors left.
        case exhausted
        /// The connection went before it was taken; there may be others.
        case gone
    }

    public static func accept(_ descriptor: Int32) -> Accepted {
        var storage = sockaddr_storage()
        var length = socklen_t()
        let raw = unsafe isthmus_accept(descriptor, &storage, &length)
        if raw >= 0 {
            return .connection(raw, unsafe SocketAddress.from(&storage))
        }
        switch isthmus_errno() {
        case EAGAIN, EWOULDBLOCK: return .wouldBlock
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
        default: return .gone
        }
    }

    public enum Connecting {
        case connected(Int32)
        case inProgress(Int32)
        case failed(Int32)
    }

    /// Begins a connection; the socket has TCP_NODELAY set.
    /// - Parameter place: where the connection is to begin; nil for this process's own namespace.
    public static func connect(
        to address: SocketAddress, in place: SocketSupply? = nil
    ) -> Connecting {
        let raw = place?.take(address) ?? isthmus_stream_socket(address.family)
        guard raw >= 0 else { return .failed(isthmus_errno()) }
        setNoDelay(raw)
        while true {
            let result = unsafe address.withSockaddr { unsafe isthmus_connect(raw, $0, $1) }
            if result == 0 { return .connected(raw) }
            let code = isthmus_errno()
            if code == EINTR { continue }
            if code == EINPROGRESS { return .inProgress(raw) }
            close(raw)
            return .failed(code)
        }
    }

    /// Whether packets to this address would leave the machine at all. Nothing is sent.
    public static func hasRoute(to address: SocketAddress) -> Bool {
        let probe = Descriptor(isthmus_datagram_socket(address.family))
        guard probe.raw >= 0 else { return false }
        let target = address.port == 0 ? address.with(port: 9) : address
        return unsafe target.withSockaddr { unsafe isthmus_connect(probe.raw, $0, $1) } == 0
    }

    /// A UDP socket becomes the one of `address`.
    public static func bind(_ descriptor: Int32, to address: SocketAddress) throws(NetError) {
        let bound = unsafe address.withSockaddr { unsafe isthmus_bind(descriptor, $0, $1) }
        guard bound == 0 else { throw NetError(call: "bind", errno: isthmus_errno()) }
    }

    /// 0 when the connection stands, otherwise errno.
    public static func pendingError(_ descriptor: Int32) -> Int32 {
        isthmus_socket_error(descriptor)
    }

    public static func localAddress(_ descriptor: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t()
        guard unsafe isthmus_local_address(descriptor, &storage, &length) == 0 else { return nil }
        return unsafe SocketAddress.from(&storage)
    }

    /// Where a client meant its connection to go before the kernel redirected it here; nil where it
    /// was made to this address. Costs two system calls.
    public static func originalDestination(_ descriptor: Int32) -> SocketAddress? {
        guard let local = localAddress(descriptor) else { return nil }
        var storage = sockaddr_storage()
        // A socket for both families asks for what the connection itself is.
        guard unsafe isthmus_original_address(descriptor, local.family, &storage) == 0 else {
            return nil
        }
        let meant = unsafe SocketAddress.from(&storage)
        return meant == local ? nil : meant
    }

    /// Small writes must not wait for the peer's acknowledgements (Nagle).
    public static func setNoDelay(_ descriptor: Int32) {
        _ = isthmus_set_no_delay(descriptor)
    }

    /// Has the system ask a silent peer whether it is still there (SO_KEEPALIVE). 0 leaves a number
    /// to the system.
    /// - Parameters:
    ///   - idleSeconds: of silence before the first question.
    ///   - intervalSeconds: from one question to the next.
    ///   - probes: questions without an answer that end the connection.
    public static func keepAlive(
        _ descriptor: Int32, idleSeconds: UInt32, intervalSeconds: UInt32, probes: UInt32
    ) {
        // An unix socket knows when its peer is gone, and refuses: nothing to be done about it.
        _ = isthmus_set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        for (option, value) in [
            (TCP_KEEPIDLE, idleSeconds), (TCP_KEEPINTVL, intervalSeconds), (TCP_KEEPCNT, probes),
        ] where value > 0 {
            _ = isthmus_set_option(
                descriptor, Int32(IPPROTO_TCP), option, Int32(clamping: value))
        }
    }

    /// Sends FIN: this side has finished, the other may go on.
    public static func shutdownSending(_ descriptor: Int32) {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    public static func close(_ descriptor: Int32) {
        _ = Glibc.close(descriptor)
    }

    /// Closes with RST, so that the peer cannot take what it got for complete.
    public static func reset(_ descriptor: Int32) {
        _ = isthmus_set_linger_reset(descriptor)
        _ = Glibc.close(descriptor)
    }
}
