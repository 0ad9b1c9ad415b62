// What the sidecars of a mesh would say of its configuration.
// A gateway never compiles a Sidecar, so that a mistake in one would show at the start of a proxy
// on some other machine; `validate` asks for all of them beforehand.
public import Spec

/// What compiling for one workload of each Sidecar has to say, each thing once; besides, Sidecars
/// that are for nobody.
///
/// - Parameter node: who asks; the domains and the root namespace of the mesh are its.
public func sidecarDiagnostics(_ objects: ObjectSet, node: Node) -> [Diagnostic] {
    var findings = Findings()
    let workloads =
        objects.workloadEntries.map(SidecarWorkload.init) + objects.pods.map(SidecarWorkload.init)
    for sidecar in objects.sidecars.prefix(SidecarSurvey.sidecarsMax) {
        let own = workloads.filter {
            $0.namespace == sidecar.namespace && $0.labels.satisfies(sidecar.workloadSelector)
        }
        guard let workload = own.first else {
            if workloads.contains(where: { $0.namespace == sidecar.namespace }) {
                findings.report(
                    .warning, sidecar, "spec.workloadSelector",
                    "no workload of namespace \(sidecar.namespace) is labelled "
                        + "\(sidecar.workloadSelector.labelText): this Sidecar is for nobody",
                    advice: "compare it with the labels of WorkloadEntries and pods")
            }
            continue
        }
        var asked = node
        asked.role = .sidecar(workload: workload.name)
        asked.namespace = workload.namespace
        let result = compile(objects, node: asked, version: 1)
        findings.add(result.diagnostics.filter { $0.severity != .info })
    }
    return findings.diagnostics
}

private enum SidecarSurvey {
    /// Each costs a compile; a mesh of more is looked at by its first ones.
    static let sidecarsMax = 64
}
