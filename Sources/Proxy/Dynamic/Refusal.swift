// A call that a policy did not let through, as operators are told of it: what was called, by whom,
// and which policy stands against it.
// Told one line each and so many a second, as whoever calls decides how many there are.
public import Mesh
import Net
import Telemetry

public struct Refusal: Sendable {
    public let kind: RefusalKind
    /// `books.example.com:443`, as the caller had it.
    public let destination: String
    /// The policy and what would allow the call.
    public let reason: String
    /// `10.0.0.7:41234`
    public let caller: String
    /// The caller's principal, or the workload this proxy stands beside; empty where nobody knows.
    public let workload: String
    /// The listener that was called.
    public let listener: String
    /// How many before it were counted but not told.
    public let untold: UInt64
}

/// What a worker refused, and how much of it was told of late.
struct RefusalRecord {
    private var counts = ContiguousArray<UInt64>(repeating: 0, count: RefusalKind.allCases.count)
    private var windowNs: UInt64 = 0
    private var toldInWindow = 0
    private var untold: UInt64 = 0
    private static let windowLengthNs: UInt64 = 1_000_000_000

    subscript(kind: RefusalKind) -> UInt64 { counts[kind.rawValue] }

    /// Counts one.
    /// - Parameter linesMax: a second; what is beyond it is counted, and the next line says how
    ///   much that was.
    /// - Returns: how many were not told before it, where this one is to be told; else nil.
    mutating func add(_ kind: RefusalKind, nowNs: UInt64, linesMax: Int) -> UInt64? {
        counts[kind.rawValue] += 1
        if nowNs &- windowNs >= Self.windowLengthNs {
            windowNs = nowNs
            toldInWindow = 0
        }
        guard toldInWindow < linesMax else {
            untold += 1
            return nil
        }
        toldInWindow += 1
        defer { untold = 0 }
        return untold
    }
}

extension Worker {
    /// Counts a refusal, and tells of it unless there were too many lately.
    /// - Parameter destination, reason: made only where they are told.
    func refused(
        _ kind: RefusalKind, _ destination: @autoclosure () -> String,
        because reason: @autoclosure () -> String, on listener: Listener?, by peer: SocketAddress?,
        _ identity: PeerIdentity?
    ) {
        let linesMax = settings.limits.refusalLinesMax
        guard let untold = refusals.add(kind, nowNs: loop.nowNs, linesMax: linesMax),
            let tell = settings.tellRefusal
        else { return }
        let own = settings.source.workload
        tell(
            Refusal(
                kind: kind, destination: destination(), reason: reason(),
                caller: peer.map { "\($0)" } ?? "",
                workload: identity?.principal
                    ?? (listener?.direction == .outbound && !own.isEmpty ? own : ""),
                listener: listener?.spec.name ?? "", untold: untold))
    }
}
