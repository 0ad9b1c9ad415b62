// Which addresses stand behind a service.
import Spec
import Testing

@testable import Mesh

@Suite struct EndpointTests {
    private static func world(_ documents: String...) -> World {
        World(
            ([Piece.gateway(), Piece.virtualService(http: Piece.to("a"))] + documents)
                .joined(separator: "\n---\n"))
    }

    private static func pod(
        _ name: String, ip: String, labels: String = "app: a", extra: String = "",
        ports: String = "{name: web, containerPort: 9080}"
    ) -> String {
        """
        kind: Pod
        metadata: {name: \(name), labels: {\(labels)}}
        spec: {containers: [{name: c, ports: [\(ports)]}]}
        status:
          podIP: \(ip)
        \(extra.indented(2))
        """
    }

    private static func service(_ port: String, extra: String = "") -> String {
        Piece.service("a", ports: port, extra: extra)
    }

    @Test(
        "targetPort is a number, a name of the pod's port, or the port itself",
        arguments: [
            ("{name: http, port: 80}", "10.0.0.1:80"),
            ("{name: http, port: 80, targetPort: 8080}", "10.0.0.1:8080"),
            ("{name: http, port: 80, targetPort: web}", "10.0.0.1:9080"),
            ("{name: http, port: 80, targetPort: nope}", ""),
        ])
    func targetPort(_ port: String, _ endpoints: String) {
        let world = Self.world(Self.service(port), Self.pod("a-1", ip: "10.0.0.1"))
        #expect(world.endpoints(Piece.a) == endpoints)
    }

    @Test("pods are taken that carry all labels of the selector, in the namespace, and are ready")
    func pods() {
        let notReady = "conditions: [{type: Ready, status: \"False\"}]"
        let world = Self.world(
            Self.service("{port: 80}"), Self.pod("one", ip: "10.0.0.1"),
            Self.pod("two", ip: "10.0.0.2", labels: "app: b"),
            Self.pod("three", ip: "10.0.0.3", extra: notReady),
            Self.pod("four", ip: "10.0.0.4", labels: "app: a, tier: front"))
        #expect(world.endpoints(Piece.a) == "10.0.0.1:80 10.0.0.4:80")
    }

    @Test("publishNotReadyAddresses takes pods that are not ready")
    func unready() {
        let world = Self.world(
            Self.service("{port: 80}", extra: "publishNotReadyAddresses: true"),
            Self.pod("a", ip: "10.0.0.3", extra: "conditions: [{type: Ready, status: \"False\"}]"))
        #expect(world.endpoints(Piece.a) == "10.0.0.3:80")
    }

    @Test("a Service's selector takes WorkloadEntries of its namespace, too")
    func workloads() {
        let world = Self.world(
            Self.service("{name: http, port: 80, targetPort: 8080}"),
            Piece.workload("one", app: "a", address: "10.0.0.1"),
            Piece.workload("two", app: "b", address: "10.0.0.2"),
            Piece.workload("three", app: "a", namespace: "other", address: "10.0.0.3"),
            Piece.workload(
                "four", app: "a", address: "10.0.0.4", extra: "ports: {http: 7000}\nweight: 5"),
            Piece.workload("five", app: "a", address: "\"fd00::1\"", extra: "locality: r/z/s"))
        #expect(world.endpoints(Piece.a) == "10.0.0.1:8080 10.0.0.4:7000 [fd00::1]:8080")
        let endpoints = world.cluster(Piece.a)?.endpoints ?? []
        #expect(endpoints.first { $0.port == 7000 }?.weight == 5)
        #expect(endpoints.first { $0.address == "fd00::1" }?.locality == "r/z/s")
        #expect(endpoints.first { $0.address == "10.0.0.1" }?.weight == 1)
    }

    @Test("a named targetPort of a WorkloadEntry is its port of that name")
    func workloadNamedPort() {
        let world = Self.world(
            Self.service("{name: http, port: 80, targetPort: web}"),
            Piece.workload("one", app: "a", address: "10.0.0.1", extra: "ports: {web: 9}"))
        #expect(world.endpoints(Piece.a) == "10.0.0.1:9")
    }

    @Test("Endpoints are matched by the port's name, ready addresses alone")
    func endpoints() {
        let world = Self.world(
            Self.service("{name: http, port: 80}, {name: admin, port: 81}"),
            """
            kind: Endpoints
            metadata: {name: a}
            subsets:
            - addresses: [{ip: 10.0.0.1}, {ip: 10.0.0.2}]
              notReadyAddresses: [{ip: 10.0.0.3}]
              ports: [{name: admin, port: 9001}, {name: http, port: 9000}]
            """)
        #expect(world.endpoints(Piece.a) == "10.0.0.1:9000 10.0.0.2:9000")
    }

    @Test("the nameless port of Endpoints belongs to the service's nameless port")
    func namelessPort() {
        let list = """
            kind: Endpoints
            metadata: {name: a}
            subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 9000}]}]
            """
        #expect(Self.world(Self.service("{port: 80}"), list).endpoints(Piece.a) == "10.0.0.1:9000")
        #expect(Self.world(Self.service("{name: http, port: 80}"), list).endpoints(Piece.a) == "")
    }

