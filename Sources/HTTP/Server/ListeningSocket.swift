// A bound and listening socket that has not been given to a loop yet.
// Apart from the server, so that a program can bind first and report what is wrong, and only then
// start its threads.
public import Net

public final class ListeningSocket: Sendable {
    /// Open as long as this is.
    public let descriptor: Descriptor
    /// With the port the system chose, where 0 was asked for.
    public let address: SocketAddress

    public init(on address: SocketAddress) throws(NetError) {
        descriptor = try Socket.listen(on: address, sharesPort: false)
        self.address = Socket.localAddress(descriptor.raw) ?? address
    }
}
