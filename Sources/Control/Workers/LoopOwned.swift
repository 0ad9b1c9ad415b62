// A thing that one loop's thread owns, with a handle that other threads may hold and send back.
// Closures posted to a mailbox cross threads; the thing itself must not. The handle crosses, and is
// opened only where the thing lives.
internal import Net

/// `@unchecked` because the compiler cannot see who opens it: `value(on:)` and `fill` are called on
/// the owner's thread alone, which `value(on:)` checks.
final class LoopOwned<Value>: @unchecked Sendable {
    private var value: Value?
    /// The mailbox of the owner, each loop having its own. No weak reference to the loop: those
    /// make every later count of references to it take the long way, thirteen times a request.
    private var owner: Mailbox?

    /// Call on the owner's thread, before anybody can post to it.
    func fill(_ value: Value, on loop: Loop) {
        self.value = value
        owner = loop.mailbox
    }

    /// nil once it was emptied.
    func value(on loop: Loop) -> Value? {
        precondition(loop.mailbox === owner, "opened on a thread that does not own it")
        return value
    }

    /// Lets go of the value here, so that it is not another thread that frees it.
    func empty(on loop: Loop) {
        precondition(loop.mailbox === owner, "emptied on a thread that does not own it")
        value = nil
    }
}
