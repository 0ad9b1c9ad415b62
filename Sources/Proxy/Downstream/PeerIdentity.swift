// Who the client of a mutual TLS connection is, and until when that holds.
// It goes with the socket from whoever serves it to whoever does next (HTTP/1.1, HTTP/2, a tunnel),
// so that one place can end the connection of somebody who is let in no more.
import Mesh
import Net
import PKI
import TLS
import Telemetry

/// Whoever serves the connection at the moment.
protocol PeerHolder: AnyObject {
    /// The client is let in no more. What is under way may finish, nothing else begins; `atOnce`:
    /// nor may that.
    func dismiss(atOnce: Bool)
}

/// Lives as long as its holder, who alone keeps it. An identity looks for its holder by this: a
/// weak reference to a connection would make every count of references to it take the long way.
final class PeerSeat {
    unowned let holder: any PeerHolder

    init(_ holder: any PeerHolder) {
        self.holder = holder
    }
}

final class PeerIdentity: TimerTarget {
    let listener: Listener
    /// The filter chain's name.
    let chain: String
    let certificate: Certificate
    let names: [GeneralName]
    /// The SPIFFE id of a peer in the mesh, else the first URI; empty where it has none.
    let principal: String
    /// The mesh's form of it; nil for clients from elsewhere.
    let workload: SPIFFEID?
    /// What `x-forwarded-client-cert` says about this hop.
    let forwarded: [UInt8]
    /// `By`: what this side has shown, as its URI; empty for none.
    let ownPrincipal: String
    let caller: Caller
    private let stream: TLSStream
    private let notAfter: Int64
    private var timer = TimerID.none
    private(set) var isDismissed = false
    private weak var seat: PeerSeat?

    /// The clock may be set, so a far end is looked at again before it comes.
    private static let lookMs: UInt64 = 60_000

    private enum Tag {
        static let look: UInt8 = 0
        static let patienceEnded: UInt8 = 1
    }

    init(
        _ certificate: Certificate, workload: SPIFFEID?, stream: TLSStream, chain: String,
        listener: Listener
    ) {
        self.listener = listener
        self.chain = chain
        self.certificate = certificate
        self.workload = workload
        self.stream = stream
        let names = certificate.names
        self.names = names
        principal = workload?.description ?? names.firstURI ?? ""
        let own = stream.own?.names.firstURI ?? ""
        ownPrincipal = own
        forwarded = ForwardedCertificate(of: certificate, names: names, by: own)
            .element(withCertificate: listener.direction == .gateway)
        caller = listener.worker.caller(principal, workload, own: own, on: listener)
        notAfter = stream.peerNotAfter ?? certificate.notAfter.seconds
        super.init()
        look()
    }

    /// From now on `holder` serves the connection, for as long as it keeps what it gets.
    func seat(_ holder: any PeerHolder) -> PeerSeat {
        let seat = PeerSeat(holder)
        self.seat = seat
        if isDismissed { holder.dismiss(atOnce: true) }
        return seat
    }

    // MARK: - How long

    private var worker: Worker { listener.worker }

    override func timerFired(tag: UInt8) {
        timer = .none
        if tag == Tag.patienceEnded {
            seat?.holder.dismiss(atOnce: true)
        } else {
            look()
        }
    }

    private func look() {
        let leftSeconds = notAfter - Int64(worker.loop.wallNs / 1_000_000_000)
        guard leftSeconds >= 0 else {
            listener.stats.add(.sslPeerExpired)
            dismiss()
            return
        }
        // The certificate is valid to the end of its last second.
        let delayMs = min(UInt64(leftSeconds) * 1000 + 1000, Self.lookMs)
        timer = worker.loop.timers.schedule(afterMs: delayMs, target: self, tag: Tag.look)
    }

    /// Looks at the client by what holds now: the chain's rules, its CA, its revocation lists.
    func reconsider() {
        guard !isDismissed else { return }
        let present = listener.spec.chains.first { $0.name == chain }
        guard let present, let termination = present.termination else {
            dismiss()
            return
        }
        let isStranger = termination.clientCA == .workload && workload == nil
        if let failure = isStranger ? .sslFailVerifySAN : termination.failure(of: stream) {
            listener.stats.add(failure)
            dismiss()
            return
        }
        // Without its certificates nobody new is let in, and nobody can be judged anew.
        guard let context = worker.context(of: present, on: listener) else { return }
        guard context.objection(toPeerOf: stream) == nil else {
            listener.stats.add(.sslFailVerifyError)
            dismiss()
            return
        }
    }

    private func dismiss() {
        guard !isDismissed else { return }
        isDismissed = true
        listener.stats.add(.sslPeerDismissed)
        worker.loop.timers.cancel(timer)
        timer = worker.loop.timers.schedule(
            afterMs: worker.settings.limits.drainMs, target: self, tag: Tag.patienceEnded)
        seat?.holder.dismiss(atOnce: false)
    }

    /// The connection is closed.
    func left() {
        isDismissed = true
        worker.loop.timers.cancel(timer)
        timer = .none
        seat = nil
    }
}

extension [GeneralName] {
    /// What metrics and other proxies call the owner.
    var firstURI: String? {
        for case .uri(let text) in self { return text }
        return nil
    }
}

extension FilterChain {
    /// nil for what is passed through.
    var termination: TLSTermination? {
        switch handling {
        case .terminateHTTP(let termination, _), .terminateTCP(let termination, _): termination
        case .passthrough: nil
        }
    }
}
