// The one way into a loop from another thread: closures put in a queue, an eventfd to wake it.
internal import CLinux
internal import Glibc
import Synchronization

/// Work posted here runs on the loop's thread, in order. Work posted after the loop ended is
/// dropped with the mailbox.
public final class Mailbox: Sendable {
    let descriptor: Int32
    private let queue = Mutex<[@Sendable (Loop) -> Void]>([])

    public init() {
        descriptor = isthmus_eventfd()
        precondition(descriptor >= 0, "eventfd: out of descriptors before the first connection")
    }

    deinit {
        _ = close(descriptor)
    }

    public func post(_ work: @escaping @Sendable (Loop) -> Void) {
        let wasEmpty = queue.withLock { queue in
            queue.append(work)
            return queue.count == 1
        }
        guard wasEmpty else { return }
        var one: UInt64 = 1
        _ = unsafe write(descriptor, &one, 8)
    }

    func take() -> [@Sendable (Loop) -> Void] {
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, 8)
        return queue.withLock { queue in
            let taken = queue
            queue = []
            return taken
        }
    }
}

/// The loop's side of the mailbox.
final class MailboxReader: Pollable {
    private let mailbox: Mailbox
    private unowned let loop: Loop

    init(_ mailbox: Mailbox, _ loop: Loop) {
        self.mailbox = mailbox
        self.loop = loop
    }

    override func ready(_ readiness: Readiness) {
        for work in mailbox.take() { work(loop) }
    }
}
