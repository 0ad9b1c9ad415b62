// Where requests of a workload can go, by which names, and what becomes of unknown ones.
import Mesh
import Spec
import Testing

@Suite struct SidecarOutboundTests {
    private func world(_ documents: String..., node: Node = MeshWorld.sidecar()) -> World {
        World(Piece.caller, documents.joined(separator: "\n---\n"), node: node)
    }

    private static let service = Piece.served("a")

    // MARK: - Names

    @Test(
        "a service of the same namespace is called by every name a pod could use",
        arguments: [
            "a", "a:80", "A", "a.default", "a.default.svc", "a.default.svc.cluster.local",
            "a.default.svc.cluster.local.", "a.default.svc.cluster.local:80",
        ])
    func names(_ host: String) {
        let world = world(Self.service, Piece.egress(80))
        #expect(world.clusters(host: host) == [Piece.a])
    }

    @Test("a short name is of the caller's namespace alone")
    func otherNamespace() {
        let world = world(Piece.served("a", namespace: "other"), Piece.egress(80))
        let cluster = ["outbound|80||a.other.svc.cluster.local"]
        #expect(world.clusters(host: "a").isEmpty)
        for host in ["a.other", "a.other.svc", "a.other.svc.cluster.local"] {
            #expect(world.clusters(host: host) == cluster)
        }
    }

    @Test("a service's virtual addresses are names of it, IPv6 in brackets")
    func addresses() {
        let world = world(
            Piece.service("a", extra: "clusterIPs: [10.96.0.1, 'fd00::1']"), Piece.egress(80))
        #expect(world.clusters(host: "10.96.0.1") == [Piece.a])
        #expect(world.clusters(host: "[fd00::1]:80") == [Piece.a])
    }

    @Test("what leaves the mesh is what is outside of it and called for a client inside")
    func leavesMesh() {
        let entries = [
            ("said", "location: MESH_EXTERNAL"), ("unsaid", ""),
            ("inside", "location: MESH_INTERNAL"),
        ].map { name, location in
            Piece.serviceEntry(name, host: "\(name).example.com", extra: location)
        }
        let calls = ["said", "unsaid", "inside"].map { "outbound|80||\($0).example.com" }
        func leaving(_ world: World) -> [Bool?] { calls.map { world.cluster($0)?.leavesMesh } }
        let sidecar = world(
            Self.service, entries.joined(separator: "\n---\n"), Piece.egress(80))
        #expect(leaving(sidecar) == [true, true, false])
        #expect(sidecar.cluster(Piece.a)?.leavesMesh == false)
        for (label, expected) in [
            ("egressgateway", [true, true, false]), ("ingressgateway", [false, false, false]),
        ] {
            let gateway = World(
                """
                kind: Gateway
                metadata: {name: g}
                spec:
                  selector: {istio: \(label)}
                  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
                """,
                entries.joined(separator: "\n---\n"),
                ["said", "unsaid", "inside"].map {
                    Piece.virtualService(
                        $0, hosts: "\($0).example.com", gateways: "g",
                        http: Piece.to("\($0).example.com"))
                }.joined(separator: "\n---\n"),
                node: Node(labels: ["istio": label]))
            #expect(leaving(gateway) == expected)
        }
    }

    @Test("hosts of a ServiceEntry are called by that name alone")
    func entry() {
        let entry = """
            kind: ServiceEntry
            metadata: {name: a}
            spec:
              hosts: [api.example.com, '*.wild.example.com']
              addresses: [240.0.0.1, 240.1.0.0/16]
              resolution: STATIC
              ports: [{number: 80, name: http, protocol: HTTP}]
              endpoints: [{address: 10.0.0.1}]
            """
        let world = world(entry, Piece.egress(80))
        #expect(world.clusters(host: "api.example.com") == ["outbound|80||api.example.com"])
        #expect(world.clusters(host: "x.wild.example.com") == ["outbound|80||*.wild.example.com"])
        #expect(world.clusters(host: "api").isEmpty)
        #expect(world.clusters(host: "240.0.0.1") == ["outbound|80||api.example.com"])
    }

