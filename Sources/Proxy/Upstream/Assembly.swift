// The workers that have to do with one cluster, so that one of them can tell the others something.
// What is told arrives through their mailboxes; a seat is opened on its own thread alone.
import Net
import Synchronization

/// One worker's place in an assembly.
///
/// `@unchecked` because the compiler cannot see who opens it: `owner` is touched on the loop that
/// `mailbox` leads to, and nowhere else.
final class Seat<Owner: AnyObject>: @unchecked Sendable {
    private var owner: Owner?
    private let mailbox: Mailbox
    /// Its worker waits for what another one may give back.
    let isWaiting = Atomic<Bool>(false)

    fileprivate init(_ owner: Owner, mailbox: Mailbox) {
        self.owner = owner
        self.mailbox = mailbox
    }

    fileprivate func leave() {
        owner = nil
    }

    /// Runs `body` on the seat's own thread, unless its worker has left by then.
    fileprivate func tell(_ body: @escaping @Sendable (Owner) -> Void) {
        mailbox.post { [self] _ in
            if let owner { body(owner) }
        }
    }
}

final class Assembly<Owner: AnyObject>: Sendable {
    private let seats = Mutex<[Seat<Owner>]>([])

    func join(_ owner: Owner, on loop: Loop) -> Seat<Owner> {
        let seat = Seat(owner, mailbox: loop.mailbox)
        seats.withLock { $0.append(seat) }
        return seat
    }

    /// Call on the seat's own thread.
    func leave(_ seat: Seat<Owner>) {
        seat.leave()
        seats.withLock { seats in seats.removeAll { $0 === seat } }
    }

    func tellAll(_ body: @escaping @Sendable (Owner) -> Void) {
        for seat in seats.withLock(\.self) { seat.tell(body) }
    }

    /// Tells all but `seat`.
    func tellOthers(than seat: Seat<Owner>, _ body: @escaping @Sendable (Owner) -> Void) {
        for other in seats.withLock(\.self) where other !== seat { other.tell(body) }
    }

    /// Tells those but `seat` that wait; false when nobody does.
    @discardableResult
    func tellWaiting(
        otherThan seat: Seat<Owner>, _ body: @escaping @Sendable (Owner) -> Void
    ) -> Bool {
        var isAny = false
        for other in seats.withLock(\.self)
        where other !== seat && other.isWaiting.load(ordering: .sequentiallyConsistent) {
            isAny = true
            other.tell(body)
        }
        return isAny
    }
}
