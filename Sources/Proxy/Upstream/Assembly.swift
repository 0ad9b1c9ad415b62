// The workers that have to do with one cluster, so that one of them can tell the others something.
// What is told arrives through their mailboxes; see Seat.
import Net
import Synchronization

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
