// An identity from an authority: enrols by token, renews by the certificate it has, learns of new
// roots and revocations, and goes on trying while the authority is away.
internal import Authority
internal import Net
internal import PKI
internal import TLS

final class AuthorityDuty: TimerTarget, IdentityDuty {
    private let contact: AuthorityContact
    private let folder: IdentityFolder?
    private unowned let keeper: IdentityKeeper
    /// Of its own, for the keeper may be going when this is told to stop.
    private let loop: Loop
    private var course: EnrolmentCourse
    private var random = Random()
    private var timer = TimerID.none
    private var visit: AuthorityVisit?
    /// A visit is on its way, from the look-up of the name on.
    private var isBusy = false
    private var isStopped = false
    private var rootsTag: String?
    private var listsTag: String?
    /// Bought a certificate already, and buys no other.
    private var spentToken: [UInt8]?

    /// The longest wait between two looks at the clock, which may be set meanwhile.
    private static let lookMs: UInt64 = 15_000

    init(_ contact: AuthorityContact, keeper: IdentityKeeper) {
        self.contact = contact
        self.keeper = keeper
        loop = keeper.loop
        folder = contact.folder.map { IdentityFolder(path: $0) }
        course = EnrolmentCourse(refreshSeconds: contact.refreshSeconds)
    }

    // MARK: - Life

    func start() {
        readKept()
        proceed()
    }

    func hurry() {
        course.hurry(at: keeper.now)
        proceed()
    }

    func stop() {
        isStopped = true
        loop.timers.cancel(timer)
        visit?.abandon()
        visit = nil
    }

    override func timerFired(tag: UInt8) { proceed() }

    private func proceed() {
        guard !isStopped, !isBusy else { return }
        loop.timers.cancel(timer)
        warnOfTheEnd()
        let step = course.step(at: keeper.now)
        if step == .wait {
            let seconds = UInt64(clamping: course.secondsToNextStep(at: keeper.now))
            let waitMs = min(Self.lookMs, max(20, seconds * 1000))
            timer = loop.timers.schedule(afterMs: waitMs, target: self, tag: 0)
        } else {
            take(step)
        }
    }

    /// Whoever is to be woken up is, while there is something left to save.
    private func warnOfTheEnd() {
        guard course.warningIsDue(at: keeper.now), let current = keeper.current else { return }
        let left = current.notAfter - keeper.now
        let reason = keeper.status.lastProblem.map { "\($0)" } ?? "no attempt was made"
        if left > 0 {
            keeper.log.warning(
                "identity", "ends in \(Lifetime(seconds: left)) and could not be renewed",
                [("reason", reason)])
        } else {
            keeper.log.error(
                "identity", "is over: peers refuse it from now on", [("reason", reason)])
        }
    }

    // MARK: - A step

    private func take(_ step: EnrolmentCourse.Step) {
        do throws(IdentityProblem) {
            var errand = VisitErrand(rootsTag: rootsTag, listsTag: listsTag)
            var key: PrivateKey?
            if step != .refresh {
                if step == .enrol { errand.token = try token() }
                let made = try IdentityProblem.reading("a new key") { () throws(PKIError) in
                    let made = try PrivateKey.generate(contact.key)
                    return (key: made, request: try SigningRequest(key: made).pem)
                }
                key = made.key
                errand.request = CertificateRequestMessage(
                    csr: made.request, validityDuration: contact.lifetime?.seconds ?? 0)
                keeper.status.requests += 1
            }
            try dial(step, errand, key: key)
        } catch {
            failed(step, error)
        }
    }

    private func token() throws(IdentityProblem) -> [UInt8] {
        let bytes: [UInt8]
        switch contact.token {
        case .text(let text): bytes = Array(text.utf8)
        case .file(let path):
            do throws(NetError) {
                bytes = try File.read(path, bytesMax: EnrolmentToken.bytesMax + 2)
            } catch {
                throw IdentityProblem(.noToken, "the token's file: \(error)")
            }
        case nil:
            throw IdentityProblem(
                .noToken,
                "there is no valid certificate to renew and no token to enrol with: make one "
                    + "with `isthmus ca token`")
        }
        let token = bytes.filter { $0 > 0x20 && $0 < 0x7F }
        guard !token.isEmpty, token != spentToken else {
            throw IdentityProblem(
                .noToken,
                "the token was used, and there is no valid certificate to renew: make a new one "
                    + "with `isthmus ca token`")
        }
        return token
    }

