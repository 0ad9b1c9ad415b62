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

    /// Of two demos the second would lose one port after another, each said in another run: where
    /// addresses that demos alone use are taken, all that has to be written is told at once.
    static func refuseSecond(_ ports: DemoMesh.Ports) throws {
        let calls = DemoMesh.callsAddress(ports)
        let outside = SocketAddress.v4(
            DemoOutside.host, port: ports.bound(DemoMesh.declaredOutside))
        guard let taken = [calls, outside].first(where: isTaken) else { return }
        throw Complaint(
            .inputOutput,
            "\(taken) is taken, where another demo may be running: end that one, or give this one "
                + "ports of its own, as in isthmus demo --port \(ports.http &+ 1) "
                + "--https-port \(ports.https &+ 1) --workload-port \(ports.workload &+ 1) "
                + "--admin-port \(ports.admin &+ 100) --port-map "
                + "\(DemoMesh.declaredCalls)=\(calls.port &+ 100),"
                + "\(DemoMesh.declaredOutside)=\(outside.port &+ 100)")
    }

    private static func isTaken(_ address: SocketAddress) -> Bool {
        do {
            _ = try Socket.listen(on: address, sharesPort: false)
            return false
        } catch {
            return error.isAddressInUse
        }
    }
}
