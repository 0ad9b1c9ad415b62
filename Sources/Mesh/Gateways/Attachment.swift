// Whether a VirtualService meets the Gateways it names, and why not.
// A VirtualService that is bound to nothing is valid and silent in Istio, and the requests it was
// written for get 404.
internal import Spec

struct Attachment {
    private let gateways: [String: Gateway]
    /// The hosts of each Gateway's servers, of whatever protocol.
    private let hosts: [String: [ServerHosts]]
    private let names: [String]
    private let node: Node

    init(_ gateways: [Gateway], node: Node) {
        self.gateways = Dictionary(
            gateways.map { ("\($0.namespace)/\($0.name)", $0) }, uniquingKeysWith: { old, _ in old }
        )
        names = gateways.map { "\($0.namespace)/\($0.name)" }
        hosts = self.gateways.mapValues { gateway in
            gateway.servers.map {
                ServerHosts($0.hosts.map(\.value), namespace: gateway.namespace)
            }
        }
        self.node = node
    }

    /// Reports Gateways that do not exist and hosts that no server of a Gateway serves.
    func check(_ service: AttachedVirtualService, findings: inout Findings) {
        let object = service.object
        for (index, written) in object.gateways.enumerated() where written.value != GatewayName.mesh
        {
            let path = "spec.gateways[\(index)]"
            let name = GatewayName.resolve(written.value, namespace: object.namespace)
            guard let gateway = gateways[name] else {
                findings.report(
                    .warning, object, at: written.position, path,
                    "there is no Gateway \(name): the VirtualService is not bound to it",
                    advice: advice(for: written.value, resolved: name))
                continue
            }
            if GatewayName.isLegacy(written.value) {
                findings.report(
                    .warning, object, at: written.position, path,
                    "\"\(written.value)\" is the old way to name a Gateway",
                    advice: "write \(name)")
            }
            if let problem = mismatch(service, gateway) {
                findings.report(
                    .warning, object, at: written.position, path, problem.message,
                    advice: problem.advice)
            }
        }
    }

    private func advice(for written: String, resolved: String) -> String {
        let short = resolved.split(separator: "/").last.map(String.init) ?? resolved
        if let elsewhere = names.first(where: { $0.hasSuffix("/\(short)") }) {
            return "a Gateway of that name is in another namespace: write \(elsewhere)"
        }
        return Suggestion.nearest(to: resolved, among: names).map { "did you mean \($0)?" }
            ?? "name is looked for in the VirtualService's own namespace, namespace/name elsewhere"
    }

    /// Nil where some server, of whatever protocol, serves some host.
    func mismatch(
        _ service: AttachedVirtualService, _ gateway: Gateway
    ) -> (message: String, advice: String)? {
        guard node.labels.satisfies(gateway.selector) else { return nil }
        let namespace = service.object.namespace
        var isHeldOff = false
        let name = "\(gateway.namespace)/\(gateway.name)"
        for hosts in hosts[name] ?? [] {
            if hosts.overlaps(service.hosts, namespace: namespace) { return nil }
            if hosts.excludesNamespaceOnly(service.hosts, namespace: namespace) { isHeldOff = true }
        }
        let own = service.hosts.joined(separator: ", ")
        if isHeldOff {
            return (
                "the Gateway \(name) takes these hosts (\(own)) from other namespaces only",
                "let the server's hosts say \(namespace)/… or */…"
            )
        }
        let served = gateway.servers.flatMap { $0.hosts.map(\.value) }.joined(separator: ", ")
        return (
            "no server of the Gateway \(name) serves the hosts (\(own)); it serves \(served)",
            "hosts of the two have to overlap; *.a.com does not take a.com"
        )
    }
}
