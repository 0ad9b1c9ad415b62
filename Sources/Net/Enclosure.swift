// A command in network and mount namespaces of its own, where every connection it makes arrives at
// the proxy; or, where rights are missing, the same command without them.
// What has to happen between fork and exec is in C; here is what the proxy sees of it.
internal import CLinux
internal import Glibc

/// Lives on the loop it is watched by. The namespaces go with the last process in them.
public final class Enclosure: Pollable {
    public struct Plan: Sendable {
        /// The program and what it is given; never empty.
        public var arguments: [String]
        /// False: only the command.
        public var isolates = true
        /// Calls to IPv6 addresses are taken as well; otherwise they fail at once.
        public var takesIPv6 = false
        /// What `nft -f -` reads, in the namespace.
        public var rules: String?
        /// Put over /etc/resolv.conf.
        public var resolverFile: String?

        public init(arguments: [String]) { self.arguments = arguments }
    }

    public enum Word: Sendable, Equatable {
        case running(process: Int32)
        /// The command could not be started.
        case failed(errno: Int32)
        /// As a shell counts it: 128 and the signal's number for one that was killed.
        case ended(status: Int32)
        /// The keeper is gone, and with it the command.
        case lost
    }

    /// Sockets on the inside; nil without namespaces.
    public let sockets: SocketSupply?
    /// UDP, IPv4, on the inside; -1 without namespaces.
    public let datagram: Int32
    public let hasIPv6: Bool
    private let control: Int32
    private let keeper: Int32
    private var handler: ((Word) -> Void)?

    private init(_ made: isthmus_enclosure, hasIPv6: Bool, isolates: Bool) {
        sockets = isolates ? SocketSupply(v4: made.supply_v4, v6: made.supply_v6) : nil
        datagram = made.datagram
        control = made.control
        keeper = made.keeper
        self.hasIPv6 = hasIPv6
        super.init()
    }

    /// Sets everything up but the command. Call it before the first thread is started.
    public static func open(_ plan: Plan) throws(EnclosureFailure) -> Enclosure {
        // The keeper has these by fork, and uses them at some time.
        let arguments = CStrings(plan.arguments)
        unsafe isthmus_enclosure_command(arguments.pointers)
        var word = isthmus_enclosure_word()
        var made = isthmus_enclosure()
        let rules = plan.rules.map { CStrings([$0]) }
        let file = plan.resolverFile.map { CStrings([$0]) }
        var asked = unsafe isthmus_enclosure_plan()
        unsafe asked.isolates = plan.isolates ? 1 : 0
        unsafe asked.takes_v6 = plan.takesIPv6 ? 1 : 0
        unsafe asked.rules = unsafe UnsafePointer(rules?.pointers[0])
        unsafe asked.resolver_file = unsafe UnsafePointer(file?.pointers[0])
        let result = unsafe isthmus_enclosure_open(&asked, &made, &word)
        withExtendedLifetime((arguments, rules, file)) {}
        guard result == 0 else { throw EnclosureFailure(word) }
        return Enclosure(made, hasIPv6: word.has_v6 != 0, isolates: plan.isolates)
    }

    /// Starts the command, and tells what becomes of it.
    public func run(on loop: Loop, then handler: @escaping (Word) -> Void) throws(NetError) {
        self.handler = handler
        try loop.add(self, descriptor: control, for: .readable)
        guard isthmus_enclosure_run(control) == 0 else {
            throw NetError(call: "send", errno: isthmus_errno())
        }
    }

    public func signal(_ number: Int32) {
        _ = isthmus_enclosure_signal(control, number)
    }

    override public func ready(_ readiness: Readiness) {
        while true {
            var word = isthmus_enclosure_word()
            switch unsafe isthmus_enclosure_listen(control, &word) {
            case 0: return
            case 1:
                switch UInt8(truncatingIfNeeded: word.kind) {
                case UInt8(ascii: "s"): handler?(.running(process: word.value))
                case UInt8(ascii: "x"): handler?(.failed(errno: word.value))
                case UInt8(ascii: "e"): handler?(.ended(status: Self.status(word.value)))
                default: break
                }
            default:
                let told = handler
                handler = nil
                told?(.lost)
                return
            }
        }
    }

    /// Of what `wait` reports.
    static func status(_ raw: Int32) -> Int32 {
        let signal = raw & 0x7f
        return signal == 0 ? raw >> 8 & 0xff : 128 + signal
    }

    /// The keeper ends, and nothing of it stays behind.
    public func close() {
        handler = nil
        Socket.close(control)
        var status: Int32 = 0
        while unsafe waitpid(keeper, &status, 0) < 0, isthmus_errno() == EINTR {}
    }
}

/// Texts for a C call that keeps them: an array of pointers with a nil behind them.
@safe private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        unsafe pointers = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() {
            unsafe (pointers + index).initialize(to: strdup(text))
        }
        unsafe (pointers + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}
