// A named thread that runs one loop. The loop is made on its own thread, so nothing it owns is ever
// touched by another one.
internal import CLinux
internal import Glibc

public struct LoopThread: ~Copyable {
    public let mailbox: Mailbox
    private let thread: pthread_t

    /// Starts the thread; `setUp` runs on it before the first event is served. What it returns is
    /// kept until the loop ends.
    public static func start(
        name: String, setUp: @escaping @Sendable (Loop) -> AnyObject?
    ) throws(NetError) -> LoopThread {
        let mailbox = Mailbox()
        let loopMaker: @Sendable () -> Void = {
            do throws(NetError) {
                let loop = try Loop(mailbox: mailbox)
                let kept = setUp(loop)
                loop.run()
                withExtendedLifetime(kept) {}
            } catch {
                preconditionFailure("the loop \(name) could not start: \(error)")
            }
        }
        let thread = try spawn(name: name, loopMaker)
        return LoopThread(mailbox: mailbox, thread: thread)
    }

    /// Starts a thread that runs `body` to its end.
    static func spawn(
        name: String, _ body: @escaping @Sendable () -> Void
    ) throws(NetError) -> pthread_t {
        final class Body: Sendable {
            let run: @Sendable () -> Void
            init(_ run: @escaping @Sendable () -> Void) { self.run = run }
        }
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        guard code == 0 else {
            unsafe Unmanaged<Body>.fromOpaque(context).release()
            throw NetError(call: "pthread_create", errno: code)
        }
        _ = unsafe name.prefix(15).withCString { unsafe isthmus_name_thread(thread, $0) }
        return thread
    }

    /// Asks the loop to end and waits until it has.
    public consuming func stop() {
        mailbox.post { $0.stop() }
        _ = pthread_join(thread, nil)
    }
}
