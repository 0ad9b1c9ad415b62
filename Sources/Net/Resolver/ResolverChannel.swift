// c-ares on a loop: its sockets are watched by the loop, its patience is the loop's timers'.
// One of these lives as long as the resolver's configuration; all of c-ares that is unsafe is here.
internal import CAres
internal import CLinux
internal import Glibc

/// What c-ares found, in the order of its answer.
struct FamilyAddresses {
    var addresses: [SocketAddress] = []
    var ttlSeconds = UInt32.max
}

@safe final class ResolverChannel: TimerTarget {
    private var channel: ares_channel?
    private unowned let loop: Loop
    private var sockets: [Int32: ResolverSocket] = [:]
    private var pulse = TimerID.none
    /// Questions c-ares has not answered yet.
    private(set) var pending = 0
    /// How often c-ares is asked whether something has timed out, while it has questions. It counts
    /// in seconds, and finding its next deadline means going through all of them.
    private static let pulseMs: UInt64 = 100

    init(_ settings: ResolverSettings, loop: Loop) throws(NameProblem) {
        self.loop = loop
        super.init()
        var options = unsafe ares_options()
        // RFC 9210's advice on sizes: what fits is not fragmented, and the rest comes over TCP.
        unsafe options.flags = ARES_FLAG_EDNS
        // Of several servers the next is asked when one says SERVFAIL or REFUSED; of one alone the
        // answer is passed on, so that people see what it was.
        if settings.server != nil { unsafe options.flags |= ARES_FLAG_NOCHECKRESP }
        unsafe options.ednspsz = 1232
        unsafe options.timeout = settings.timeoutMs
        unsafe options.tries = settings.tries
        unsafe options.sock_state_cb = { data, descriptor, readable, writable in
            guard let data = unsafe data else { return }
            let channel = unsafe Unmanaged<ResolverChannel>.fromOpaque(data).takeUnretainedValue()
            channel.watch(descriptor, readable: readable != 0, writable: writable != 0)
        }
        unsafe options.sock_state_cb_data = Unmanaged.passUnretained(self).toOpaque()
        let mask =
            ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
            | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF
        // Names in the hosts file never come here; c-ares would read it for every question.
        var lookups: [CChar] = [CChar(UInt8(ascii: "b")), 0]
        var path = settings.configurationPath.utf8CString.map { $0 }
        let code = unsafe lookups.withUnsafeMutableBufferPointer { lookups in
            unsafe path.withUnsafeMutableBufferPointer { path in
                unsafe options.lookups = lookups.baseAddress
                unsafe options.resolvconf_path = path.baseAddress
                return unsafe ares_init_options(&channel, &options, mask)
            }
        }
        guard code == ARES_SUCCESS else { throw NameProblem.other(code) }
        guard let server = settings.server else { return }
        let address = server.port == 0 ? server.with(port: 53) : server
        let chosen = unsafe ares_set_servers_ports_csv(channel, "\(address)")
        guard chosen == ARES_SUCCESS else { throw NameProblem.other(chosen) }
    }

    deinit {
        // Questions hold their channel, so there are none left.
        if let channel = unsafe channel { unsafe ares_destroy(channel) }
    }

    /// Asks for one family's addresses. `then` may be called before this returns.
    func ask(
        _ name: String, isIPv6: Bool,
        then: @escaping (Result<FamilyAddresses, NameProblem>) -> Void
    ) {
        var hints = ares_addrinfo_hints()
        hints.ai_family = isIPv6 ? AF_INET6 : AF_INET
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = Int32(ARES_AI_NOSORT)
        pending += 1
        if !loop.timers.isPending(pulse) { schedulePulse() }
        let question = unsafe Unmanaged.passRetained(Question(self, then)).toOpaque()
        unsafe ares_getaddrinfo(
            channel, name, nil, &hints,
            { context, status, _, list in
                guard let context = unsafe context else { return }
                let question = unsafe Unmanaged<Question>.fromOpaque(context).takeRetainedValue()
                let found = unsafe ResolverChannel.read(list)
                if let list = unsafe list { unsafe ares_freeaddrinfo(list) }
                question.channel.answered(question, status, found)
            }, question)
    }

    private final class Question {
        let channel: ResolverChannel
        let then: (Result<FamilyAddresses, NameProblem>) -> Void

        init(
            _ channel: ResolverChannel,
            _ then: @escaping (Result<FamilyAddresses, NameProblem>) -> Void
        ) {
            self.channel = channel
            self.then = then
        }
    }

