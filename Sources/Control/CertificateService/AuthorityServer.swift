// Istio's certificate service: workloads come with a token or with the certificate they have, and
// leave with a new one (`istio.v1.auth.IstioCertificateService/CreateCertificate`).
// Calls that arrive in one round of the loop are issued together, so that the disk is waited for
// once and not once a certificate.
public import Authority
internal import HTTP
public import Net
public import PKI
internal import TLS

/// Lives on one loop's thread, and its authority with it.
public final class AuthorityServer: Pollable {
    public struct Options: Sendable {
        /// Names that clients reach the service by, beside those every service has.
        public var hosts: [DNSName] = []
        /// Addresses that clients reach it by, 4 or 16 bytes each.
        public var addresses: [[UInt8]] = []
        public var limits = ServiceLimits()

        public init() {}
    }

    /// In every certificate of the service: this machine, and the name that Istio's agents expect.
    static let usualHosts = ["localhost", "istiod.istio-system.svc"]

    let loop: Loop
    let log: Log
    let limits: ServiceLimits
    let registrar: Registrar
    public internal(set) var counts = ServiceCounts()
    private let hosts: [DNSName]
    private let addresses: [[UInt8]]
    private let ticketKeys: [UInt8]
    private(set) var credential: ServiceCredential
    private var listeners: [ServiceListener] = []
    private var connections: [ObjectIdentifier: ServiceConnection] = [:]
    var waiting: [ServiceCall] = []
    /// Bytes of calls that have begun and are not answered.
    var heldBytes = 0
    private var pages: [String: ServicePage] = [:]
    /// Of the registrar when the pages were made.
    private var pagesGeneration: UInt64?
    private var isBatchDue = false
    private var upkeep = TimerID.none
    private var isStopped = false
    var chatter = Chatter()
    /// What stands behind a leaf in an answer, and for which certificates it was put together.
    var tail = ChainTail()

    /// Between two looks at what is due: the service's own certificate, the revocation lists, and
    /// what other processes have changed.
    private static let upkeepMs: UInt64 = 5_000

    /// - Throws: where the authority cannot issue.
    public init(
        _ authority: Authority, options: Options = Options(), loop: Loop, log: Log
    ) throws(ServiceProblem) {
        self.loop = loop
        self.log = log
        limits = options.limits
        do {
            registrar = try Registrar(authority)
            hosts = try Self.usualHosts.map { try DNSName($0) } + options.hosts
            addresses = [[127, 0, 0, 1], try IPAddress.bytes("::1")] + options.addresses
        } catch let error as AuthorityError {
            throw .authority(error)
        } catch {
            throw .tls("\(error)")
        }
        var generator = SystemRandomNumberGenerator()
        ticketKeys = (0..<80).map { _ in UInt8.random(in: 0...255, using: &generator) }
        credential = try ServiceCredential(
            registrar, hosts: hosts, addresses: addresses, ticketKeys: ticketKeys,
            at: UnixTime(Int64(loop.wallNs / 1_000_000_000)))
        super.init()
        look()
    }

    var now: UnixTime { UnixTime(Int64(loop.wallNs / 1_000_000_000)) }

    /// - Returns: the address, with the port the system chose where 0 was asked for.
    @discardableResult
    public func listen(on address: SocketAddress) throws(ServiceProblem) -> SocketAddress {
        do throws(NetError) {
            let listener = try ServiceListener(on: address, server: self)
            listeners.append(listener)
            return listener.address
        } catch {
            throw .net(address, error)
        }
    }

    /// Takes no more connections; what is under way is answered.
    public func stop() {
        isStopped = true
        for listener in listeners { listener.stop() }
        listeners = []
        for connection in Array(connections.values) { connection.drain() }
        loop.timers.cancel(upkeep)
    }

    /// True once nobody is connected any more.
    public var isIdle: Bool { connections.isEmpty }

    /// The trust bundle, PEM: what clients are given to know the service by.
    public var roots: [UInt8] { registrar.roots }

    // MARK: - Connections

    func accepted(_ descriptor: Int32, from peer: SocketAddress) {
        guard connections.count < limits.connectionsMax else {
            counts.connectionsRefused += 1
            Socket.close(descriptor)
            return
        }
        counts.connections += 1
        Socket.setNoDelay(descriptor)
        do {
            let tls = try TLSStream(credential.context)
            let connection = ServiceConnection(descriptor, peer: peer, tls: tls, server: self)
            connections[ObjectIdentifier(connection)] = connection
            counts.connectionsOpen = UInt64(connections.count)
            try connection.start()
        } catch {
            counts.connectionsRefused += 1
        }
    }

    func left(_ connection: ServiceConnection) {
        connections[ObjectIdentifier(connection)] = nil
        counts.connectionsOpen = UInt64(connections.count)
    }

    // MARK: - Pages

    func page(at path: String) -> ServicePage {
        counts.pages += 1
        refresh()
        if pagesGeneration != registrar.generation {
            pagesGeneration = registrar.generation
            pages = [
                CertificateService.rootsPath: ServicePage(pem: registrar.roots),
                CertificateService.listsPath: ServicePage(pem: registrar.lists),
            ]
        }
        return pages[path] ?? .missing
    }

    // MARK: - Calls

    /// Called for a call that is whole; it is answered at the end of this round, or of a later one
    /// where there are many.
    func take(_ call: ServiceCall) {
        waiting.append(call)
        batchSoon()
    }

    private func batchSoon() {
        guard !isBatchDue else { return }
        isBatchDue = true
        loop.atEndOfThisRound(self)
    }

    override public func roundEnded() {
        isBatchDue = false
        guard !waiting.isEmpty else { return }
        let batch = Array(waiting.prefix(limits.batchMax))
        waiting.removeFirst(batch.count)
        answer(batch)
        // The rest in the next round: handshakes and answers have their turn between.
        if !waiting.isEmpty, !isBatchDue {
            isBatchDue = true
            loop.again(self)
        }
    }

    override public func resumed() { roundEnded() }

    // MARK: - Upkeep

    override public func timerFired(tag: UInt8) { look() }

    /// Does what is due, and comes back.
    public func look() {
        guard !isStopped else { return }
        refresh()
        do throws(AuthorityError) {
            if try registrar.authority.refreshListsIfDue(at: now) {
                log.info("ca", "revocation lists are fresh")
                try registrar.refresh(always: true)
            }
        } catch {
            complain("the revocation lists could not be refreshed: \(error)")
        }
        loop.timers.cancel(upkeep)
        upkeep = loop.timers.schedule(afterMs: Self.upkeepMs, target: self, tag: 0)
    }

    /// Takes over what other processes have done to the authority.
    func refresh() {
        do {
            try registrar.refresh()
            guard credential.isDue(registrar, at: now) else { return }
            credential = try ServiceCredential(
                registrar, hosts: hosts, addresses: addresses, ticketKeys: ticketKeys, at: now)
            log.info("ca", "the service's own certificate", [("until", "\(credential.notAfter)")])
        } catch {
            complain("\(error)")
        }
    }

    func complain(_ text: String) {
        if chatter.allows(atMs: loop.nowMs) { log.error("ca", text) }
    }
}
