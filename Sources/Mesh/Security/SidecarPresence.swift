// Whether a proxy of the mesh stands in front of an endpoint.
// Nothing here is a guess: mutual TLS towards a workload without a proxy is a broken service. Two
// things count as word of it, the label that Istio's injector writes, and a Sidecar that lists the
// very port among its ingress listeners.
internal import Spec

struct SidecarPresence {
    enum Evidence: Equatable {
        /// `security.istio.io/tlsMode: istio`
        case label
        /// The Sidecar that says what listens on the port.
        case listener(Origin)
        /// `security.istio.io/tlsMode: disabled`, or another word.
        case deniedByLabel
        case none
    }

    static let label = "security.istio.io/tlsMode"

    /// By namespace, those with ingress listeners.
    private var sidecars: [String: [Sidecar]] = [:]

    init(_ sidecars: [Sidecar]) {
        for sidecar in sidecars where !sidecar.ingress.isEmpty {
            self.sidecars[sidecar.namespace, default: []].append(sidecar)
        }
    }

    /// - Parameter port: of the endpoint.
    func evidence(namespace: String, labels: [String: String], port: UInt16) -> Evidence {
        if let mode = labels[Self.label] { return mode == "istio" ? .label : .deniedByLabel }
        guard port != 0, let candidates = sidecars[namespace] else { return .none }
        for sidecar in candidates
        where !sidecar.workloadSelector.isEmpty && labels.satisfies(sidecar.workloadSelector) {
            if let listener = sidecar.ingress.first(where: { $0.port?.number == port }) {
                return .listener(Origin(sidecar, at: listener.position))
            }
        }
        return .none
    }
}
