// The tutorials' routing on the mesh of gateways/mtls, seen from the sidecar of productpage:
// which workloads a call can reach, for jason and for others.
import Mesh
import Spec
import Testing

@Suite struct MeshTutorialTests {
    private static let root = #filePath.components("/Tests/MeshTests/")[0]

    /// Services, workloads and sidecars of the scenario, without its destination rules.
    private static let mesh: [any Resource] = [
        "services", "workloads", "sidecars", "security",
    ].flatMap { name in
        let path = "\(root)/gateways/mtls/\(name).yaml"
        return ParsedFile(reading: contents(path) ?? [], file: path).objects
    }

    private func world(
        _ documents: String..., from workload: String = "productpage-v1"
    ) -> World {
        let objects = World(documents.joined(separator: "\n---\n")).objects
        let own: [any Resource] =
            objects.virtualServices.map { $0 as any Resource }
            + objects.destinationRules.map { $0 as any Resource }
            + objects.services.map { $0 as any Resource }
            + objects.workloadEntries.map { $0 as any Resource }
        return World(
            ObjectSet(Self.mesh + own), node: MeshWorld.sidecar(workload))
    }

    private static func rule(_ name: String, host: String, subsets: [(String, String)]) -> String {
        let list = subsets.map { "- name: \($0.0)\n  labels:\n    version: \($0.1)" }
            .joined(separator: "\n")
        return Piece.destinationRule(
            named: name, "host: \(host)" + (list.isEmpty ? "" : "\nsubsets:\n\(list)"))
    }

    /// destination-rule-all.yaml
    private static let allRules = [
        rule("productpage", host: "productpage", subsets: [("v1", "v1")]),
        rule("reviews", host: "reviews", subsets: [("v1", "v1"), ("v2", "v2"), ("v3", "v3")]),
        rule("ratings", host: "ratings", subsets: [("v1", "v1"), ("v2", "v2")]),
        rule("details", host: "details", subsets: [("v1", "v1"), ("v2", "v2")]),
    ].joined(separator: "\n---\n")

    private static func toV1(_ host: String) -> String {
        """
        kind: VirtualService
        metadata: {name: \(host)}
        spec:
          hosts:
          - \(host)
          http:
          - route:
            - destination:
                host: \(host)
                subset: v1
        """
    }

    /// virtual-service-all-v1.yaml
    private static let allV1 = ["productpage", "reviews", "ratings", "details"].map(toV1)
        .joined(separator: "\n---\n")

    /// virtual-service-reviews-test-v2.yaml
    private static let jasonV2 = """
        kind: VirtualService
        metadata:
          name: reviews
        spec:
          hosts:
            - reviews
          http:
          - match:
            - headers:
                end-user:
                  exact: jason
            route:
            - destination:
                host: reviews
                subset: v2
          - route:
            - destination:
                host: reviews
                subset: v1
        """

    /// The versions that a call can reach, `v1 v2 v3`; `503 NC` where there is no cluster.
    private func versions(_ world: World, of host: String, user: String? = nil) -> String {
        let headers = user.map { ["end-user": $0] } ?? [:]
        guard
            case .forward(let forward) = world.route(
                "/\(host)/0", host: "\(host):9080", headers: headers, port: 9080)?.action
        else { return "no route" }
        return forward.destinations.map { share in
            guard let index = share.cluster else { return "503 NC" }
            let endpoints = world.snapshot.clusters[index].endpoints
            return endpoints.isEmpty
                ? "503 UH"
                : endpoints.map { $0.labels["version"] ?? "?" }.joined(separator: " ")
        }.joined(separator: ", ")
    }

    @Test("B2, R1: without rules, and with destination rules alone, reviews are v1, v2 and v3")
    func noRules() {
        #expect(versions(world(), of: "reviews") == "v1 v2 v3")
        #expect(versions(world(Self.allRules), of: "reviews") == "v1 v2 v3")
    }

    @Test("R2: all services to v1, also for jason")
    func allToV1() {
        let world = world(Self.allRules, Self.allV1)
        for host in ["reviews", "details", "ratings", "productpage"] {
            #expect(versions(world, of: host) == "v1")
        }
        #expect(versions(world, of: "reviews", user: "jason") == "v1")
    }

    @Test("R3: virtual services without destination rules are 503")
    func noDestinationRules() {
        let world = world(Self.allV1)
        for host in ["reviews", "details", "ratings"] {
            #expect(versions(world, of: host) == "503 NC")
        }
        #expect(world.says("reviews.default.svc.cluster.local has no subset v1"))
    }

    @Test("R4: jason to v2, all others to v1")
    func jason() {
        let world = world(Self.allRules, Self.jasonV2)
        #expect(versions(world, of: "reviews", user: "jason") == "v2")
        #expect(versions(world, of: "reviews", user: "catface996") == "v1")
        #expect(versions(world, of: "reviews") == "v1")
    }