    private func dial(
        _ step: EnrolmentCourse.Step, _ errand: VisitErrand, key: PrivateKey?
    ) throws(IdentityProblem) {
        let (host, port) = try contact.hostAndPort()
        let context = try context(showsCertificate: step != .enrol)
        isBusy = true
        let duty = LoopOwned<AuthorityDuty>()
        duty.fill(self, on: loop)
        let task = LoopOwned<VisitTask>()
        task.fill(VisitTask(step: step, errand: errand, key: key, context: context), on: loop)
        HostLookup.start(host, port: port, mailbox: loop.mailbox) { loop, answer in
            guard let found = duty.value(on: loop), let errand = task.value(on: loop) else {
                return
            }
            duty.empty(on: loop)
            task.empty(on: loop)
            found.connect(errand, host: host, answer)
        }
    }

    private struct VisitTask {
        let step: EnrolmentCourse.Step
        let errand: VisitErrand
        let key: PrivateKey?
        let context: TLSContext
    }

    /// Whom we believe, and who we say we are.
    private func context(showsCertificate: Bool) throws(IdentityProblem) -> TLSContext {
        var trusted = keeper.current?.roots ?? []
        do throws(NetError) {
            trusted += try File.read(contact.rootsPath, bytesMax: AuthorityLimits.fileBytesMax)
        } catch {
            // What was learned from the authority is enough.
            if trusted.isEmpty {
                throw IdentityProblem(.untrusted, "the authority's roots: \(error)")
            }
        }
        var settings = TLSClientSettings()
        settings.trustedCA = trusted
        settings.applicationProtocols = ["h2"]
        if showsCertificate { settings.identity = keeper.current?.identity }
        do throws(TLSError) {
            return try TLSContext(client: settings)
        } catch {
            throw IdentityProblem("TLS with the authority: \(error)")
        }
    }

    /// The first address; another attempt takes the next one.
    private func connect(_ task: VisitTask, host: String, _ answer: HostLookup.Answer) {
        guard !isStopped else { return }
        do throws(IdentityProblem) {
            let addresses: [SocketAddress]
            switch answer {
            case .addresses(let found): addresses = found
            case .failed(let reason):
                throw IdentityProblem(.unreachable, "the name \(host): \(reason)")
            }
            let address = addresses[course.failedAttempts % addresses.count]
            let name = contact.serverName ?? host
            let isLiteral = SocketAddress(host: name, port: 0) != nil
            let stream: TLSStream
            do throws(TLSError) {
                stream = try TLSStream(
                    task.context,
                    to: TLSDestination(
                        serverName: isLiteral ? nil : name, acceptedNames: [name]))
            } catch {
                throw IdentityProblem("TLS with the authority: \(error)")
            }
            let connecting = Socket.connect(to: address)
            let descriptor: Int32
            switch connecting {
            case .connected(let raw), .inProgress(let raw): descriptor = raw
            case .failed(let code):
                throw IdentityProblem(
                    .unreachable, "\(contact.address): \(NetError.text(code))")
            }
            let visit = AuthorityVisit(
                descriptor, isConnecting: true, tls: stream, loop: loop,
                authority: contact.address, errand: task.errand
            ) { [weak self] outcome in
                self?.finished(task, outcome)
            }
            self.visit = visit
            do throws(NetError) {
                try visit.start()
            } catch {
                visit.abandon()
                throw IdentityProblem(.unreachable, "\(error)")
            }
        } catch {
            visit = nil
            isBusy = false
            failed(task.step, error)
        }
    }

    // MARK: - What came of it

