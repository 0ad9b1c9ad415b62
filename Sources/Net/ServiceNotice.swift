// What the service manager is told about this process: sd_notify(3) without its library.
// One datagram to the socket that systemd names in the environment; where there is none, nothing
// happens.
internal import CLinux
internal import Glibc

public enum ServiceNotice {
    /// Sends assignments, `["READY=1", "STATUS=live"]`.
    /// - Returns: true when the service manager got them; false where nobody wants to know.
    @discardableResult
    public static func send(_ assignments: [String]) -> Bool {
        guard let path = Machine.environment("NOTIFY_SOCKET"),
            path.hasPrefix("/") || path.hasPrefix("@"), path.utf8.count < 108
        else { return false }
        let raw = isthmus_datagram_socket(AF_UNIX)
        guard raw >= 0 else { return false }
        let socket = Descriptor(raw)
        // A manager that does not read is not worth waiting for.
        _ = fcntl(raw, F_SETFL, O_NONBLOCK)
        let connected = unsafe SocketAddress.unix(path).withSockaddr {
            unsafe isthmus_connect(socket.raw, $0, $1)
        }
        guard connected == 0 else { return false }
        let text = assignments.joined(separator: "\n")
        return Array(text.utf8).withView { bytes in
            if case .bytes = IOResult.send(socket.raw, bytes) { true } else { false }
        }
    }

    /// Milliseconds within which the service manager wants to hear `WATCHDOG=1`; nil for never.
    public static var watchdogMs: UInt64? {
        guard let text = Machine.environment("WATCHDOG_USEC"), let limit = UInt64(text), limit > 0
        else { return nil }
        if let pid = Machine.environment("WATCHDOG_PID"), pid != "\(Machine.processID)" {
            return nil
        }
        return limit / 1000
    }
}
