// What a host outside of the mesh is told of whoever calls: what the application itself has said,
// and nothing that proxies know of it or of each other.
// Envoy tells everybody the same; who calls a stranger by way of a proxy has not asked for that.
import HTTP
import Mesh
import Net

extension Exchange {
    /// The request goes to such a host (`Cluster.leavesMesh`).
    var leavesMesh: Bool { cluster?.cluster.leavesMesh ?? false }

    /// Beyond what is dropped towards everybody: `x-envoy-*`, also what tells the mesh's own hosts
    /// something, as `x-envoy-peer-metadata` does of workloads.
    func dropMeshNews() {
        for index in request.fields.indices where request.fields[index].id == .xEnvoy {
            request.fields[index].isDropped = true
        }
    }

    /// The request's id is a random number, and what both sides' logs can be compared by. A sidecar
    /// passes on the application's `x-forwarded-for` and `x-forwarded-proto` as they are. Behind
    /// it an egress gateway cannot tell whose `x-forwarded-proto` it got, and drops it; the other
    /// field sidecars never write.
    func writeOutsideFields(_ client: ClientStream) {
        guard !isMirror else { return }
        let ruled = ruledInRequest
        let isGateway = client.listener.direction == .gateway
        if isGateway, !ruled.contains(.forwardedFor), request.index(of: .xForwardedFor) >= 0 {
            let loop = worker.loop
            loop.outgoing.append("x-forwarded-for: ")
            appendForwardedFor(to: &loop.outgoing)
            loop.outgoing.append("\r\n")
        }
        if !ruled.contains(.requestID), isGateway || request.index(of: .xRequestID) < 0 {
            writeRequestID()
        }
    }
}
