// What `explain` says of a call that leaves the mesh by an egress gateway: both proxies, one after
// the other, each asked as the call comes to it.
import Mesh
import Spec
import Testing

@Suite("explain follows a call through gateways")
struct ExplainHopsTests {
    private static let egressGateway = """
        apiVersion: v1
        kind: Service
        metadata: {name: egress, namespace: istio-system}
        spec:
          ports:
          - {port: 80, targetPort: 8080, name: http}
          - {port: 443, targetPort: 8443, name: tls}
          selector: {istio: egressgateway}
        ---
        apiVersion: networking.istio.io/v1
        kind: WorkloadEntry
        metadata: {name: egress, namespace: istio-system}
        spec:
          address: 10.0.0.9
          labels: {istio: egressgateway}
          serviceAccount: egress
        ---
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: news, namespace: default}
        spec:
          hosts: [news.example.com]
          ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}]
          resolution: STATIC
          endpoints: [{address: 192.0.2.1}]
        """

    private static func gateway(_ port: Int, _ protocolName: String, tls: String = "") -> String {
        """
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: out, namespace: default}
        spec:
          selector: {istio: egressgateway}
          servers:
          - port: {number: \(port), name: p, protocol: \(protocolName)}
            hosts: [news.example.com]
            \(tls)
        """
    }

