// One epoll loop, run by one thread. Everything it owns, timers, buffers and registered
// descriptors, belongs to that thread alone; other threads reach it through its mailbox.
internal import CLinux

/// What became possible on a descriptor.
@frozen
public struct Readiness: OptionSet {
    public let rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let readable = Readiness(rawValue: 0x001)
    public static let writable = Readiness(rawValue: 0x004)
    public static let error = Readiness(rawValue: 0x008)
    /// Both directions are closed.
    public static let hangup = Readiness(rawValue: 0x010)
    /// The peer has finished sending.
    public static let peerClosed = Readiness(rawValue: 0x2000)
    static let edgeTriggered = Readiness(rawValue: 1 << 31)

    /// All a stream needs, once, at registration: edges are remembered by the owner.
    public static let stream: Readiness = [.readable, .writable, .peerClosed]
}

/// Something a loop watches: it owns a descriptor and is told what became possible on it.
open class Pollable: TimerTarget {
    open func ready(_ readiness: Readiness) {}
    /// What `Loop.again` asked for: go on with work that was left so that others get their turn.
    open func resumed() {}
    /// What `Loop.atEndOfThisRound` asked for.
    open func roundEnded() {}
}

/// Work done once at the end of a round of events, such as flushing a log.
open class RoundEnd {
    public init() {}
    open func roundEnded() {}
}

public final class Loop {
    /// Events taken from the kernel in one call.
    static let eventsMax = 512

    public let timers: TimerWheel
    public let buffers = BufferPool()
    public let mailbox: Mailbox
    /// Where sockets are read into; what is not consumed at once is copied by its reader.
    public var scratch = Buffer(capacity: Loop.scratchBytes)
    /// Where heads are written before they are sent.
    public var outgoing = Buffer(capacity: Loop.scratchBytes)
    /// Where cipher text is, on its way from or to a socket.
    public var ciphertext = Buffer()
    /// Where HTTP/2 frames are gathered before they are sent.
    public var frames = Buffer()
    public static let scratchBytes = 64 * 1024
    /// See `takeScratch`.
    private var spareScratch = Buffer()
    /// Bytes read from one socket before others get their turn.
    public static let readBytesMax = 256 * 1024

    private var pipes: ContiguousArray<Pipe> = []
    /// Idle pipes kept for the next long body.
    private static let pipesMax = 16
    private var pipesOut = 0
    /// A full one holds half a megabyte of the kernel's memory.
    private static let pipesOutMax = 128
    private let epoll: Descriptor
    private var watched: ContiguousArray<Pollable?> = []
    private var generations: ContiguousArray<UInt32> = []
    private var roundEnds: ContiguousArray<RoundEnd> = []
    private var postponed: ContiguousArray<Pollable> = []
    private var ending: ContiguousArray<Pollable> = []
    private var running = false
    /// Monotonic nanoseconds, taken once a round.
    public private(set) var nowNs: UInt64
    /// Seconds since 1970 and nanoseconds, taken once a round.
    public private(set) var wallNs: UInt64

    /// What the scratch buffer holds, for a reader in whose calls others may read into it. Another
    /// buffer stands in for it until `giveScratch`.
    public func takeScratch() -> Buffer {
        var taken = Buffer()
        swap(&taken, &spareScratch)
        if taken.allocatedBytes == 0 { taken = Buffer(capacity: Self.scratchBytes) }
        taken.removeAll()
        swap(&taken, &scratch)
        return taken
    }

    public func giveScratch(_ taken: consuming Buffer) {
        spareScratch = taken
    }

    public init(mailbox: Mailbox = Mailbox()) throws(NetError) {
        let descriptor = isthmus_epoll_create()
        guard descriptor >= 0 else { throw NetError(call: "epoll_create1", errno: isthmus_errno()) }
        epoll = Descriptor(descriptor)
        nowNs = isthmus_monotonic_ns()
        wallNs = isthmus_wall_ns()
        timers = TimerWheel(nowMs: nowNs / 1_000_000)
        self.mailbox = mailbox
        try add(MailboxReader(mailbox, self), descriptor: mailbox.descriptor, for: .readable)
    }

    public var nowMs: UInt64 { nowNs / 1_000_000 }

    /// Watches a descriptor, edge-triggered, until it is removed. Holds `pollable` strongly.
    public func add(
        _ pollable: Pollable, descriptor: Int32, for readiness: Readiness
    ) throws(NetError) {
        try register(pollable, descriptor, readiness.union(.edgeTriggered))
    }

