// A thing that one loop's thread owns, with a handle that other threads may hold and send back.
// Closures posted to a mailbox cross threads; the thing itself must not. The handle crosses, and is
// opened only where the thing lives.
internal import Net

/// `@unchecked` because the compiler cannot see who opens it: `value(on:)` and `fill` are called on
/// the owner's thread alone, which `value(on:)` checks.
final class LoopOwned<Value>: @unchecked Sendable {
    private var value: Value?
    private weak var owner: Loop?

    /// Call on the owner's thread, before anybody can post to it.
    func fill(_ value: Value, on loop: Loop) {
        self.value = value
        owner = loop
    }

    /// nil once it was emptied.
    func value(on loop: Loop) -> Value? {
        precondition(loop === owner, "opened on a thread that does not own it")
        return value
    }

    /// Lets go of the value here, so that it is not another thread that frees it.
    func empty(on loop: Loop) {
        precondition(loop === owner, "emptied on a thread that does not own it")
        value = nil
    }
}
