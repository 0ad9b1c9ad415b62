// A proxy as Istio's metrics name it: a gateway by its labels, a sidecar by its workload.
import Mesh
import Telemetry

extension Workload {
    var peer: IstioLabels.Peer {
        var peer = IstioLabels.Peer()
        peer.workload = name
        peer.workloadNamespace = namespace
        peer.app = app
        peer.version = version
        peer.canonicalService = canonicalService
        peer.canonicalRevision = canonicalRevision
        return peer
    }
}

extension Node {
    /// Istio calls its ingress gateway `istio-ingressgateway`, after the `app` label of its pods;
    /// dashboards ask for that name.
    var peer: IstioLabels.Peer {
        let name = labels["app"] ?? labels["istio"].map { "istio-\($0)" } ?? "isthmus"
        var peer = IstioLabels.Peer()
        peer.workload = name
        peer.workloadNamespace = namespace
        peer.app = name
        peer.version = labels["version"] ?? ""
        peer.canonicalService = labels["service.istio.io/canonical-name"] ?? name
        peer.canonicalRevision =
            labels["service.istio.io/canonical-revision"] ?? labels["version"] ?? "latest"
        return peer
    }
}
