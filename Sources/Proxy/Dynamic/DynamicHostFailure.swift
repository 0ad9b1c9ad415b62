// Why a host that a request names is not called, in a line for whoever asked: what was meant, what
// stands against it, and what would have to be written.
import Mesh
import Net
import Telemetry

/// A host that was called, for people.
struct CalledName {
    let text: String
    let isLiteral: Bool
}

enum DynamicHostFailure: Error {
    /// Bytes whose TLS says no server's name.
    case unnamed
    /// It can be no name of DNS and no address.
    case badName
    /// Not one of the names that the entry takes.
    case notAdmitted(DynamicHosts)
    /// DNS knows no address.
    case unresolved(NameProblem, DynamicHosts)
    /// DNS did not answer within the cluster's connect timeout.
    case timeout
    /// An address that no name may lead to.
    case prohibited(SocketAddress, name: CalledName)
    /// The request, or the connection, has passed this proxy before.
    case cameRound
    /// It has failed too often; another cannot be asked in its place.
    case leftOut
    /// Too many hosts, or too many requests that wait for DNS.
    case overflow

    var failure: Failure {
        switch self {
        case .unnamed, .badName, .unresolved, .timeout: .nameResolutionFailed
        case .notAdmitted: .hostNotAdmitted
        case .prohibited: .addressProhibited
        case .cameRound: .proxyLoop
        case .leftOut: .noHealthyUpstream
        case .overflow: .nameCacheOverflow
        }
    }

    /// What it is to operators; nil where no policy had a part in it.
    var refusal: RefusalKind? {
        switch self {
        case .notAdmitted: .host
        case .prohibited: .address
        case .unnamed, .badName, .unresolved, .timeout, .cameRound, .leftOut, .overflow: nil
        }
    }

    /// In front of the line a client gets: Envoy's words, where it has some.
    var title: String {
        switch self {
        case .unnamed, .badName, .unresolved, .timeout: "DNS resolution failure: "
        case .notAdmitted, .prohibited, .cameRound: ""
        case .leftOut: "no healthy upstream: "
        case .overflow: "DNS cache overflow: "
        }
    }

    /// - Parameter host: as the request has it.
    func text(for host: String) -> String {
        switch self {
        case .unnamed: return "the connection says no server's name (SNI)"
        case .badName: return "\(host): \(NameProblem.badName)"
        case .notAdmitted(let settings):
            return "\(host) is blocked: \(settings.template.origin.object) takes names under "
                + "\(settings.pattern ?? "*") alone"
        case .unresolved(let problem, let settings):
            // Under a wildcard every name is described.
            let undescribed =
                settings.pattern == nil
                ? ", and no Service or ServiceEntry describes it with this port" : ""
            return "\(host): \(problem)\(undescribed)"
        case .timeout: return "\(host): \(NameProblem.timeout)"
        case .prohibited(let address, let called):
            let kind = address.hazard?.text ?? "no address to call"
            let name = called.isLiteral ? "" : ", to which \(called.text) leads,"
            return "\(address.host)\(name) is blocked: it is \(kind), and no ServiceEntry lists "
                + "it under addresses with port \(address.port)"
        case .cameRound: return "\(host) leads back to this proxy, which has sent it on before"
        case .leftOut: return "\(host) has failed too often and is left out (outlierDetection)"
        case .overflow: return "too many hosts are being called"
        }
    }
}