    private func answered(_ question: Question, _ status: Int32, _ found: FamilyAddresses) {
        pending -= 1
        if status == ARES_SUCCESS, !found.addresses.isEmpty {
            question.then(.success(found))
        } else {
            question.then(.failure(NameProblem(status)))
        }
        if pending == 0 { loop.timers.cancel(pulse) }
    }

    private static func read(_ list: UnsafeMutablePointer<ares_addrinfo>?) -> FamilyAddresses {
        var found = FamilyAddresses()
        var node = unsafe list?.pointee.nodes
        while let here = unsafe node {
            if let raw = unsafe here.pointee.ai_addr {
                var storage = sockaddr_storage()
                let count = unsafe min(
                    Int(here.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
                unsafe memcpy(&storage, raw, count)
                let address = unsafe SocketAddress.from(&storage).with(port: 0)
                if !found.addresses.contains(address) { found.addresses.append(address) }
                found.ttlSeconds = min(
                    found.ttlSeconds, UInt32(clamping: unsafe here.pointee.ai_ttl))
            }
            unsafe node = here.pointee.ai_next
        }
        // RFC 1034 section 3.6.2: a name that is an alias is known as long as the alias is.
        var alias = unsafe list?.pointee.cnames
        while let here = unsafe alias {
            found.ttlSeconds = min(found.ttlSeconds, UInt32(clamping: unsafe here.pointee.ttl))
            unsafe alias = here.pointee.next
        }
        return found
    }

    // MARK: - Sockets and time

    private func watch(_ descriptor: Int32, readable: Bool, writable: Bool) {
        if sockets.removeValue(forKey: descriptor) != nil { loop.remove(descriptor: descriptor) }
        var events: Readiness = []
        if readable { events.formUnion(.readable) }
        if writable { events.formUnion(.writable) }
        guard !events.isEmpty else { return }
        let socket = ResolverSocket(descriptor, of: self)
        sockets[descriptor] = socket
        do throws(NetError) {
            // c-ares takes what one read gives from a stream, so an edge could be lost.
            try loop.addLevelTriggered(socket, descriptor: descriptor, for: events)
        } catch {
            // Unwatched, its questions run into their timeout, as with a server that is silent.
            sockets[descriptor] = nil
        }
    }

    fileprivate func process(reading: Int32, writing: Int32) {
        // An answer may let go of the resolver that holds this channel.
        withExtendedLifetime(self) { unsafe ares_process_fd(channel, reading, writing) }
    }

    override func timerFired(tag: UInt8) {
        guard pending > 0 else { return }
        schedulePulse()
        process(reading: ARES_SOCKET_BAD, writing: ARES_SOCKET_BAD)
    }

    private func schedulePulse() {
        pulse = loop.timers.schedule(afterMs: Self.pulseMs, target: self, tag: 0)
    }
}

/// One socket of a channel, in the loop's table.
private final class ResolverSocket: Pollable {
    private let descriptor: Int32
    private unowned let channel: ResolverChannel

    init(_ descriptor: Int32, of channel: ResolverChannel) {
        self.descriptor = descriptor
        self.channel = channel
    }

    override func ready(_ readiness: Readiness) {
        let isBroken = !readiness.isDisjoint(with: [.error, .hangup, .peerClosed])
        let reads = readiness.contains(.readable) || isBroken
        let writes = readiness.contains(.writable) || isBroken
        channel.process(
            reading: reads ? descriptor : ARES_SOCKET_BAD,
            writing: writes ? descriptor : ARES_SOCKET_BAD)
    }
}

extension NameProblem {
    /// c-ares' status; success without an address counts as none.
    fileprivate init(_ status: Int32) {
        switch status {
        case ARES_SUCCESS, ARES_ENODATA: self = .noAddress
        case ARES_ENOTFOUND, ARES_ENONAME: self = .noSuchName
        case ARES_ETIMEOUT: self = .timeout
        case ARES_ESERVFAIL, ARES_ENOTIMP, ARES_EFORMERR:
            self = .serverFailed
        case ARES_EREFUSED: self = .refused
        case ARES_ECONNREFUSED, ARES_EOF: self = .noResolver
        case ARES_EBADNAME, ARES_EBADQUERY: self = .badName
        case ARES_EBADRESP: self = .badAnswer
        default: self = .other(status)
        }
    }
}
