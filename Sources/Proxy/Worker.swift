// One worker: a loop with everything it needs to serve requests, shared with nobody.
import HTTP
public import Mesh
public import Net
import TLS
public import Telemetry

public final class Worker {
    let loop: Loop
    let settings: ProxySettings
    let counts: ProcessCounts
    public let metrics = LoopMetrics()
    public internal(set) var snapshot = Snapshot.empty
    var random = Random()
    /// Text that is hashed, for the length of one call.
    var hashInput = Buffer()
    var date = HTTPDate()
    let log: AccessLog?
    let hostname: [UInt8]
    /// By listener name.
    var listeners: [String: Listener] = [:]
    /// The listeners behind gates; nil where nothing is captured.
    var capture: CaptureTable?
    /// In step with `snapshot.clusters`; made at first use.
    var clusters: ContiguousArray<ClusterState?> = []
    var credentials = Credentials()
    /// By `<listener name>/<chain name>`.
    var contexts: [String: TLSContext] = [:]
    /// By `UpstreamTLS.credentialKey`.
    var clientContexts: [String: TLSContext] = [:]
    /// What the process knows of the names in the snapshot; see Worker+Names.swift.
    var names: [String: KnownName] = [:]
    /// Names that requests name; made with the first of them.
    var nameCacheInUse: NameCache?
    /// So that nobody can choose hosts whose hashes meet.
    private(set) lazy var hostSeed = random.next()
    var refusals = RefusalRecord()
    /// Of connections that pass through to hosts that they name; see Worker+Hellos.swift.
    var marks: Set<UInt64> = []
    /// Clients of inbound listeners, by their principal and ours.
    var callers: [String: Caller] = [:]
    /// Counters of routes that ask for their own.
    var routeStats: [RoutePlace: CountedRoute] = [:]
    /// Everybody in the clear.
    let anonymousCaller = Caller(IstioLabels.Peer(), ownPrincipal: "")
    var isDraining = false
    private var freeExchanges: ContiguousArray<Exchange> = []
    var activeExchanges = 0
    /// Copies of requests, which nobody waits for.
    var activeMirrors = 0
    /// What they hold of bodies.
    var mirrorBytes = 0
    /// Of request bodies kept for another try, or until there is somebody to send them to.
    var replayBytes = 0
    /// Of no meaning; see `RouteTable.touch`.
    var touched: UInt8 = 0

    public init(loop: Loop, settings: ProxySettings, counts: ProcessCounts) {
        self.loop = loop
        self.settings = settings
        self.counts = counts
        hostname = settings.hostname
        log = settings.accessLog.map { AccessLog($0, loop: loop) }
        if let log { loop.atEndOfRound(log) }
    }

    func takeExchange() -> Exchange {
        activeExchanges += 1
        return freeExchanges.popLast() ?? Exchange(worker: self)
    }

    func giveExchange(_ exchange: Exchange) {
        activeExchanges -= 1
        exchange.reset()
        if freeExchanges.count < settings.limits.freeExchangesMax {
            freeExchanges.append(exchange)
        }
    }

    /// The state of a cluster of the present snapshot.
    func cluster(at index: Int) -> ClusterState {
        if let state = clusters[index] { return state }
        let cluster = snapshot.clusters[index]
        let state = ClusterState(cluster, worker: self)
        clusters[index] = state
        return state
    }

    /// A copy of what this loop counted; call on the loop's thread.
    public func sample() -> MetricsSample {
        for cluster in clusters { cluster?.noteProtection() }
        var sample = metrics.sample()
        sample.config[.accessLogLinesDroppedTotal] = log?.droppedLines ?? 0
        sampleEgress(&sample)
        return sample
    }
}
