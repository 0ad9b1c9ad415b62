// From the objects people write to the one immutable snapshot that is served.
// Everything is compiled anew each time: partial caches have cost Istio security holes. Only routes
// as a whole are taken over, when nothing they were compiled from has changed.
public import Spec

/// What became of a configuration.
public struct CompileResult: Sendable {
    /// Nil where there are errors: the configuration before goes on serving.
    public let snapshot: Snapshot?
    /// Everything there is to say, errors included.
    public let diagnostics: [Diagnostic]

    public var errors: [Diagnostic] { diagnostics.filter(\.isError) }
}

/// Compiles `objects` for one proxy.
///
/// The same input gives the same snapshot; no file, clock or environment is looked at.
/// - Parameters:
///   - version: the number the snapshot gets; the caller counts.
///   - previous: the snapshot being served, whose routes, clusters and endpoints are taken over
///     where they are the same.
public func compile(
    _ objects: ObjectSet, node: Node, version: UInt64, previous: Snapshot? = nil
) -> CompileResult {
    var findings = Findings()
    let registry = ServiceRegistry(objects, domain: node.domain, findings: &findings)
    // Where connections are captured it is told of what that comes to.
    if node.capture == nil { registry.tellOfSharedPorts(&findings) }
    var node = node
    var sidecar: SidecarPlan?
    if case .sidecar(let name) = node.role {
        sidecar = SidecarPlan(
            of: name, objects, node: node, registry: registry,
            security: EndpointSecurity(objects, node: node), findings: &findings)
        guard let sidecar else {
            return CompileResult(snapshot: nil, diagnostics: findings.diagnostics)
        }
        node.labels = sidecar.workload.labels
        if node.locality.isEmpty { node.locality = sidecar.workload.locality.text }
        findings.add(sidecar.diagnostics)
    }
    let rules = DestinationRuleIndex(objects.destinationRules, node: node)
    let routing: Routing
    if let old = previous?.routing, let inputs = old.inputs,
        inputs.stillHold(for: objects, node: node, services: registry.services, sidecar)
    {
        routing = old
    } else {
        routing = compileRouting(
            objects, node: node, registry: registry, rules: rules, sidecar: sidecar)
    }
    findings.add(routing.inputs?.diagnostics ?? [])

    var builder = ClusterBuilder(
        registry: registry, rules: rules, directory: EndpointDirectory(objects),
        security: EndpointSecurity(objects, node: node),
        secrets: SecretDirectory(objects.secrets), previous: previous)
    let keys = routing.inputs?.clusters ?? []
    let clusters = keys.compactMap { builder.cluster($0) }
    findings.add(builder.findings.diagnostics)
    // Every key came from a service of this registry, or of one that routes alike.
    guard !findings.hasErrors, clusters.count == keys.count else {
        return CompileResult(snapshot: nil, diagnostics: findings.diagnostics)
    }
    let snapshot = Snapshot(
        version: version, routing: routing, clusters: clusters,
        diagnostics: findings.diagnostics,
        meshNames: node.capture == nil ? nil : NameTable(registry, node: node))
    return CompileResult(snapshot: snapshot, diagnostics: findings.diagnostics)
}

private func compileRouting(
    _ objects: ObjectSet, node: Node, registry: ServiceRegistry, rules: DestinationRuleIndex,
    sidecar: SidecarPlan?
) -> Routing {
    var compiler = RouteCompiler(
        objects: objects, registry: registry, destinationRules: rules, node: node)
    for rule in objects.destinationRules { compiler.checkHost(of: rule) }
    let listeners: [ListenerSpec]
    if let sidecar {
        listeners = sidecarListeners(sidecar, objects, node: node, compiler: &compiler)
    } else {
        listeners = gatewayListeners(objects, node: node, compiler: &compiler)
    }
    let inputs = RoutingInputs(
        node: node, objects: objects, services: registry.services, sidecar: sidecar,
        clusters: compiler.clusters.keys, diagnostics: compiler.findings.diagnostics,
        routesNameServices: sidecar != nil || listeners.contains { $0.connect != nil })
    return Routing(listeners: listeners, inputs: inputs)
}

private func sidecarListeners(
    _ sidecar: SidecarPlan, _ objects: ObjectSet, node: Node, compiler: inout RouteCompiler
) -> [ListenerSpec] {
    let mesh = AttachedVirtualService.visible(objects.virtualServices, to: node) { $0.isForMesh }
    MeshRules.tellOfConflicts(mesh, &compiler.findings)
    return compiler.capturedInbound(sidecar)
        + sidecar.outbound.map { compiler.listener($0, of: sidecar, mesh) }
        + compiler.capturedListeners(sidecar, mesh)
}

private func gatewayListeners(
    _ objects: ObjectSet, node: Node, compiler: inout RouteCompiler
) -> [ListenerSpec] {
    let merge = GatewayMerge(objects.gateways, node: node, findings: &compiler.findings)
    let index = VirtualServiceIndex(objects.virtualServices, node: node)
    let attachment = Attachment(objects.gateways, node: node)
    for service in index.all { attachment.check(service, findings: &compiler.findings) }
    return merge.listeners.map { compiler.listener($0, index) }
}
