// Istio's metric labels for what this proxy sends to an endpoint. A gateway reports as the source.
import Mesh
import Telemetry

extension Worker {
    func labels(
        _ cluster: ClusterState?, _ endpoint: EndpointState?, flags: ResponseFlags
    ) -> IstioLabels {
        var labels = IstioLabels()
        labels.reporter = .source
        labels.source = settings.source
        labels.requestProtocol = "tcp"
        labels.responseFlags = flags
        if let cluster = cluster?.cluster {
            labels.destinationService = cluster.host
            labels.destinationServiceName = cluster.serviceName
            labels.destinationServiceNamespace = cluster.namespace
        }
        if let workload = endpoint?.endpoint.workload {
            labels.destination.workload = workload.name
            labels.destination.workloadNamespace = workload.namespace
            labels.destination.app = workload.app
            labels.destination.version = workload.version
            labels.destination.canonicalService = workload.canonicalService
            labels.destination.canonicalRevision = workload.canonicalRevision
        }
        return labels
    }
}
