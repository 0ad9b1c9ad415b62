// What `explain` says of calls that leave a workload: listener, rule, endpoints, whether each is
// called by mutual TLS and why, and what is in the way of hosts that are not known.
import Mesh
import Spec
import Testing

@Suite struct ExplainSidecarTests {
    private func explain(
        _ url: String, _ documents: String..., node: Node = MeshWorld.sidecar()
    ) throws -> Explanation {
        let world = World(Piece.caller, documents.joined(separator: "\n---\n"), node: node)
        let request = try ExplainRequest(url: url)
        return Mesh.explain(
            request, snapshot: world.snapshot, objects: world.objects, node: node)
    }

    private func security(_ explanation: Explanation) -> String {
        explanation.destinations.first?.endpoints.first?.security ?? "nothing"
    }

    @Test("the listener of the port, the rule and the endpoint are named")
    func served() throws {
        let explanation = try explain(
            "http://a/x", Piece.meshed("a"), Piece.egress(80),
            Piece.egress(81).replacing("name: caller", with: "name: later"))
        #expect(explanation.outcome == .forwarded)
        #expect(explanation.listener?.title == "127.0.0.1_80")
        #expect(explanation.rule?.origins.first?.object.kind == "Service")
        #expect(explanation.destinations.map(\.cluster) == [Piece.a])
        let text = "\(explanation)"
        #expect(text.contains("rule          Service default/a"), "a service has no http[0]")
        #expect(text.contains("-> 10.0.0.1:80"))
        #expect(text.contains("mutual TLS of the mesh: its label"))
    }

    @Test("a port without a listener of its own goes through the one for all ports")
    func allPorts() throws {
        let service = Piece.service("a", ports: "{name: http, port: 9080}")
        #expect(try explain("http://a:9080/", service).listener?.title == "127.0.0.1_15001")
        let explanation = try explain("http://a:9080/", service, Piece.egress(80))
        #expect(explanation.outcome == .noListener)
        #expect(explanation.hints.first?.contains("it listens for calls on 127.0.0.1_80") == true)
    }

    @Test("a tunnel is told of where it is gone through: by connections, and not by requests")
    func tunnel() throws {
        func steps(_ url: String, _ port: String) throws -> String {
            let documents = """
                kind: ServiceEntry
                metadata: {name: proxy}
                spec:
                  hosts: [proxy.example]
                  resolution: STATIC
                  ports: [{\(port), name: p}]
                  endpoints: [{address: 10.0.0.1}]
                ---
                kind: DestinationRule
                metadata: {name: proxy}
                spec:
                  host: proxy.example
                  trafficPolicy: {tunnel: {targetHost: far.example, targetPort: 443}}
                """
            return try explain(url, documents).destinations.flatMap(\.steps).joined(separator: "; ")
        }
        let through = "through a tunnel to far.example:443"
        let connection = try steps("https://proxy.example/", "number: 443, protocol: TLS")
        #expect(connection.contains(through))
        let request = try steps("http://proxy.example/", "number: 80, protocol: HTTP")
        #expect(request.contains("through no tunnel") && !request.contains(through))
    }

    @Test("why an endpoint gets mutual TLS")
    func mutual() throws {
        let labelled = try explain("http://a/", Piece.meshed("a"), Piece.egress(80))
        #expect(
            security(labelled).contains(
                "SNI outbound_.80_._.a.default.svc.cluster.local; "
                    + "the server has to be spiffe://cluster.local/ns/default/sa/a-account"))
        let listened = try explain(
            "http://a/", Piece.meshed("a", label: nil), Piece.egress(80),
            Piece.sidecar(
                named: "a", app: "a", "ingress: [{port: {number: 80, protocol: HTTP, name: h}}]"))
        #expect(security(listened).contains("Sidecar default/a"))
        #expect(security(listened).contains("has a listener there"))
        let ruled = try explain(
            "http://a/", Piece.meshed("a", label: nil), Piece.egress(80),
            Piece.destinationRule("host: a\ntrafficPolicy: {tls: {mode: ISTIO_MUTUAL}}"))
        #expect(
            security(ruled).contains("tls ISTIO_MUTUAL of DestinationRule default/dr world.yaml"))
    }

    @Test("why an endpoint gets plain text")
    func plain() throws {
        let egress = Piece.egress(80)
        func because(_ documents: String..., node: Node = MeshWorld.sidecar()) throws -> String {
            security(
                try explain(
                    "http://a/", documents.joined(separator: "\n---\n"), egress, node: node))
        }
        #expect(
            try because(Piece.meshed("a", label: nil))
                .hasPrefix("plain text: no Sidecar has a listener there"))
        #expect(
            try because(Piece.meshed("a", label: "disabled")).contains(
                "says that it has no sidecar"))
        #expect(
            try because(Piece.meshed("a"), Piece.mtls("DISABLE"))
                .contains("DISABLE of PeerAuthentication default/mode-default"))
        #expect(
            try because(
                Piece.meshed("a"),
                Piece.destinationRule("host: a\ntrafficPolicy: {tls: {mode: DISABLE}}")
            )
            .contains("plain text: tls DISABLE of DestinationRule"))
        #expect(
            try because(Piece.meshed("a"), node: MeshWorld.sidecar(hasIdentity: false))
                .contains("this proxy has no identity to show"))
    }

    @Test("a gateway's endpoints without a mesh are not spoken of")
    func gateway() throws {
        let explanation = try explain(
            "http://example.com/", Piece.gateway(), Piece.served("a"),
            Piece.virtualService(http: Piece.to("a")), node: MeshWorld.gateway)
        #expect(security(explanation) == "nothing")
    }

    @Test("an unknown host is told with what was meant, or what is in the way")
    func unknown() throws {
        let hidden = """
            kind: Service
            metadata: {name: b, namespace: other, annotations: {networking.istio.io/exportTo: .}}
            spec: {selector: {app: b}, ports: [{name: http, port: 80}]}
            """
        for (host, egress, words) in [
            ("reviewz", "'*/*'", "did you mean reviews?"),
            ("reviews", "'~/*'", "is not among the hosts of Sidecar default/caller"),
            ("ninety", "'*/*'", "has no HTTP port 80; it has 90 (HTTP)"),
            ("bytes", "'*/*'", "has no HTTP port 80; it has 80 (TCP)"),
            ("b.other", "'*/*'", "is not exported to namespace default"),
            ("far", "'*/*'", "far alone means far.default; there is far.elsewhere"),
            (
                "www.example.com", "'*/*'",
                "no Service and no ServiceEntry describes www.example.com"
            ),
        ] {
            let explanation = try explain(
                "http://\(host)/", Piece.served("reviews"), hidden,
                Piece.service("ninety", ports: "{name: http, port: 90}"),
                Piece.service("bytes", ports: "{name: tcp, port: 80}"),
                Piece.service("far", namespace: "elsewhere"), Piece.egress(80, hosts: egress))
            #expect(explanation.outcome == .unknownHost(status: 502), "\(host)")
            #expect(
                explanation.hints.contains { $0.contains(words) }, "\(host): \(explanation.hints)")
            #expect("\(explanation)".contains("502: this workload knows no such host"))
        }
    }

    @Test("what is spoken to the endpoints is told where it is not HTTP/1.1")
    func protocols() throws {
        let grpc = try explain(
            "http://a/", Piece.meshed("a", ports: "{name: grpc, port: 80}"), Piece.egress(80))
        #expect(grpc.destinations.first?.steps == ["spoken to over HTTP/2"])
        let http = try explain("http://a/", Piece.meshed("a"), Piece.egress(80))
        #expect(http.destinations.first?.steps == [])
    }
}
