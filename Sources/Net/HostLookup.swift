// Addresses of a host name, by the system's own resolver: /etc/hosts, DNS, and what else is set up.
// It waits as long as it likes, so it waits on a thread of its own; for the desk, which asks once a
// minute and not once a request.
// The socket types are of both: whose they are depends on which the compiler reads first.
internal import CAres
internal import CLinux
internal import Glibc

public enum HostLookup {
    public enum Answer: Sendable, Equatable {
        /// In the resolver's order of preference, at least one.
        case addresses([SocketAddress])
        /// The resolver's words.
        case failed(String)
    }

    /// Asks, and posts the answer to `mailbox`. A literal address is answered without a thread.
    public static func start(
        _ host: String, port: UInt16, mailbox: Mailbox,
        then: @escaping @Sendable (Loop, Answer) -> Void
    ) {
        if let address = SocketAddress(host: host, port: port) {
            mailbox.post { then($0, .addresses([address])) }
            return
        }
        do throws(NetError) {
            let thread = try LoopThread.spawn(name: "lookup") {
                let answer = ask(host, port: port)
                mailbox.post { then($0, answer) }
            }
            pthread_detach(thread)
        } catch {
            mailbox.post { then($0, .failed("\(error)")) }
        }
    }

    private static func ask(_ host: String, port: UInt16) -> Answer {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // No IPv6 addresses for a machine without any.
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            return .failed(unsafe String(cString: gai_strerror(code)))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = unsafe list
        while let here = unsafe entry {
            if let raw = unsafe here.pointee.ai_addr {
                var storage = sockaddr_storage()
                let count = unsafe min(
                    Int(here.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
                unsafe memcpy(&storage, raw, count)
                let address = unsafe SocketAddress.from(&storage).with(port: port)
                if !addresses.contains(address) { addresses.append(address) }
            }
            unsafe entry = here.pointee.ai_next
        }
        return addresses.isEmpty ? .failed("the name has no address") : .addresses(addresses)
    }
}