    @Test("EndpointSlices are found by their label; unready endpoints are left out")
    func slices() {
        let world = Self.world(
            Self.service("{name: http, port: 80}"),
            """
            kind: EndpointSlice
            metadata: {name: a-x, labels: {kubernetes.io/service-name: a}}
            addressType: IPv4
            ports: [{name: http, port: 9000, protocol: TCP}]
            endpoints:
            - {addresses: [10.0.0.1], conditions: {ready: true}, zone: z1}
            - {addresses: [10.0.0.2], conditions: {ready: false}}
            - {addresses: [10.0.0.3]}
            """,
            """
            kind: EndpointSlice
            metadata: {name: b-x, labels: {kubernetes.io/service-name: b}}
            addressType: IPv4
            ports: [{name: http, port: 9000}]
            endpoints: [{addresses: [10.0.0.9]}]
            """)
        #expect(world.endpoints(Piece.a) == "10.0.0.1:9000 10.0.0.3:9000")
        #expect(world.cluster(Piece.a)?.endpoints[0].locality == "/z1")
    }

    @Test("slices say the same as pods do, so pods are not added to them; each address is once")
    func noDoubles() {
        let slice = """
            kind: EndpointSlice
            metadata: {name: a-x, labels: {kubernetes.io/service-name: a}}
            addressType: IPv4
            ports: [{name: http, port: 9000}]
            endpoints:
            - {addresses: [10.0.0.1], targetRef: {kind: Pod, name: a-1}}
            - {addresses: [10.0.0.1]}
            """
        let world = Self.world(
            Self.service("{name: http, port: 80}"), slice,
            Self.pod("a-1", ip: "10.0.0.1", labels: "app: a, version: v7"))
        #expect(world.endpoints(Piece.a) == "10.0.0.1:9000")
        #expect(world.cluster(Piece.a)?.endpoints[0].labels["version"] == "v7")
    }

    @Test("Endpoints without a Service do nothing")
    func orphan() {
        let world = Self.world(
            """
            kind: Endpoints
            metadata: {name: a}
            subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 9000}]}]
            """)
        #expect(world.snapshot.clusters.isEmpty)
    }

    private static func entry(
        _ body: String, port: String = "{number: 80, name: http, protocol: HTTP}",
        resolution: String = "STATIC"
    ) -> World {
        World(
            Piece.gateway(), Piece.virtualService(http: Piece.to("x.com")),
            Piece.workload("w1", app: "a", address: "10.0.1.1", extra: "ports: {http: 7}"),
            Piece.workload("w2", app: "a", address: "10.0.1.2"),
            pod("p1", ip: "10.0.1.3"),
            """
            kind: ServiceEntry
            metadata: {name: x}
            spec:
              hosts: [x.com]
              ports: [\(port)]
              resolution: \(resolution)
            \(body.indented(2))
            """)
    }

    @Test(
        "a STATIC entry's endpoint port: unix > its own > targetPort > number",
        arguments: [
            ("{address: 10.0.0.1}", "", "10.0.0.1:80"),
            ("{address: 10.0.0.1}", ", targetPort: 8080", "10.0.0.1:8080"),
            ("{address: 10.0.0.1, ports: {http: 9}}", ", targetPort: 8080", "10.0.0.1:9"),
            ("{address: 'unix:///run/x.sock'}", ", targetPort: 8080", "unix:///run/x.sock"),
            ("{address: 'unix://@x'}", "", "unix://@x"),
        ])
    func fixedPorts(_ endpoint: String, _ target: String, _ result: String) {
        let world = Self.entry(
            "endpoints: [\(endpoint)]",
            port: "{number: 80, name: http, protocol: HTTP\(target)}")
        #expect(world.endpoints("outbound|80||x.com") == result)
    }

    @Test("workloadSelector picks WorkloadEntries and pods of the namespace")
    func selector() {
        let world = Self.entry("workloadSelector: {labels: {app: a}}")
        #expect(world.endpoints("outbound|80||x.com") == "10.0.1.1:7 10.0.1.2:80 10.0.1.3:80")
    }

    @Test("resolution NONE has a cluster without endpoints, and says so")
    func unresolved() {
        let world = Self.entry("location: MESH_EXTERNAL", resolution: "NONE")
        #expect(world.endpoints("outbound|80||x.com") == "")
        #expect(world.says("resolution NONE sends requests where they were going"))
    }

    @Test("two ServiceEntries of one host in one namespace add up")
    func entriesAddUp() {
        let world = World(
            Piece.gateway(), Piece.virtualService(http: Piece.to("x.com")),
            Piece.serviceEntry("one", host: "x.com", address: "10.0.0.1"),
            Piece.serviceEntry("two", host: "x.com", address: "10.0.0.2"))
        #expect(world.endpoints("outbound|80||x.com") == "10.0.0.1:80 10.0.0.2:80")
    }

