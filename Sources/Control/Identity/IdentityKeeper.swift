// Gets a workload's identity and keeps it fresh, for as long as the process lives.
// It never takes an identity away: what is there is served until something newer is there, since an
// old certificate may still be believed and none never is.
internal import Authority
public import Net
internal import PKI

/// Lives on one loop's thread, the control thread's.
public final class IdentityKeeper {
    private let source: IdentitySource
    let loop: Loop
    let log: Log
    private var duty: (any IdentityDuty)?
    /// nil until the first one is there.
    public private(set) var current: WorkloadIdentity?
    /// Called on the loop's thread with every identity that is new in any part: chain and key,
    /// roots or revocation lists; the first one too.
    public var onChange: ((WorkloadIdentity) -> Void)?
    /// What metrics and pages show.
    public internal(set) var status = IdentityStatus()

    public init(_ source: IdentitySource, loop: Loop, log: Log) {
        self.source = source
        self.loop = loop
        self.log = log
        status.source =
            switch source {
            case .folder(let path): path
            case .authority(let contact): contact.address
            }
    }

    deinit { duty?.stop() }

    /// Reads or asks for the first identity, and keeps at it from then on. Where files are good,
    /// `current` is there when this returns; from an authority it comes later, by `onChange`.
    public func start() {
        guard duty == nil else { return }
        switch source {
        case .folder(let path): duty = FolderDuty(path, keeper: self)
        case .authority(let contact): duty = AuthorityDuty(contact, keeper: self)
        }
        duty?.start()
    }

    /// Asks for a new one, or reads the files, now: SIGHUP.
    public func renewNow() { duty?.hurry() }

    /// Ends timers and calls under way.
    public func stop() {
        duty?.stop()
        duty = nil
    }

    var now: UnixTime { UnixTime(Int64(loop.wallNs / 1_000_000_000)) }

    /// Puts an identity in place, and tells whoever listens where it is not the one that is there.
    func adopt(_ identity: WorkloadIdentity) {
        recovered()
        guard identity != current else { return }
        let before = current
        current = identity
        status.spiffeID = identity.spiffeID
        status.notBefore = identity.notBefore
        status.notAfter = identity.notAfter
        if before?.identity != identity.identity {
            if before != nil { status.renewals += 1 }
            log.info(
                "identity", before == nil ? "\(identity.spiffeID)" : "renewed",
                [("until", "\(identity.notAfter)"), ("from", status.source)])
        } else {
            log.info(
                "identity", "roots or revocation lists have changed", [("from", status.source)])
        }
        onChange?(identity)
    }

    /// The last attempt brought what it was for.
    func recovered() {
        guard let problem = status.lastProblem else { return }
        status.lastProblem = nil
        log.info("identity", "all is well again", [("before", problem.kind.rawValue)])
    }

    /// Tells of a problem: once, until it is another one or over.
    func note(_ problem: IdentityProblem) {
        let isNew = status.lastProblem != problem
        status.lastProblem = problem
        status.lastProblemAt = now
        guard isNew else { return }
        if let current, current.isValid(at: now) {
            log.warning(
                "identity", "\(problem)",
                [("from", status.source), ("serving_until", "\(current.notAfter)")])
        } else {
            log.error("identity", "\(problem)", [("from", status.source)])
        }
    }
}

/// One way to come by an identity.
protocol IdentityDuty: AnyObject {
    func start()
    func hurry()
    func stop()
}