    private static func rules(_ rules: String) -> String {
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: news, namespace: default}
        spec:
          hosts: [news.example.com]
          gateways: [out, mesh]
        \(rules)
        """
    }

    private static let byHTTP = """
          http:
          - match: [{gateways: [mesh], port: 80, uri: {prefix: /outside}}]
            rewrite: {uri: /inside}
            route:
            - destination: {host: egress.istio-system.svc.cluster.local, port: {number: 80}}
          - match: [{gateways: [out], uri: {exact: /inside}}]
            route: [{destination: {host: news.example.com, port: {number: 80}}}]
        """

    private func explain(
        _ url: String, headers: [(name: String, value: String)] = [], _ documents: String...
    ) throws -> Explanation {
        let all = ([Piece.caller, Self.egressGateway] + documents).joined(separator: "\n---\n")
        let node = MeshWorld.sidecar()
        let world = World(all, node: node)
        return Mesh.explain(
            try ExplainRequest(url: url, headers: headers), snapshot: world.snapshot,
            objects: world.objects, node: node)
    }

    @Test("the gateway is asked with the path as the sidecar rewrites it")
    func plain() throws {
        let explanation = try explain(
            "http://news.example.com/outside?a=1", Self.gateway(80, "HTTP"),
            Self.rules(Self.byHTTP))
        let hop = try #require(explanation.hops.first)
        #expect(explanation.hops.count == 1 && hop.gateway == "egress.istio-system")
        #expect(hop.explanation.request.path == "/inside")
        #expect(hop.explanation.request.query == "a=1")
        #expect(hop.explanation.outcome == .forwarded)
        #expect(hop.explanation.destinations.map(\.cluster) == ["outbound|80||news.example.com"])
        #expect(hop.explanation.hops.isEmpty)
        #expect("\(explanation)".contains("then, at gateway egress.istio-system:\nGET http://news"))
    }

    /// A sidecar's rule with `headers` of its own and of its destination: which of the gateway's
    /// rules takes the request as it arrives there?
    private func taken(headers: String, destination: String = "{}", matching: String) throws
        -> (rule: String?, request: ExplainRequest)
    {
        let explanation = try explain(
            "http://news.example.com/",
            headers: [("x-tier", "tin"), ("X-Tier", "zinc"), ("x-user", "eve"), ("x-kept", "1")],
            Self.gateway(80, "HTTP"),
            Self.rules(
                """
                  http:
                  - match: [{gateways: [mesh], port: 80}]
                    headers: \(headers)
                    route:
                    - destination:
                        {host: egress.istio-system.svc.cluster.local, port: {number: 80}}
                      headers: \(destination)
                  - name: meant
                    match: [{gateways: [out], headers: \(matching)}]
                    route: [{destination: {host: news.example.com, port: {number: 80}}}]
                  - name: rest
                    match: [{gateways: [out]}]
                    route: [{destination: {host: news.example.com, port: {number: 80}}}]
                """))
        let inside = try #require(explanation.hops.first?.explanation)
        #expect(inside.outcome == .forwarded)
        return (inside.rule?.title, inside.request)
    }

    @Test(
        "the gateway is asked with the fields that the sidecar's rules set, add and remove",
        arguments: [
            ("{request: {set: {x-tier: gold}}}", "{}", "{x-tier: {exact: gold}}", "meant"),
            ("{request: {set: {X-Tier: gold}}}", "{}", "{x-tier: {exact: 'tin,zinc'}}", "rest"),
            ("{request: {remove: [x-user]}}", "{}", "{x-user: {exact: eve}}", "rest"),
            ("{request: {add: {x-user: adam}}}", "{}", "{x-user: {exact: 'eve,adam'}}", "meant"),
            ("{}", "{request: {set: {x-tier: lead}}}", "{x-tier: {exact: lead}}", "meant"),
            (
                "{request: {set: {x-tier: gold}, add: {x-new: '1'}}}",
                "{request: {remove: [x-tier]}}", "{x-tier: {regex: .+}}", "rest"
            ),
            (
                "{request: {add: {x-new: '1'}}}", "{request: {remove: [x-tier]}}",
                "{x-new: {exact: '1'}}", "meant"
            ),
            (
                "{request: {set: {x-seen: '%REQ(X-Tier)% at 100%% by %REQ(x-none)%'}}}", "{}",
                "{x-seen: {exact: 'tin at 100% by -'}}", "meant"
            ),
            ("{response: {set: {x-tier: gold}}}", "{}", "{x-tier: {exact: gold}}", "rest"),
        ] as [(String, String, String, String)])
    func headers(rule: String, destination: String, matching: String, name: String) throws {
        let found = try taken(headers: rule, destination: destination, matching: matching)
        #expect(found.rule?.hasSuffix("\"\(name)\"") == true, "\(found)")
        #expect(found.request.headers.contains { $0 == ("x-kept", "1") })
    }

    @Test("what the rule says of the authority comes before what its destination says")
    func authority() throws {
        let found = try taken(
            headers: "{request: {set: {host: news.example.com}}}",
            destination: "{request: {set: {host: other.example.com}}}", matching: "{}")
        #expect(found.request.authority == "news.example.com")
    }

    @Test("a gateway that takes no such host says so, though the sidecar sends it there")
    func refused() throws {
        let rules = Self.byHTTP.replacing("[out]", with: "[other]")
        let explanation = try explain(
            "http://news.example.com/outside", Self.gateway(80, "HTTP"), Self.rules(rules))
        #expect(explanation.outcome == .forwarded)
        #expect(explanation.hops.first?.explanation.outcome == .noVirtualHost)
    }

    @Test("by mutual TLS of the mesh, with the server name that the sidecar asks for")
    func mutual() throws {
        let rule = """
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: egress, namespace: default}
            spec:
              host: egress.istio-system.svc.cluster.local
              trafficPolicy: {tls: {mode: ISTIO_MUTUAL, sni: news.example.com}}
            """
        let rules = Self.byHTTP.replacing(
            "local, port: {number: 80}", with: "local, port: {number: 443}")
        let explanation = try explain(
            "http://news.example.com/outside", rule, Self.rules(rules),
            Self.gateway(443, "HTTPS", tls: "tls: {mode: ISTIO_MUTUAL}"))
        let inside = try #require(explanation.hops.first?.explanation)
        #expect(inside.request.scheme == "https" && inside.request.serverName == "news.example.com")
        #expect(inside.outcome == .forwarded)
        #expect(inside.steps.contains("a client certificate is required"))
    }

    @Test("a tunnel's TLS goes through by its server name, not as the CONNECT it came by")
    func passthrough() throws {
        let rules = """
              tls:
              - match: [{gateways: [mesh], port: 443, sniHosts: [news.example.com]}]
                route:
                - destination: {host: egress.istio-system.svc.cluster.local, port: {number: 443}}
              - match: [{gateways: [out], port: 443, sniHosts: [news.example.com]}]
                route: [{destination: {host: news.example.com, port: {number: 443}}}]
            """
        let explanation = try explain(
            "https://news.example.com/", Self.rules(rules),
            Self.gateway(443, "TLS", tls: "tls: {mode: PASSTHROUGH}"))
        let inside = try #require(explanation.hops.first?.explanation)
        #expect(inside.request.method == "GET" && inside.request.scheme == "https")
        #expect(inside.outcome == .passedThrough)
        #expect(inside.destinations.map(\.cluster) == ["outbound|443||news.example.com"])
    }
}