    private func finished(_ task: VisitTask, _ outcome: AuthorityVisit.Outcome) {
        visit = nil
        isBusy = false
        guard !isStopped else { return }
        do throws(IdentityProblem) {
            let yield: VisitYield
            switch outcome {
            case .success(let found): yield = found
            case .failure(let problem): throw problem
            }
            if task.errand.token != nil, yield.chain != nil { spentToken = task.errand.token }
            let now = keeper.now
            if let identity = try identity(yield, task) {
                let isNew = identity.identity != keeper.current?.identity
                keep(identity)
                if isNew {
                    course.adopted(
                        issuedAt: now, notAfter: identity.notAfter, jitter: jitter())
                    keeper.status.renewAt = course.renewAt
                }
                keeper.adopt(identity)
            }
            if let roots = yield.roots { rootsTag = roots.tag }
            if let lists = yield.lists { listsTag = lists.tag }
            course.refreshed(at: now, jitter: jitter())
            keeper.recovered()
            proceed()
        } catch {
            failed(task.step, error)
        }
    }

    /// nil where there is none, and nothing to change in one.
    private func identity(
        _ yield: VisitYield, _ task: VisitTask
    ) throws(IdentityProblem) -> WorkloadIdentity? {
        let current = keeper.current
        let lists = yield.lists?.pem ?? current?.revocations ?? []
        guard let chain = yield.chain, let key = task.key else {
            guard let current else { return nil }
            return try WorkloadIdentity(
                current, roots: yield.roots?.pem ?? current.roots, revocations: lists)
        }
        let text = try IdentityProblem.reading("the new key") { () throws(PKIError) in
            try key.pem()
        }
        // The last entry is the roots, as Istio's CA sends them.
        guard chain.count >= 2, let last = chain.last else {
            throw IdentityProblem("the authority sent no roots behind the certificate")
        }
        let identity = try WorkloadIdentity(
            chain: chain.dropLast().flatMap { Self.closed($0) }, key: text,
            roots: yield.roots?.pem ?? last, revocations: lists)
        try identity.check(belongsTo: contact.workload)
        return identity
    }

    /// Texts are put one behind the other.
    private static func closed(_ pem: [UInt8]) -> [UInt8] {
        pem.last == UInt8(ascii: "\n") ? pem : pem + [UInt8(ascii: "\n")]
    }

    private func failed(_ step: EnrolmentCourse.Step, _ problem: IdentityProblem) {
        if step == .refresh {
            keeper.status.readFailures += 1
        } else {
            keeper.status.failures += 1
        }
        course.failed(
            step, at: keeper.now, isRefusal: problem.kind == .refused,
            spread: Double.random(in: 0...1, using: &random))
        keeper.note(problem)
        proceed()
    }

    private func jitter() -> Double { Double.random(in: -1...1, using: &random) }

    // MARK: - The folder

    private func readKept() {
        guard let folder, folder.hasKey else { return }
        do throws(IdentityProblem) {
            let identity = try WorkloadIdentity(in: folder)
            try identity.check(belongsTo: contact.workload)
            guard identity.isValid(at: keeper.now) else {
                keeper.log.warning(
                    "identity", "the one that was kept is over; enrolling again",
                    [("folder", folder.path), ("ended", "\(identity.notAfter)")])
                return
            }
            let issued = identity.notBefore + AuthorityLimits.backdateSeconds
            course.adopted(
                issuedAt: min(issued, keeper.now), notAfter: identity.notAfter, jitter: jitter())
            keeper.status.renewAt = course.renewAt
            keeper.adopt(identity)
        } catch {
            keeper.status.readFailures += 1
            keeper.log.warning(
                "identity", "what was kept cannot be used: \(error)", [("folder", folder.path)])
        }
    }

    /// An identity that cannot be kept is used all the same.
    private func keep(_ identity: WorkloadIdentity) {
        guard let folder, identity != keeper.current else { return }
        do throws(AuthorityError) {
            try folder.replace(
                IdentityFiles(
                    chain: identity.identity.chain, key: identity.identity.key,
                    roots: identity.roots, lists: identity.revocations))
        } catch {
            keeper.log.error(
                "identity", "could not be kept; a restart will need a token",
                [("reason", "\(error)")])
        }
    }
}