    @Test("R5: subsets by a label with dots and a slash")
    func longLabels() {
        func workload(_ version: String, _ address: Int) -> String {
            """
            kind: WorkloadEntry
            metadata: {name: rating-\(version)}
            spec:
              address: 127.0.0.\(address)
              labels: {app: rating, version: \(version), app.kubernetes.io/version: \(version).0.0}
            """
        }
        let subsets = """
            kind: DestinationRule
            metadata:
             name: rating
            spec:
             host: rating    # kubernetes service
             subsets:
             - labels:
                 app.kubernetes.io/version: v1.0.0
               name: version-v1
             - labels:
                 app.kubernetes.io/version: v2.0.0    #
               name: version-v2
            """
        let rule = """
            kind: VirtualService
            metadata:
             name: rating
            spec:
              hosts:
              - rating
              http:
              - match:            \t# match
                - headers:\t\t\t# header
                    end-user:\t\t# end-user=jason
                      exact: jason
                route:
                - destination:
                    host: rating
                    subset: version-v1
              - route:
                - destination:
                    host: rating
                    subset: version-v2
            """
        let world = world(
            Piece.service("rating", ports: "{name: http, port: 9080}"), workload("v1", 41),
            workload("v2", 42), subsets, rule)
        #expect(versions(world, of: "rating", user: "jason") == "v1")
        #expect(versions(world, of: "rating") == "v2")
    }

    @Test("R6: a rule cut down to one subset changes nothing by itself")
    func cutDown() {
        let world = world(Self.rule("reviews", host: "reviews", subsets: [("v1", "v1")]))
        #expect(versions(world, of: "reviews") == "v1 v2 v3")
    }

    @Test("R7: a subset v1 that means v2; jason's subset is not there")
    func otherMeaning() {
        let world = world(
            Self.rule("reviews1", host: "reviews", subsets: [("v1", "v2")]), Self.jasonV2)
        #expect(versions(world, of: "reviews") == "v2")
        #expect(versions(world, of: "reviews", user: "jason") == "503 NC")
    }

    @Test("W1: shares", arguments: [("reviews", [50, 50])])
    func shares(_ host: String, _ weights: [UInt32]) {
        let rule = """
            kind: VirtualService
            metadata: {name: reviews}
            spec:
              hosts: [reviews]
              http:
              - route:
                - destination: {host: reviews, subset: v1}
                  weight: 50
                - destination: {host: reviews, subset: v3}
                  weight: 50
            """
        let world = world(Self.allRules, rule)
        guard
            case .forward(let forward) = world.route(host: "reviews:9080", port: 9080)?.action
        else {
            Issue.record("no route")
            return
        }
        #expect(forward.destinations.map(\.weight) == weights)
        #expect(versions(world, of: "reviews") == "v1, v3")
    }

    @Test("I1 behind the mesh: the gateway's rules are not the mesh's, and both can be one object")
    func gatewayAndMesh() {
        let both = Self.toV1("productpage").replacing(
            "  hosts:", with: "  gateways: [bookinfo-gateway, mesh]\n  hosts:")
        #expect(versions(world(Self.allRules, both), of: "productpage") == "v1")
        let gateway = both.replacing(", mesh", with: "")
        let world = world(Self.allRules, gateway)
        guard case .forward(let forward) = world.route(host: "productpage:9080", port: 9080)?.action
        else {
            Issue.record("no route")
            return
        }
        #expect(
            forward.destinations.map(\.clusterName) == [
                "outbound|9080||productpage.default.svc.cluster.local"
            ])
    }

    @Test("S2, S3: calls are mutual TLS by themselves, and by rules with ISTIO_MUTUAL alike")
    func mutual() {
        let explicit = Self.allRules.replacing(
            "  subsets:", with: "  trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}\n  subsets:")
        for rules in [Self.allRules, explicit] {
            let world = world(rules, Self.jasonV2)
            let cluster = world.cluster("outbound|9080|v2|reviews.default.svc.cluster.local")
            let tls = cluster?.endpoints.first?.tls
            #expect(cluster?.endpoints.count == 1)
            #expect(tls?.isMeshMutual == true)
            #expect(
                tls?.serverName == "outbound_.9080_.v2_.reviews.default.svc.cluster.local")
            #expect(
                tls?.subjectAltNames == ["spiffe://cluster.local/ns/default/sa/bookinfo-reviews"])
        }
    }

    @Test("a workload whose Sidecar sees nobody calls nobody")
    func seesNobody() {
        let world = world(Self.allRules, Self.allV1, from: "details-v1")
        #expect(versions(world, of: "reviews") == "no route")
        #expect(world.host("reviews:9080", port: 9080)?.name == "block_all")
    }
}