    /// Watches without edges: the event comes again until it is dealt with. For descriptors that
    /// are served a piece at a time, such as listening sockets.
    public func addLevelTriggered(
        _ pollable: Pollable, descriptor: Int32, for readiness: Readiness
    ) throws(NetError) {
        try register(pollable, descriptor, readiness)
    }

    /// The token carries a generation, so that an event for a closed descriptor cannot reach the
    /// one that got its number next.
    private func register(
        _ pollable: Pollable, _ descriptor: Int32, _ events: Readiness
    ) throws(NetError) {
        let index = Int(descriptor)
        while watched.count <= index {
            watched.append(nil)
            generations.append(0)
        }
        generations[index] &+= 1
        let token = UInt64(generations[index]) << 32 | UInt64(UInt32(bitPattern: descriptor))
        guard isthmus_epoll_add(epoll.raw, descriptor, events.rawValue, token) == 0 else {
            throw NetError(call: "epoll_ctl", errno: isthmus_errno())
        }
        watched[index] = pollable
    }

    /// Another one hears of a descriptor that is watched; the kernel need not know.
    public func hand(descriptor: Int32, to pollable: Pollable) {
        let index = Int(descriptor)
        guard index >= 0, index < watched.count, watched[index] != nil else { return }
        watched[index] = pollable
    }

    /// Stops watching. Events already taken from the kernel for this descriptor are dropped.
    public func remove(descriptor: Int32) {
        let index = Int(descriptor)
        guard index >= 0, index < watched.count, watched[index] != nil else { return }
        generations[index] &+= 1
        watched[index] = nil
        _ = isthmus_epoll_remove(epoll.raw, descriptor)
    }

    /// As `remove`, for a descriptor that is closed right after: the kernel forgets it by itself.
    public func forget(descriptor: Int32) {
        let index = Int(descriptor)
        guard index >= 0, index < watched.count else { return }
        generations[index] &+= 1
        watched[index] = nil
    }

    /// An empty pipe, or nil when the system has none to give or enough are out: one whose reader
    /// is slow holds its bytes in the kernel.
    public func takePipe() -> Pipe? {
        guard pipesOut < Self.pipesOutMax, let pipe = pipes.popLast() ?? Pipe() else { return nil }
        pipesOut += 1
        return pipe
    }

    /// Takes a pipe back; one with bytes in it is closed instead.
    public func givePipe(_ pipe: Pipe) {
        pipesOut -= 1
        if pipe.count == 0, pipes.count < Self.pipesMax { pipes.append(pipe) }
    }

    /// Everything watched now; `body` may add and remove.
    public func forEachWatched(_ body: (Pollable) -> Void) {
        for pollable in watched { if let pollable { body(pollable) } }
    }

    public func atEndOfRound(_ work: RoundEnd) {
        roundEnds.append(work)
    }

    /// Calls `pollable.resumed()` in the next round, after the events that wait by then.
    public func again(_ pollable: Pollable) {
        postponed.append(pollable)
    }

    /// Calls `pollable.roundEnded()` once, after this round's events: output gathered from several
    /// sources leaves in one write.
    public func atEndOfThisRound(_ pollable: Pollable) {
        ending.append(pollable)
    }

    /// Serves events until `stop`. Call from the thread that owns the loop.
    public func run() {
        running = true
        let events = UnsafeMutablePointer<isthmus_event>.allocate(
            capacity: Self.eventsMax)
        defer { unsafe events.deallocate() }
        while running {
            let sleep = timers.sleepMs(now: nowMs)
            let timeout = postponed.isEmpty ? sleep.map { Int32(clamping: $0) } ?? -1 : 0
            let count = unsafe isthmus_epoll_wait(
                epoll.raw, events, Int32(Self.eventsMax), timeout)
            nowNs = isthmus_monotonic_ns()
            wallNs = isthmus_wall_ns()
            timers.advance(toMs: nowMs)
            var index = 0
            while index < Int(count) {
                let event = unsafe events[index]
                let descriptor = Int(UInt32(truncatingIfNeeded: event.token))
                if generations[descriptor] == UInt32(truncatingIfNeeded: event.token >> 32),
                    let pollable = watched[descriptor]
                {
                    pollable.ready(Readiness(rawValue: event.events))
                }
                index += 1
            }
            if !postponed.isEmpty {
                let due = postponed
                postponed.removeAll(keepingCapacity: true)
                for pollable in due { pollable.resumed() }
            }
            while !ending.isEmpty {
                let due = ending
                ending.removeAll(keepingCapacity: true)
                for pollable in due { pollable.roundEnded() }
            }
            for work in roundEnds { work.roundEnded() }
        }
    }

    /// Ends `run` after the present round.
    public func stop() {
        running = false
    }
}
