// Why the certificate service cannot be there.
public import Authority
public import Net

public enum ServiceProblem: Error, CustomStringConvertible {
    case authority(AuthorityError)
    case tls(String)
    case net(SocketAddress, NetError)

    public var description: String {
        switch self {
        case .authority(let error): "\(error)"
        case .tls(let reason): "TLS: \(reason)"
        case .net(let address, let error): "cannot listen on \(address): \(error.reason)"
        }
    }
}
