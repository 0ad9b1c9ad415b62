// The rules of gateways/tasks and gateways/egress over the demo's own resources: every proxy takes
// them without a word.
// A task that warns, or that names a subset nobody has, would be a tutorial that teaches mistakes.
import Mesh
import Spec
import Testing

@Suite struct TaskTests {
    private static let root = #filePath.components("/Tests/MeshTests/")[0]

    private static func objects(in folder: String) throws -> [any Resource] {
        let files = try #require(yamlFiles(below: "\(root)/gateways/\(folder)"), "\(folder)")
        return files.flatMap { path in
            let file = ParsedFile(reading: contents(path) ?? [], file: path)
            for finding in file.diagnostics { Issue.record("\(finding)") }
            return file.objects
        }
    }

    /// What the demo makes itself, for the egress gateway.
    private static let credential = ParsedFile(
        reading: Array(
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: client-credential, namespace: istio-system}
            data: {tls.crt: eA==, tls.key: eA==, ca.crt: eA==}
            """.utf8), file: "credential.yaml"
    ).objects

    /// As `isthmus demo` has it: the mesh without its destination rules, and the samples.
    private static func demo() throws -> [any Resource] {
        try objects(in: "mtls").filter { !($0 is DestinationRule) } + objects(in: "samples")
            + credential
    }

    private static let tasks: [String] = {
        let files = ["tasks", "egress"].flatMap { yamlFiles(below: "\(root)/gateways/\($0)") ?? [] }
        let folders = files.map { file in
            file.components("/gateways/")[1].components("/").dropLast().joined(separator: "/")
        }
        return Array(Set(folders)).sorted()
    }()

    private static var nodes: [Node] {
        let egress = ["app": "istio-egressgateway", "istio": "egressgateway"]
        var nodes = [Node(), Node(labels: egress)]
        for workload in ["productpage-v1", "reviews-v2", "curl", "details-v2"] {
            nodes.append(Node.sidecar(of: workload, defaultNamespace: "default"))
        }
        for index in nodes.indices { nodes[index].hasIdentity = true }
        return nodes
    }

    @Test(
        "a task's rules compile for the gateway and for sidecars without a warning",
        arguments: tasks)
    func compiles(_ task: String) throws {
        let rules = try Self.objects(in: task)
        let replaced = Set(rules.map(\.key))
        let objects = try Self.demo().filter { !replaced.contains($0.key) } + rules
        for node in Self.nodes {
            let result = compile(ObjectSet(objects), node: node, version: 1)
            // What is said of the demo's own resources is for other tests.
            let findings = result.diagnostics.filter {
                $0.severity != .info && $0.location?.file.contains("/\(task)/") ?? true
            }
            #expect(findings.isEmpty, "\(node.role): \(findings)")
            #expect(result.snapshot != nil)
        }
    }

    @Test("the demo's samples can be called from curl: every service by its name and port")
    func samples() throws {
        var node = Node.sidecar(of: "curl", defaultNamespace: "default")
        node.hasIdentity = true
        let world = World(ObjectSet(try Self.demo()), node: node)
        for (host, endpoints) in [
            ("httpbin:8000", 2), ("reviews:9080", 3), ("productpage:9080", 1),
        ] {
            let cluster = try #require(
                world.clusters("/", host: host, port: 15001).first.flatMap { name in
                    world.snapshot.clusters.first { $0.name == name }
                }, "\(host)")
            #expect(cluster.endpoints.count == endpoints, "\(host)")
        }
    }
}