    @Test("on a listener's port only services of that port are known")
    func portOfListener() {
        let world = world(
            Piece.service("a", ports: "{name: http, port: 80}, {name: http-b, port: 81}"),
            Piece.service("b", ports: "{name: tcp, port: 81}"), Piece.egress(81))
        #expect(
            world.clusters(host: "a", port: 81) == ["outbound|81||a.default.svc.cluster.local"])
        #expect(world.clusters(host: "b", port: 81).isEmpty, "a port for bytes has no HTTP routes")
    }

    // MARK: - Visibility

    @Test(
        "egress hosts say what is seen",
        arguments: [
            ("'*/*'", true, true), ("'./*'", true, false), ("'other/*'", false, true),
            ("'~/*'", false, false), ("'./a.default.svc.cluster.local'", true, false),
            ("'*/b.other.svc.cluster.local'", false, true),
            ("'./*.other.svc.cluster.local'", false, false),
        ])
    func egressHosts(_ hosts: String, _ seesA: Bool, _ seesB: Bool) {
        let world = world(
            Self.service, Piece.served("b", namespace: "other"), Piece.egress(80, hosts: hosts))
        #expect(!world.clusters(host: "a").isEmpty == seesA)
        #expect(!world.clusters(host: "b.other").isEmpty == seesB)
    }

    @Test("a VirtualService that is not among the hosts has no say; its destinations need not be")
    func importedRules() {
        let rule = Piece.virtualService(
            namespace: "other", hosts: "a.default.svc.cluster.local", gateways: "mesh",
            http: Piece.to("b"))
        let parts = [Self.service, Piece.served("b", namespace: "other"), rule]
        let seen = world(parts.joined(separator: "\n---\n"), Piece.egress(80))
        #expect(seen.clusters(host: "a") == ["outbound|80||b.other.svc.cluster.local"])
        let unseen = world(parts.joined(separator: "\n---\n"), Piece.egress(80, hosts: "'./*'"))
        #expect(unseen.clusters(host: "a") == [Piece.a])
        let own = Piece.virtualService(
            hosts: "a", gateways: "mesh",
            http: "- route: [{destination: {host: b.other.svc.cluster.local}}]")
        let reached = world(
            Self.service, Piece.served("b", namespace: "other"), own,
            Piece.egress(80, hosts: "'./*'"))
        #expect(reached.clusters(host: "a") == ["outbound|80||b.other.svc.cluster.local"])
        #expect(reached.clusters(host: "b.other").isEmpty)
    }

    @Test("what is not exported to the workload's namespace is not seen")
    func exportTo() {
        let hidden = """
            kind: Service
            metadata: {name: b, namespace: other, annotations: {networking.istio.io/exportTo: .}}
            spec: {selector: {app: b}, ports: [{name: http, port: 80}]}
            """
        let world = world(hidden, Piece.egress(80))
        #expect(world.clusters(host: "b.other").isEmpty)
    }

    // MARK: - Unknown hosts

    private func answer(_ world: World, _ host: String, port: UInt16 = 80) -> DirectResponse? {
        guard case .direct(let answer) = world.route(host: host, port: port)?.action else {
            return nil
        }
        return answer
    }

    @Test("an unknown host gets 502, with what to do, and its own name in telemetry")
    func unknown() throws {
        for policy in [
            "", "\noutboundTrafficPolicy: {mode: ALLOW_ANY}", "\noutboundTrafficPolicy: {}",
        ] {
            let sidecar = Piece.sidecar(
                "egress: [{port: {number: 80, protocol: HTTP, name: h}, hosts: ['*/*']}]" + policy)
            let world = world(Self.service, sidecar)
            #expect(world.host("nobody.example.com")?.name == "block_all")
            let answer = try #require(self.answer(world, "nobody.example.com"))
            #expect(answer.status == 502)
            #expect(answer.namesAuthority)
            #expect(answer.clusterName == "BlackHoleCluster")
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(text.contains("ServiceEntry") && text.contains("Sidecar default/caller"))
            #expect(text.hasSuffix("\n") && !text.dropLast().contains("\n"))
        }
    }

    @Test("with an egressProxy unknown hosts go there")
    func egressProxy() {
        let sidecar = Piece.sidecar(
            """
            egress: [{port: {number: 80, protocol: HTTP, name: h}, hosts: ['*/*']}]
            outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: a.default.svc.cluster.local, port: {number: 80}}}
            """)
        let world = world(Self.service, sidecar)
        #expect(world.clusters(host: "nobody.example.com") == [Piece.a])
        #expect(world.host("nobody.example.com")?.name == "allow_any")
    }

    // MARK: - One listener for all ports

    @Test("without a Sidecar one listener on 127.0.0.1:15001 goes by Host and its port")
    func allPorts() throws {
        let world = world(
            Piece.service("a", ports: "{name: http, port: 80}, {name: http-b, port: 81}"),
            Piece.service("b", ports: "{name: http, port: 9080}"))
        let listener = try #require(world.listener(15001))
        #expect(listener.bind == "127.0.0.1" && listener.direction == .outbound)
        let a81 = "outbound|81||a.default.svc.cluster.local"
        let b = "outbound|9080||b.default.svc.cluster.local"
        let anywhere = ["PassthroughCluster"]
        for (host, clusters) in [
            ("a", [Piece.a]), ("a:80", [Piece.a]), ("a:81", [a81]), ("a:82", anywhere),
            ("b", [b]), ("b:9080", [b]), ("b:80", anywhere), ("c", anywhere),
        ] {
            #expect(world.clusters(host: host, port: 15001) == clusters, "\(host)")
        }
    }

    @Test("rules see the service's port, whichever listener took the request")
    func portOfRule() {
        let rule = Piece.virtualService(
            hosts: "a", gateways: "mesh",
            http: "- match: [{port: 81}]\n  route: [{destination: {host: b, port: {number: 80}}}]")
        let world = world(
            Piece.service("a", ports: "{name: http, port: 80}, {name: http-b, port: 81}"),
            Piece.served("b"), rule)
        #expect(world.clusters(host: "a:81", port: 15001) == [Piece.b])
        #expect(
            world.clusters(host: "a:80", port: 15001) == [Piece.a],
            "rules of which none is for the port are no rules")
    }

    @Test("an egress listener without a port, on a socket, or for HTTP_PROXY is for all ports")
    func allPortsBySidecar() {
        for (listener, name) in [
            ("hosts: ['./*']", "127.0.0.1_15001"),
            (
                "port: {protocol: HTTP, name: h}, bind: 'unix:///run/out', hosts: ['./*']",
                "unix:///run/out"
            ),
            (
                "port: {number: 7777, protocol: HTTP_PROXY, name: h}, hosts: ['./*']",
                "127.0.0.1_7777"
            ),
        ] {
            let world = world(
                Piece.service("b", ports: "{name: http, port: 9080}"),
                Piece.sidecar("egress: [{\(listener)}]"))
            let out = world.snapshot.routing.listeners.first { $0.direction == .outbound }
            #expect(out?.name == name)
            #expect(
                world.clusters(host: "b:9080", port: out?.declaredPort ?? 0)
                    == ["outbound|9080||b.default.svc.cluster.local"])
        }
    }

    @Test("hosts that only rules name are known on port 80 and on listeners for all ports")
    func foreignHosts() {
        let rule = Piece.virtualService(
            hosts: "alias.example.com, '*.alias.example.com'", gateways: "mesh",
            http: Piece.to("a"))
        let world80 = world(Self.service, rule, Piece.egress(80))
        #expect(world80.clusters(host: "alias.example.com") == [Piece.a])
        #expect(world80.clusters(host: "x.alias.example.com") == [Piece.a])
        #expect(
            world(Self.service, rule, Piece.egress(81)).clusters(
                host: "alias.example.com", port: 81
            ).isEmpty)
        #expect(
            world(Self.service, rule).clusters(host: "alias.example.com", port: 15001) == [Piece.a])
    }

    // MARK: - Bytes

    @Test("bytes go to the service of the port; of several to the first, and it is told")
    func bytes() {
        let tcp = "{name: tcp, port: 9000}"
        let one = world(
            Piece.service("a", ports: tcp), Piece.egress(9000, protocolName: "TCP"))
        let cluster = "outbound|9000||a.default.svc.cluster.local"
        #expect(one.tcp(9000)?.destinations.map(\.clusterName) == [cluster])
        let two = world(
            Piece.service("a", ports: tcp), Piece.service("b", ports: tcp),
            Piece.egress(9000, protocolName: "TCP"))
        #expect(two.tcp(9000)?.destinations.map(\.clusterName) == [cluster])
        #expect(two.says("2 services have port 9000", "all go to a.default"))
        let none = world(Self.service, Piece.egress(9000, protocolName: "TCP"))
        #expect(none.tcp(9000) == nil && none.says("no service with port 9000"))
    }

    @Test("tcp rules of the mesh share connections out, by the caller's labels too")
    func tcpRules() {
        func rule(_ match: String) -> String {
            """
            kind: VirtualService
            metadata: {name: r}
            spec:
              hosts: [a]
              tcp:
              - match: [{\(match)}]
                route:
                - {destination: {host: a, port: {number: 9000}}, weight: 80}
                - {destination: {host: b, port: {number: 9000}}, weight: 20}
            """
        }
        let tcp = "{name: tcp, port: 9000}"
        let services = [Piece.service("a", ports: tcp), Piece.service("b", ports: tcp)]
        for (match, count) in [
            ("port: 9000", 2), ("port: 9001", 1), ("sourceLabels: {app: caller}", 2),
            ("sourceLabels: {app: x}", 1), ("sourceNamespace: default", 2),
            ("sourceNamespace: x", 1), ("gateways: [mesh]", 2), ("gateways: [g]", 1),
        ] {
            let world = world(
                services.joined(separator: "\n---\n"), rule(match),
                Piece.egress(9000, protocolName: "TCP"))
            #expect(world.tcp(9000)?.destinations.count == count, "\(match)")
        }
    }

    @Test("TLS goes by the server name, as rules say and else to the service of that name")
    func tls() throws {
        let rule = """
            kind: VirtualService
            metadata: {name: r}
            spec:
              hosts: [other.example.com]
              tls:
              - match: [{port: 443, sniHosts: [other.example.com]}]
                route: [{destination: {host: a, port: {number: 443}}}]
            """
        let world = world(
            Piece.service("a", ports: "{name: https, port: 443}"), rule,
            Piece.egress(443, protocolName: "TLS"))
        let chains = try #require(world.chains(443))
        #expect(
            chains.map(\.serverNames.first) == ["other.example.com", "a.default.svc.cluster.local"])
        #expect(chains[1].serverNames.contains("a"))
        for chain in chains {
            guard case .passthrough(let route) = chain.handling else {
                Issue.record("\(chain.handling)")
                return
            }
            #expect(
                route.destinations.map(\.clusterName) == [
                    "outbound|443||a.default.svc.cluster.local"
                ])
        }
    }

    @Test(
        "a listener without a protocol speaks what the services of its port speak",
        arguments: [("http", "http"), ("web", "http"), ("tcp", "tcp"), ("https", "tls")])
    func undeclared(_ portName: String, _ expected: String) {
        let world = world(
            Piece.service("a", ports: "{name: \(portName), port: 90}"),
            Piece.sidecar("egress: [{port: {number: 90}, hosts: ['*/*']}]"))
        let spoken =
            switch world.listener(90)?.kind {
            case .http: "http"
            case .tcp: "tcp"
            case .tls: "tls"
            default: "nothing"
            }
        #expect(spoken == expected)
    }
}
