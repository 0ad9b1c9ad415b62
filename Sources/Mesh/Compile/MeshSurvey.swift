// What the other proxies of a mesh would say of its configuration.
// Each proxy compiles for itself alone, so that a mistake would show at the start of one on some
// other machine; `validate` asks for all of them beforehand.
public import Spec

/// What compiling for other proxies has to say beyond `known`, each thing once: for a workload of
/// each Sidecar and, in each namespace, for one that no Sidecar is for; for gateways with labels
/// that `node` does not have; besides, Sidecars that are for nobody.
///
/// - Parameters:
///   - node: who asks; the domains and the root namespace of the mesh are its.
///   - known: what compiling for `node` has said.
public func surveyDiagnostics(
    _ objects: ObjectSet, node: Node, known: [Diagnostic] = []
) -> [Diagnostic] {
    let survey = MeshSurvey(objects, node: node)
    var findings = Findings()
    findings.add(survey.sidecarsForNobody)
    let asked = survey.proxies
    let most = max(4, min(64, MeshSurvey.compiledObjectsMax / max(1, objects.count)))
    var told = Set(known.map { MeshSurvey.general($0, of: node) })
    for proxy in asked.prefix(most) {
        for finding in survey.diagnostics(of: proxy)
        where told.insert(MeshSurvey.general(finding, of: proxy.node)).inserted {
            findings.add(finding)
        }
    }
    if asked.count > most {
        findings.add(
            Diagnostic(
                severity: .info, location: nil,
                message: "\(asked.count - most) of \(asked.count) other proxies were not asked, "
                    + "as there are so many"))
    }
    return findings.diagnostics
}

private struct MeshSurvey {
    struct Proxy {
        let node: Node
        /// What holds for it is written in a Sidecar or a Gateway.
        let isDescribed: Bool
    }

    private let objects: ObjectSet
    private let node: Node
    private let workloads: [SidecarWorkload]

    /// Each proxy costs a compile: of ten thousand hosts, two tenths of a second.
    static let compiledObjectsMax = 400_000

    init(_ objects: ObjectSet, node: Node) {
        self.objects = objects
        self.node = node
        workloads =
            objects.workloadEntries.map(SidecarWorkload.init)
            + objects.pods.map(SidecarWorkload.init)
    }

    var sidecarsForNobody: [Diagnostic] {
        var findings = Findings()
        let inNamespace = Dictionary(grouping: workloads, by: \.namespace)
        for sidecar in objects.sidecars {
            guard let near = inNamespace[sidecar.namespace],
                !near.contains(where: { $0.labels.satisfies(sidecar.workloadSelector) })
            else { continue }
            findings.report(
                .warning, sidecar, "spec.workloadSelector",
                "no workload of namespace \(sidecar.namespace) is labelled "
                    + "\(sidecar.workloadSelector.labelText): this Sidecar is for nobody",
                advice: "compare it with the labels of WorkloadEntries and pods")
        }
        return findings.diagnostics
    }

    /// Those that are described come first.
    var proxies: [Proxy] {
        let sidecars = self.sidecars
        return sidecars.filter(\.isDescribed) + gateways + sidecars.filter { !$0.isDescribed }
    }

    /// One for each namespace and Sidecar that some workload of it has, or has not.
    private var sidecars: [Proxy] {
        let written = Dictionary(grouping: objects.sidecars, by: \.namespace)
        var seen: Set<[String]> = []
        var proxies: [Proxy] = []
        for workload in workloads {
            let own = written[workload.namespace] ?? []
            let root =
                workload.namespace == node.rootNamespace ? [] : written[node.rootNamespace] ?? []
            let sidecar = SidecarPlan.sidecar(for: workload, own + root, node: node)
            let seat = [workload.namespace] + (sidecar.map { [$0.namespace, $0.name] } ?? [])
            guard seen.insert(seat).inserted else { continue }
            var asked = node
            asked.role = .sidecar(workload: workload.name)
            asked.namespace = workload.namespace
            asked.portMap = [:]
            proxies.append(Proxy(node: asked, isDescribed: sidecar != nil))
        }
        return proxies
    }

    /// One for each selector that is not for the proxy that asks.
    private var gateways: [Proxy] {
        var seen: Set<[String: String]> = []
        return objects.gateways.compactMap { gateway in
            guard !node.labels.satisfies(gateway.selector), seen.insert(gateway.selector).inserted
            else { return nil }
            var asked = node
            asked.labels = gateway.selector
            asked.portMap = [:]
            return Proxy(node: asked, isDescribed: true)
        }
    }

    func diagnostics(of proxy: Proxy) -> [Diagnostic] {
        let said = compile(objects, node: proxy.node, version: 1).diagnostics
            .filter { $0.severity != .info }
        guard !proxy.isDescribed, !said.isEmpty else { return said }
        // Files do not say whether its connections are captured: what holds either way is told.
        var captured = proxy.node
        captured.capture = Capture(inboundBind: nil)
        let either = Set(compile(objects, node: captured, version: 1).diagnostics)
        return said.filter(either.contains)
    }

    /// The same of all proxies, though each names its own namespace.
    static func general(_ finding: Diagnostic, of node: Node) -> Diagnostic {
        var finding = finding
        finding.message.replace("namespace \(node.namespace)", with: "namespace")
        finding.advice.replace("add \(node.namespace) or", with: "add")
        return finding
    }
}
