// Why an address cannot be listened on, in words an operator can act on.
internal import Glibc
public import Net

public struct BindFailure: Error, CustomStringConvertible, Sendable {
    public let address: SocketAddress
    /// The port as the Gateway declares it; differs where a port map applies.
    public let declaredPort: UInt16
    public let reason: NetError

    var status: ExitStatus { reason.isPermission ? .notPermitted : .inputOutput }

    public var description: String {
        "cannot bind \(address): \(reason.reason)\(advice)"
    }

    private var advice: String {
        switch reason.errno {
        case EACCES, EPERM:
            // A privileged port, ip(7): net.ipv4.ip_unprivileged_port_start.
            let other = declaredPort < 57_536 ? declaredPort + 8000 : declaredPort
            return "; run with --port-map \(declaredPort)=\(other), "
                + "or give the binary cap_net_bind_service"
        case EADDRINUSE:
            return "; stop the program that listens there (`ss -ltnp` names it), "
                + "or run with --port-map \(declaredPort)=PORT"
        case EADDRNOTAVAIL:
            return "; this machine does not have that address, "
                + "check `bind` of the Gateway's server or --bind"
        default: return ""
        }
    }
}
