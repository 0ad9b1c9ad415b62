// A proxy: workers that serve, and a control thread that reads, binds, reloads and answers.
// The control thread is the main thread; a process may have several proxies on it, one of which
// leads: it hears the signals, and the others end after it. Workers are told things by mailbox and
// never waited for: a worker under load and a reader of statistics do not hold each other up.
public import Mesh
public import Net
internal import Proxy
internal import Spec

/// Lives on the main thread, from `run` to its return.
public final class ProxyProcess {
    enum State: String {
        case starting = "PRE_INITIALIZING"
        case live = "LIVE"
        case draining = "DRAINING"
    }

    let options: ProxyOptions
    /// Hears the signals of the process and speaks to the service manager.
    let isLead: Bool
    /// Proxies beside the lead, which end after it.
    var companions: [ProxyProcess] = []
    let log: Log
    /// The control thread's.
    public let loop: Loop
    let crew: Crew
    let counts: ProcessCounts
    let reader: ConfigurationReader
    let sockets: ListenerSockets
    let startedWallNs = Machine.wallNs
    let startedNs = Machine.monotonicNs
    let descriptorsMax: Int
    /// Names of the configuration that is live or about to be, looked up once for all workers.
    let names: NameService

    var state = State.starting
    /// False after `/healthcheck/fail`.
    var isHealthy = true
    /// Connections are no longer accepted, though the process lives on: `/drain_listeners`.
    var listenersAreDrained = false
    var live = LiveConfiguration()
    /// Of the live configuration.
    var secrets: [Secret] = []
    /// Who this proxy is to its mesh; nil outside of one.
    var keeper: IdentityKeeper?
    /// What the workers hold beside the live snapshot.
    var credentials = Credentials()
    let trials = CredentialTrials()
    /// Being handed to the workers; the next reload waits for it.
    var isAdopting = false
    var reloadIsDue = false
    /// Findings that the log has told already, by their text.
    var told: Set<String> = []
    var servers: [DeskServer] = []
    var drain: Drain?
    var whenLive: ((ProxyProcess) -> Void)?
    /// Asked first about signals that end a proxy, with whether a terminal sent them; true where it
    /// has dealt with one.
    public var whenTold: ((_ signal: Int32, _ fromTerminal: Bool) -> Bool)?
    /// Called whenever every worker serves by another configuration.
    public var whenAdopted: ((Snapshot) -> Void)?
    /// Called once, when a companion has ended.
    var whenEnded: (() -> Void)?
    /// How the process will exit.
    var status = ExitStatus.success
    private var watchdog: Watchdog?
    private var changes: FileChanges?
    private var signals: Signals?

    init(
        _ options: ProxyOptions, isLead: Bool, log: Log, loop: Loop, crew: Crew,
        counts: ProcessCounts, reader: ConfigurationReader, sockets: ListenerSockets,
        descriptorsMax: Int
    ) {
        self.options = options
        self.isLead = isLead
        self.log = log
        self.loop = loop
        self.crew = crew
        self.counts = counts
        self.reader = reader
        self.sockets = sockets
        self.descriptorsMax = descriptorsMax
        names = NameService(options.resolver, loop: loop) { changes in
            crew.tell { $0.learn(changes) }
        }
    }

    /// True when requests should come here: what load balancers ask.
    var isReady: Bool {
        state == .live && isHealthy && !listenersAreDrained && hasIdentityItNeeds
    }

    /// Without its identity a member of a mesh can neither be reached nor reach anybody.
    var hasIdentityItNeeds: Bool { keeper == nil || keeper?.current != nil }

    /// Where a port of the Gateways can be reached on this machine; nil where none declares it.
    public func address(ofDeclaredPort port: UInt16) -> SocketAddress? {
        let listener = live.snapshot.routing.listeners.first { $0.declaredPort == port }
        return listener.flatMap { sockets.addresses[$0.name] }
    }

    /// The names a captured workload may call; none for other proxies.
    public var meshNames: NameTable { NameTable(of: live.snapshot) }

    /// Where the admin port is; nil where it could not be had.
    public var adminAddress: SocketAddress? { servers.first { $0.name == "admin" }?.address }

    /// Makes every proxy ask for a new certificate now, long before the old one ends.
    public func renewIdentities() {
        for proxy in companions + [self] { proxy.keeper?.renewNow() }
    }

    /// How often the proxy that renewed its certificate least has done so.
    public var leastIdentityRenewals: UInt64 {
        (companions + [self]).compactMap { $0.keeper?.status.renewals }.min() ?? 0
    }

    /// Drains, and makes `run` return this status.
    public func finish(_ status: ExitStatus) {
        self.status = status
        beginDrain(because: "end of the task")
    }

    /// The first snapshot is on its way to the workers; from here on events decide.
    func watch() throws(NetError) {
        if isLead {
            signals = try Signals(Self.signalNumbers, loop: loop) { [unowned self] number in
                received(signal: number)
            }
            watchdog = Watchdog(loop: loop, crew: crew)
        }
        let changes = FileChanges(loop: loop, log: log) { [unowned self] told in
            reload(because: told == nil ? .poll : .files, told: told)
        }
        changes.watch(Array(credentials.folders.union(reader.folders)))
        self.changes = changes
    }

    /// Tells the service manager, which hears one voice from each process.
    func notify(_ assignments: [String]) {
        if isLead { ServiceNotice.send(assignments) }
    }

    /// Gets this proxy's identity and keeps it fresh.
    func keepIdentity() {
        guard let source = options.identity else { return }
        let keeper = IdentityKeeper(source, loop: loop, log: log)
        self.keeper = keeper
        keeper.start()
        keeper.onChange = { [unowned self] _ in
            refreshCredentials(because: .identity)
            tellWhenLive()
        }
    }

    /// Everything is there that requests need.
    func tellWhenLive() {
        guard state == .live, hasIdentityItNeeds else { return }
        whenLive.take()?(self)
    }

    func watchFolders() {
        changes?.watch(Array(credentials.folders.union(reader.folders)))
    }

    static let signalNumbers = [
        Signals.terminate, Signals.interrupt, Signals.hangup, Signals.user1,
    ]

    private func received(signal number: Int32) {
        switch number {
        case Signals.hangup:
            for proxy in companions + [self] {
                proxy.reload(because: .signal)
                proxy.keeper?.renewNow()
            }
        case Signals.user1:
            reopenAccessLog()
        default:
            if whenTold?(number, signals?.isFromTerminal ?? false) == true { return }
            if drain != nil {
                log.info("signal", "second signal: ending now")
                loop.stop()
            } else {
                beginDrain(because: number == Signals.interrupt ? "SIGINT" : "SIGTERM")
            }
        }
    }

    private func reopenAccessLog() {
        guard let path = options.accessLogPath,
            let descriptor = options.settings.accessLog?.descriptor
        else { return }
        do throws(NetError) {
            try File.reopen(descriptor, appendingTo: path)
            log.info("log", "access log opened again", [("path", path)])
        } catch {
            log.error("log", "the access log goes on where it was", [("reason", "\(error)")])
        }
    }
}
