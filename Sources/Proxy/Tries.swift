// How far a request has come in being tried: what counts, what waits, what is timed.
// Apart from the exchange, because most requests need one try and look at none of this.
import Net

struct Tries {
    /// What the exchange's timers are for; each is set at most once at a time.
    enum Timer: UInt8 {
        /// The route's, over all tries.
        case response
        case perTry
        /// Until the next try.
        case backoff
        /// A fault's.
        case delay
        /// Until DNS has said where the host is.
        case lookup
    }

    /// Why a request that has been routed is on no connection now.
    enum Pause: UInt8 { case none, delay, backoff, lookup }

    /// The first one included, and those that replace a stale connection: `x-envoy-attempt-count`.
    var begun: UInt32 = 0
    /// By the route's policy.
    var retries: UInt32 = 0
    /// A stale connection was replaced, or a server that ends its connection was left: once, and
    /// not of the policy's count, as nothing of the request can have been acted on.
    var wasReplaced = false
    var pause = Pause.none
    /// `100 Continue` was passed on; the next try's is not.
    var toldToContinue = false
    /// Heads of 1xx answers so far.
    var interimBytes = 0

    var responseTimer = TimerID.none
    var tryTimer = TimerID.none
    var pauseTimer = TimerID.none

    /// Nothing has been tried before, with success or without.
    var isFirst: Bool { begun == 0 && retries == 0 }

    var isPaused: Bool { pause != .none }
}
