// The part of a workload's captured calls that one egress listener of its Sidecar speaks of.
// Istio's rule: a listener with a port is alone for that port, the one without takes the others.
internal import Spec

struct CapturedScope: Equatable {
    /// nil: every port no other scope has.
    let port: UInt16?
    let hosts: EgressHosts
    let origin: Origin
}

extension SidecarDraft {
    /// Egress listeners by redirection: a gate for all of them, and what each may reach.
    /// `captureMode: NONE` and sockets stay listeners that applications connect to.
    mutating func makeCaptured(_ capture: Capture) {
        let gateOrigin = sidecar.map { Origin($0) } ?? workload.origin
        var gateHosts: [EgressHosts] = []
        if let sidecar, !sidecar.egress.isEmpty {
            for listener in sidecar.egress {
                if listener.captureMode == .none || listener.bind.hasPrefix("unix://") {
                    addOutbound(listener, of: sidecar)
                    continue
                }
                let number = listener.port?.number ?? 0
                let hosts = EgressHosts(listener.hosts, namespace: sidecar.namespace)
                gateHosts.append(hosts)
                captured.append(
                    CapturedScope(
                        port: number == 0 ? nil : number, hosts: hosts,
                        origin: Origin(sidecar, at: listener.position)))
            }
        } else {
            gateHosts = [.all]
            captured.append(CapturedScope(port: nil, hosts: .all, origin: gateOrigin))
        }
        addOutbound(
            SidecarPlan.Outbound(
                bind: capture.outboundBind, port: Capture.outboundPort, speech: .http,
                isForAllPorts: true, hosts: EgressHosts(union: gateHosts), origin: gateOrigin,
                isGate: true))
    }
}
