// One worker's place in an assembly. The others hold it to send to its thread what is for it; what
// it leads to is opened there alone.
import Net
import Synchronization

/// `@unchecked` because the compiler cannot see who opens it: `owner` is touched on the loop that
/// `mailbox` leads to, and nowhere else.
final class Seat<Owner: AnyObject>: @unchecked Sendable {
    private var owner: Owner?
    private let mailbox: Mailbox
    /// Its worker waits for what another one may give back.
    let isWaiting = Atomic<Bool>(false)

    init(_ owner: Owner, mailbox: Mailbox) {
        self.owner = owner
        self.mailbox = mailbox
    }

    func leave() {
        owner = nil
    }

    /// Runs `body` on the seat's own thread, unless its worker has left by then.
    func tell(_ body: @escaping @Sendable (Owner) -> Void) {
        mailbox.post { [self] _ in
            if let owner { body(owner) }
        }
    }
}
