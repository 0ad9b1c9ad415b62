// `127.0.0.1:15000`, or `off`: where a port for people is served.
import ArgumentParser
import Net

struct ServerAddress {
    /// nil: not at all.
    let address: SocketAddress?

    init(argument: String) throws {
        if argument == "off" {
            address = nil
            return
        }
        // A bare port would leave open who may connect.
        guard argument.contains(":"), let address = SocketAddress(text: argument) else {
            throw ValidationError(
                "\"\(argument)\" is no address; write ADDRESS:PORT, as in 127.0.0.1:15000, or off")
        }
        self.address = address
    }

    init(_ address: SocketAddress) { self.address = address }

    static func loopback(_ port: UInt16) -> ServerAddress {
        ServerAddress(.v4(0x7F00_0001, port: port))
    }

    static func everywhere(_ port: UInt16) -> ServerAddress {
        ServerAddress(.v4(0, port: port))
    }
}
