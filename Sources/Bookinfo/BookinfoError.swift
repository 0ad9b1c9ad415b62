// Why the demo application could not start.
// Each case names the service and the address, which is what a person has to change.
public import Net

public enum BookinfoError: Error, CustomStringConvertible, Sendable {
    /// The service with its version, and where it should have listened.
    case cannotBind(String, SocketAddress, NetError)
    case cannotStartThread(NetError)

    public var description: String {
        switch self {
        case .cannotBind(let service, let address, let error):
            "\(service) could not listen on \(address): \(error.reason)"
                + (error.isAddressInUse ? "; is the application running already?" : "")
        case .cannotStartThread(let error): "could not start a thread: \(error.reason)"
        }
    }
}