    @Test("a ServiceEntry for the host of a Service adds nothing to it, and that is told")
    func shadowed() {
        let world = Self.world(
            Piece.served("a"),
            Piece.serviceEntry("x", host: "a.default.svc.cluster.local", address: "10.9.9.9"))
        #expect(world.endpoints(Piece.a) == "10.0.0.1:80")
        #expect(world.says("a Service already describes a.default.svc.cluster.local"))
    }

    @Test("a ServiceEntry for the host of a Service adds the names of its certificates")
    func shadowedNames() throws {
        let world = Self.world(
            Piece.served("a"),
            Piece.serviceEntry(
                "x", host: "a.default.svc.cluster.local", address: "10.9.9.9",
                extra: "subjectAltNames: [a.example.com]"),
            """
            kind: DestinationRule
            metadata: {name: a}
            spec: {host: a, trafficPolicy: {tls: {mode: SIMPLE}}}
            """)
        #expect(world.endpoints(Piece.a) == "10.0.0.1:80")
        let tls = try #require(world.cluster(Piece.a)?.endpoints.first?.tls)
        #expect(tls.subjectAltNames == ["a.example.com"])
        #expect(!world.says("a Service already describes"))
    }

    @Test("entries of one host that disagree about a port's protocol are told of")
    func protocols() {
        func entry(_ name: String, _ protocolName: String) -> String {
            """
            kind: ServiceEntry
            metadata: {name: \(name)}
            spec:
              hosts: [x.com]
              ports: [{number: 80, name: main, protocol: \(protocolName)}]
              resolution: STATIC
              endpoints: [{address: 10.0.0.1}]
            """
        }
        let base = [Piece.gateway(), Piece.virtualService(http: Piece.to("x.com"))]
        func world(_ protocolName: String) -> World {
            World(
                (base + [entry("one", "HTTP"), entry("two", protocolName)])
                    .joined(separator: "\n---\n"))
        }
        #expect(world("TCP").says("port 80 of x.com is TCP here and HTTP in", "default/one"))
        #expect(!world("HTTP").says("port 80 of x.com"))
    }

    @Test("a service with nobody behind it is told")
    func nobody() {
        let world = Self.world(Self.service("{port: 80}"))
        #expect(world.says("nothing stands behind port 80", "503 UH", "selector app=a"))
    }

    @Test("telemetry's names come from labels, and a pod's workload from its template hash")
    func workloadNames() {
        let world = Self.world(
            Self.service("{port: 80}"),
            """
            kind: Pod
            metadata:
              name: reviews-v1-6f5d8b7c9-x2x7p
              labels: {app: a, version: v1, pod-template-hash: 6f5d8b7c9}
            spec: {serviceAccountName: bookinfo, containers: [{name: c}]}
            status: {podIP: 10.0.0.1}
            """,
            Self.pod("db-0", ip: "10.0.0.2"),
            """
            kind: WorkloadEntry
            metadata: {name: vm}
            spec:
              address: 10.0.0.3
              labels:
                app: a
                service.istio.io/canonical-name: shop
                service.istio.io/canonical-revision: r2
            """)
        let names = (world.cluster(Piece.a)?.endpoints ?? []).map(\.workload)
        #expect(names.map(\.name) == ["reviews-v1", "db-0", "vm"])
        let template = names.first { $0.name == "reviews-v1" }
        #expect(template?.version == "v1")
        #expect(template?.serviceAccount == "bookinfo")
        #expect(template?.canonicalService == "a")
        #expect(names.last?.canonicalService == "shop")
        #expect(names.last?.canonicalRevision == "r2")
        #expect(names.first { $0.name == "db-0" }?.canonicalRevision == "latest")
    }
}

@Suite struct LabelIndexTests {
    @Test("the index finds what a walk over everything finds")
    func likeAWalk() {
        var random = SplitMix(state: 11)
        var items: [(item: Int, namespace: String, labels: [String: String])] = []
        for number in 0..<2_000 {
            var labels = ["app": "app-\(random.next() % 50)"]
            if random.next() % 2 == 0 { labels["version"] = "v\(random.next() % 3)" }
            items.append((number, "ns-\(random.next() % 3)", labels))
        }
        let index = LabelIndex(items)
        var found = 0
        for app in 0..<50 {
            for selector in [["app": "app-\(app)"], ["app": "app-\(app)", "version": "v1"]] {
                let expected = items.filter { entry in
                    entry.namespace == "ns-1"
                        && selector.allSatisfy { entry.labels[$0.key] == $0.value }
                }.map(\.item)
                #expect(index.items(in: "ns-1", selectedBy: selector) == expected)
                found += expected.count
            }
        }
        #expect(found > 500)
        #expect(index.items(in: "ns-1", selectedBy: [:]).isEmpty)
        #expect(index.items(in: "ns-9", selectedBy: ["app": "app-1"]).isEmpty)
        #expect(index.items(in: "ns-1", selectedBy: ["app": "none"]).isEmpty)
    }
}
