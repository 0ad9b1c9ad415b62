// `80=8080,443=8443`: ports as Gateways declare them, and ports as they are bound.
import ArgumentParser
import Control
import Net

struct PortMap {
    private(set) var ports: [UInt16: UInt16] = [:]

    init(argument: String) throws {
        for pair in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = pair.split(separator: "=", omittingEmptySubsequences: false)
            guard halves.count == 2, let declared = UInt16(halves[0]), declared != 0,
                let bound = UInt16(halves[1])
            else {
                throw ValidationError(
                    "\"\(pair)\" maps no port; write PORT=PORT,... as in 80=8080,443=8443")
            }
            ports[declared] = bound == 0 ? try Self.freePort() : bound
        }
    }

    /// A port nobody has now; chosen once, so that reloads do not move the listener.
    static func freePort() throws -> UInt16 {
        do {
            let socket = try Socket.listen(on: .v4(0, port: 0), sharesPort: false)
            guard let port = Socket.localAddress(socket.raw)?.port else {
                throw Complaint(.inputOutput, "no free port")
            }
            return port
        } catch let error as NetError {
            throw Complaint(.inputOutput, "no free port: \(error)")
        }
    }
}
