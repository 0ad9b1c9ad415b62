// When to ask the authority for what: the decisions of enrolment and renewal, without a clock, a
// network or a generator of their own, so that a year of them is tested in a millisecond.
internal import PKI

struct EnrolmentCourse: Equatable {
    enum Step: Equatable {
        /// Prove who we are by a token.
        case enrol
        /// Prove it by the certificate we have.
        case renew
        /// Ask for roots and revocation lists only.
        case refresh
        case wait
    }

    /// Seconds between two looks at roots and lists.
    let refreshSeconds: Int64
    private(set) var notAfter: UnixTime?
    private(set) var renewAt: UnixTime?
    private var issuedAt: UnixTime?
    private var refreshAt: UnixTime?
    private var retryAt: UnixTime?
    /// Attempts that failed since the last one that did not.
    private(set) var failedAttempts = 0
    /// The authority does not take our certificate any more, though it is valid.
    private(set) var isDisowned = false
    private var warnedLevel = 0

    /// Istio renews at half of the life, give or take a hundredth, so that a mesh that started
    /// together does not come back together (`SECRET_GRACE_PERIOD_RATIO` and its jitter).
    static let renewalPart = 0.5
    static let jitterPart = 0.01
    static let retrySecondsMax: Int64 = 60

    init(refreshSeconds: Int64) { self.refreshSeconds = refreshSeconds }

    // MARK: - What happened

    /// A certificate is there.
    ///
    /// - Parameters:
    ///   - issued: when it was made; its notBefore is put back for slow clocks.
    ///   - jitter: -1 to 1.
    mutating func adopted(issuedAt issued: UnixTime, notAfter end: UnixTime, jitter: Double) {
        let life = max(0, end - issued)
        let part = Self.renewalPart + Self.jitterPart * max(-1, min(1, jitter))
        issuedAt = issued
        notAfter = end
        renewAt = issued + Int64(Double(life) * part)
        isDisowned = false
        warnedLevel = 0
        succeeded()
    }

    /// Roots and lists were asked for, alone or with a certificate.
    mutating func refreshed(at now: UnixTime, jitter: Double) {
        refreshAt = now + max(1, refreshSeconds + Int64(Double(refreshSeconds) * 0.1 * jitter))
        succeeded()
    }

    private mutating func succeeded() {
        failedAttempts = 0
        retryAt = nil
    }

    /// - Parameters:
    ///   - isRefusal: the authority answered, and said no.
    ///   - spread: 0 to 1.
    mutating func failed(
        _ step: Step, at now: UnixTime, isRefusal: Bool = false, spread: Double
    ) {
        failedAttempts += 1
        if isRefusal, step == .renew || step == .refresh { isDisowned = true }
        var seconds = Self.retrySecondsMax
        if failedAttempts <= 6 { seconds = min(seconds, 1 << Int64(failedAttempts - 1)) }
        // Never so long that what is left of a short life goes by between two attempts.
        if let notAfter, notAfter > now { seconds = min(seconds, max(1, (notAfter - now) / 8)) }
        let least = max(1, seconds / 2)
        retryAt = now + least + Int64(Double(seconds - least) * max(0, min(1, spread)))
    }

    /// The operator asks for a new certificate now.
    mutating func hurry(at now: UnixTime) {
        retryAt = nil
        if let at = renewAt { renewAt = min(at, now) }
    }

    // MARK: - What to do

    func step(at now: UnixTime) -> Step {
        if let retryAt, now < retryAt { return .wait }
        guard let notAfter, let renewAt, now <= notAfter else { return .enrol }
        if now >= renewAt { return isDisowned ? .enrol : .renew }
        if let refreshAt, now < refreshAt { return .wait }
        return .refresh
    }

    /// Seconds until `step` can be another than `wait`.
    func secondsToNextStep(at now: UnixTime) -> Int64 {
        if let retryAt, now < retryAt { return retryAt - now }
        guard step(at: now) == .wait else { return 0 }
        let moments = [renewAt, refreshAt, notAfter.map { $0 + 1 }].compactMap { $0 }
        return max(0, (moments.min() ?? now) - now)
    }

    /// Whether to warn of the end now: at a quarter of the life left, at a tenth, and when it is
    /// over; once each.
    mutating func warningIsDue(at now: UnixTime) -> Bool {
        guard let issuedAt, let notAfter else { return false }
        let life = notAfter - issuedAt
        let left = notAfter - now
        let level = left < 0 ? 3 : left * 10 < life ? 2 : left * 4 < life ? 1 : 0
        guard level > warnedLevel else { return false }
        warnedLevel = level
        return true
    }
}
