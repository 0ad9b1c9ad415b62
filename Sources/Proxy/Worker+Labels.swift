// Istio's metric labels for one request or connection. Who sends reports as the source, and knows
// what it sends to; who is called reports as the destination, and knows its caller by its identity.
import Mesh
import TLS
import Telemetry

extension Worker {
    func labels(
        _ cluster: ClusterState?, _ endpoint: EndpointState?, flags: ResponseFlags,
        on listener: Listener, from identity: PeerIdentity?
    ) -> IstioLabels {
        var labels = IstioLabels()
        labels.requestProtocol = "tcp"
        labels.responseFlags = flags
        if let cluster = cluster?.cluster {
            labels.destinationService = cluster.host
            labels.destinationServiceName = cluster.serviceName
            labels.destinationServiceNamespace = cluster.namespace
        }
        if listener.direction == .inbound {
            let caller = identity?.caller ?? anonymousCaller
            labels.reporter = .destination
            labels.source = caller.source
            labels.destination = settings.source
            labels.destination.principal = caller.ownPrincipal
            labels.connectionSecurityPolicy = caller.isMutual ? "mutual_tls" : "none"
            return labels
        }
        labels.reporter = .source
        labels.source = settings.source
        guard let endpoint = endpoint?.endpoint else { return labels }
        let workload = endpoint.workload
        labels.destination.workload = workload.name
        labels.destination.workloadNamespace = workload.namespace
        labels.destination.app = workload.app
        labels.destination.version = workload.version
        labels.destination.canonicalService = workload.canonicalService
        labels.destination.canonicalRevision = workload.canonicalRevision
        if let tls = endpoint.tls, tls.isMeshMutual {
            labels.source.principal = context(of: tls)?.ownPrincipal ?? ""
            labels.destination.principal = tls.principal(of: workload)
        }
        return labels
    }
}

extension UpstreamTLS {
    /// Which of the identities the server is checked for is this workload's; empty where none is
    /// told apart.
    fileprivate func principal(of workload: Workload) -> String {
        if subjectAltNames.count == 1 { return subjectAltNames[0] }
        let path = "/ns/\(workload.namespace)/sa/\(workload.serviceAccount)"
        return subjectAltNames.first { $0.hasSuffix(path) } ?? ""
    }
}
