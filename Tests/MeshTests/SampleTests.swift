// Istio's own samples compile, and the configurations in this repository compile to what is
// committed beside the tests.
import Mesh
import Spec
import Testing

@Suite struct SampleTests {
    /// The checkout this file is in.
    private static let root = #filePath.components("/Tests/MeshTests/")[0]

    /// Nil where the samples are not on this machine.
    private static let samples: String? = {
        let folder = environment("ISTHMUS_SAMPLES") ?? "\(root)/../shared/samples"
        if yamlFiles(below: folder) != nil { return folder }
        print("no Istio samples at \(folder): set ISTHMUS_SAMPLES to check against them")
        return nil
    }()

    private static func objects(_ path: String) -> [any Resource] {
        guard let bytes = contents(path) else {
            Issue.record("\(path) is not there")
            return []
        }
        let file = ParsedFile(reading: bytes, file: path)
        for problem in file.diagnostics where problem.isError { Issue.record("\(problem)") }
        return file.objects
    }

    @Test(
        "every sample compiles by itself", .enabled(if: samples != nil),
        arguments: [
            "bookinfo/networking", "bookinfo/platform/kube", "httpbin", "tcp-echo", "helloworld",
        ])
    func eachCompiles(_ folder: String) throws {
        let files = try #require(yamlFiles(below: "\(Self.samples ?? "")/\(folder)"))
        for file in files where !file.contains("/gateway-api/") {
            let result = compile(ObjectSet(Self.objects(file)), node: Node(), version: 1)
            #expect(result.errors.isEmpty, "\(file): \(result.errors)")
            #expect(result.snapshot != nil)
        }
    }

    @Test(
        "the sample gateway with the sample application serves the five paths",
        .enabled(if: samples != nil))
    func bookinfo() {
        let folder = Self.samples ?? ""
        let world = World(
            ObjectSet(
                Self.objects("\(folder)/bookinfo/networking/bookinfo-gateway.yaml")
                    + Self.objects("\(folder)/bookinfo/platform/kube/bookinfo.yaml")))
        let cluster = "outbound|9080||productpage.default.svc.cluster.local"
        for path in ["/productpage", "/static/x", "/login", "/logout", "/api/v1/products"] {
            #expect(world.clusters(path, port: 8080) == [cluster])
        }
        #expect(world.route("/", port: 8080) == nil)
        #expect(world.says("nothing stands behind port 9080", "Deployments are not run here"))
    }

    @Test(
        "the sample rules with shares give these shares", .enabled(if: samples != nil),
        arguments: [
            ("80-20", ["v1 80", "v2 20"]), ("90-10", ["v1 90", "v2 10"]),
            ("50-v3", ["v1 50", "v3 50"]),
            ("v2-v3", ["v2 50", "v3 50"]),
        ] as [(String, [String])])
    func shares(_ name: String, _ expected: [String]) {
        let folder = "\(Self.samples ?? "")/bookinfo"
        let objects =
            Self.objects("\(folder)/networking/virtual-service-reviews-\(name).yaml")
            + Self.objects("\(folder)/networking/destination-rule-all.yaml")
            + Self.objects("\(folder)/platform/kube/bookinfo.yaml")
        // The samples are for sidecars; the same rules are bound to a gateway here.
        let bound = objects.map { object -> any Resource in
            guard let service = object as? VirtualService else { return object }
            return VirtualService(
                metadata: service.metadata, source: service.source, hosts: service.hosts,
                gateways: [Located("gw")], http: service.http)
        }
        let gateway = World(Piece.gateway()).objects.gateways
        let world = World(ObjectSet(bound + gateway))
        let route = world.route(host: "reviews.default.svc.cluster.local")
        guard case .forward(let forward) = route?.action else {
            Issue.record("no route")
            return
        }
        let shares = forward.destinations.map { share in
            "\(share.clusterName.components("|")[2]) \(share.weight)"
        }
        #expect(shares == expected)
        #expect(forward.destinations.allSatisfy { $0.cluster != nil })
    }

    /// The folders of `gateways/`: each is one configuration, but for the tasks, whose rules hold
    /// over others (TaskTests), and so are ways out of the mesh.
    private static let scenarios: [String] = {
        let files = yamlFiles(below: "\(root)/gateways") ?? []
        let names = files.compactMap { path -> String? in
            let parts = path.components("/gateways/")[1].components("/")
            return parts.count > 1 && !["tasks", "egress"].contains(parts[0]) ? parts[0] : nil
        }
        if names.isEmpty { print("no configurations at \(root)/gateways: no goldens to compare") }
        return Array(Set(names)).sorted()
    }()

    @Test("a configuration of this repository compiles to its golden", arguments: scenarios)
    func golden(_ scenario: String) throws {
        var node = Node(hasIdentity: true)
        // A gateway of its own, which the mesh's must not hear of.
        if scenario == "outside" { node.labels = ["istio": "outside"] }
        try compare(scenario, for: node, with: scenario)
    }

    @Test(
        "the sidecars of the mesh compile to their goldens",
        arguments: [
            "productpage-v1", "details-v1", "reviews-v1", "reviews-v2", "reviews-v3", "ratings-v1",
        ])
    func sidecarGolden(_ workload: String) throws {
        var node = Node.sidecar(of: workload, defaultNamespace: "default")
        node.hasIdentity = true
        try compare("mtls", for: node, with: "mtls-\(workload)")
    }

    private func compare(_ scenario: String, for node: Node, with name: String) throws {
        let files = try #require(yamlFiles(below: "\(Self.root)/gateways/\(scenario)"))
        let objects = files.flatMap(Self.objects)
        let result = compile(ObjectSet(objects), node: node, version: 1)
        let snapshot = try #require(result.snapshot, "\(result.errors)")
        let text =
            SnapshotText.render(snapshot)
            + result.diagnostics.map { "\($0.severity) \($0.message)\n" }.joined()
        let path = "\(Self.root)/Tests/MeshTests/Goldens/\(name).txt"
        if environment("ISTHMUS_REGENERATE_GOLDENS") != nil { try write(text, to: path) }
        let golden = try #require(
            contents(path), "\(path) is missing; set ISTHMUS_REGENERATE_GOLDENS to write it")
        #expect(
            text == String(decoding: golden, as: UTF8.self),
            "set ISTHMUS_REGENERATE_GOLDENS if the change is meant")
    }
}
