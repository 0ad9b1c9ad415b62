// Ports of the demo: one that is taken is said at once, before anything is started.
import Control
import Net

enum DemoPort {
    /// Times a free port is looked for that somebody else may take meanwhile.
    static let attemptsMax = 5

    static func refuseOccupied(_ port: UInt16, flag: String) throws {
        do {
            _ = try Socket.listen(on: .v4(0x7F00_0001, port: port), sharesPort: false)
        } catch {
            throw Complaint(
                error.isPermission ? .notPermitted : .inputOutput,
                "cannot bind 127.0.0.1:\(port): \(error.reason); choose another with \(flag), "
                    + "as in isthmus demo \(flag) \(port &+ 1)")
        }
    }
}
