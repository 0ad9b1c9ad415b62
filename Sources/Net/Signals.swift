// Signals as events of a loop instead of handlers that interrupt it.
internal import CLinux
internal import Glibc

public final class Signals: Pollable {
    public static let hangup = SIGHUP
    public static let interrupt = SIGINT
    public static let terminate = SIGTERM
    public static let user1 = SIGUSR1

    private let descriptor: Descriptor
    private let handler: (Int32) -> Void
    /// Whether the signal being handled came from a terminal, which sends it to every process of
    /// the group.
    public private(set) var isFromTerminal = false

    /// Keeps the signals from their default action in this thread and all it starts later: call
    /// first thing in the process. SIGPIPE is ignored: writes report EPIPE instead.
    public static func block(_ signals: [Int32]) {
        _ = unsafe isthmus_block_signals(signals, Int32(signals.count))
        _ = signal(SIGPIPE, SIG_IGN)
    }

    public init(
        _ signals: [Int32], loop: Loop, handler: @escaping (Int32) -> Void
    ) throws(NetError) {
        let raw = unsafe isthmus_signalfd(signals, Int32(signals.count))
        guard raw >= 0 else { throw NetError(call: "signalfd", errno: isthmus_errno()) }
        descriptor = Descriptor(raw)
        self.handler = handler
        super.init()
        try loop.add(self, descriptor: raw, for: .readable)
    }

    override public func ready(_ readiness: Readiness) {
        while true {
            var byKernel: Int32 = 0
            let number = unsafe isthmus_signalfd_read(descriptor.raw, &byKernel)
            guard number > 0 else { return }
            isFromTerminal = byKernel != 0
            handler(number)
        }
    }
}
