// Sockets of a network namespace this process is not in: who stays in there makes them and hands
// them over, one at a time, ahead of need.
// A socket belongs to the namespace it was made in for good, so binding and connecting it are calls
// like any other, on any thread.
internal import CLinux
internal import Glibc

public struct SocketSupply: Sendable, Equatable {
    private let v4: Int32
    private let v6: Int32

    init(v4: Int32, v6: Int32) {
        self.v4 = v4
        self.v6 = v6
    }

    /// A stream socket, not blocking, for an address of the namespace; -1 and errno where none
    /// comes. Waits, where all that were made ahead are taken, for as long as it takes to make one.
    func take(_ address: SocketAddress) -> Int32 {
        switch address {
        case .v4: isthmus_enclosure_take(v4)
        case .v6: isthmus_enclosure_take(v6)
        // Paths are the file system's, which has its own namespaces.
        case .unix: isthmus_stream_socket(address.family)
        }
    }
}
