// Who waits for a connection to an endpoint: for requests, for streams, or for a client's bytes.
// What becomes of it is told from the loop, never inside the call that began it.
import Net

/// Abstract: every method is overridden.
class Dialler: Pollable {
    /// The connection stands: `opening.takeSocket()` is watched for this one from now on, and what
    /// the peer said behind a TLS handshake is in the loop's scratch buffer, or for bytes in
    /// `opening.early`.
    /// - Parameter readiness: of the event it came to stand with, which does not come again.
    func opened(_ opening: Opening, _ readiness: Readiness) {}

    /// There will be no connection; it has been counted.
    func openingFailed(_ opening: Opening, _ error: DialFailure) {}
}
