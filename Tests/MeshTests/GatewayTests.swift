// From Gateways to listeners: selection, merging, conflicts, ports.
import Mesh
import Spec
import Testing

@Suite struct GatewayTests {
    @Test(
        "a Gateway is taken where its selector matches the proxy's labels",
        arguments: [
            (["istio": "ingressgateway"], true), (["istio": "ingressgateway", "x": "y"], true),
            (["istio": "egressgateway"], false), ([:], false),
        ] as [([String: String], Bool)])
    func selector(_ labels: [String: String], _ isTaken: Bool) {
        let world = World(Piece.gateway(), node: Node(labels: labels))
        #expect((world.listener(80) != nil) == isTaken)
        #expect(world.says("selector istio=ingressgateway", severity: .info) != isTaken)
    }

    @Test("an empty selector means every gateway")
    func emptySelector() {
        let world = World(
            """
            kind: Gateway
            metadata: {name: gw}
            spec:
              servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
            """, node: Node(labels: [:]))
        #expect(world.listener(80) != nil)
    }

    @Test("a port without a bound VirtualService has a listener, and every request is 404")
    func noService() {
        let world = World(Piece.gateway())
        #expect(world.listener(80)?.name == "0.0.0.0_80")
        #expect(world.table()?.name == "http.80")
        #expect(world.route("/") == nil)
    }

    @Test("the port map changes what is bound and nothing else")
    func portMap() {
        let world = World(
            Piece.gateway(), Piece.served("a"), Piece.virtualService(http: Piece.to("a")),
            node: Node(portMap: [80: 8080], bindAddress: "127.0.0.1"))
        let listener = world.listener(80)
        #expect(listener?.port == 8080)
        #expect(listener?.bind == "127.0.0.1")
        #expect(listener?.name == "127.0.0.1_8080")
        #expect(world.host("a.com")?.name == "*:80")
    }

    @Test("two declared ports cannot be bound to one")
    func portMapClash() {
        let world = World(
            Piece.gateway("one"), Piece.gateway("two", port: 8080), node: Node(portMap: [80: 8080]))
        #expect(world.snapshot.routing.listeners.count == 1)
        #expect(world.says("Gateway default/two", "port map"))
    }

    @Test("bind decides the address, and the route table's name says so")
    func bind() {
        let world = World(
            """
            kind: Gateway
            metadata: {name: gw}
            spec:
              selector: {istio: ingressgateway}
              servers:
              - {port: {number: 80, name: a, protocol: HTTP}, bind: 127.0.0.1, hosts: ["*"]}
              - {port: {number: 80, name: b, protocol: HTTP}, bind: 127.0.0.2, hosts: ["*"]}
              - {port: {number: 0, name: c, protocol: HTTP}, bind: 'unix:///run/g', hosts: [x]}
            """)
        let listeners = world.snapshot.routing.listeners
        #expect(
            listeners.map(\.name) == ["unix:///run/g_0", "127.0.0.1_80", "127.0.0.2_80"])
        guard case .http(let table) = listeners[1].kind else { return }
        #expect(table.name == "http.80.127.0.0.1")
    }

    @Test("HTTP, HTTP2, GRPC and GRPC-WEB servers of several Gateways share a listener")
    func merge() {
        let world = World(
            Piece.gateway("one", hosts: "a.com"),
            Piece.gateway("two", hosts: "b.com", protocolName: "HTTP2"),
            Piece.gateway("three", hosts: "c.com", protocolName: "GRPC"),
            Piece.gateway("four", hosts: "d.com", protocolName: "grpc-web"), Piece.served("a"),
            Piece.virtualService(gateways: "one, two, three, four", http: Piece.to("a")))
        #expect(world.snapshot.routing.listeners.count == 1)
        #expect(world.listener(80)?.origins.count == 4)
        let hosts = ["a.com", "b.com", "c.com", "d.com"]
        #expect(hosts.allSatisfy { world.route(host: $0) != nil })
        #expect(world.route(host: "e.com") == nil)
    }

    @Test(
        "who comes first decides what a port speaks",
        arguments: [
            ("HTTP", "TCP"), ("TCP", "HTTP"), ("TCP", "TCP"), ("MONGO", "HTTP"),
        ])
    func conflict(_ first: String, _ second: String) {
        let world = World(
            Piece.gateway("one", protocolName: first), Piece.gateway("two", protocolName: second))
        #expect(world.snapshot.routing.listeners.count == 1)
        #expect(world.listener(80)?.origins.first?.object.name == "one")
        #expect(world.says("Gateway default/two", "left out", "Gateway default/one"))
    }

    @Test(
        "a TLS server keeps its port, whatever its mode",
        arguments: ["SIMPLE, credentialName: x", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL"])
    func tls(_ mode: String) {
        let world = World(
            Piece.gateway(
                "one", port: 443, protocolName: "HTTPS", extra: "tls: {mode: \(mode)}"),
            Piece.gateway("two", port: 443))
        #expect(world.snapshot.routing.listeners.count == 1)
        #expect(world.says("Gateway default/two", "speaks TLS"))
    }

    @Test("a protocol that is no server's is left out and said to be so")
    func udp() {
        var server = Gateway.Server()
        server.port.number = 53
        server.port.protocolName = .udp
        server.hosts = [Located("*")]
        let gateway = Gateway(
            metadata: Metadata(name: "gw"),
            source: SourceLocation(file: "gw.yaml", line: 1, column: 1), servers: [server])
        let world = World(ObjectSet([gateway]))
        #expect(world.snapshot.routing.listeners.isEmpty)
        #expect(world.says("UDP is not served"))
    }

    @Test("httpsRedirect marks every host of the server, bound or not")
    func redirect() {
        let world = World(
            Piece.gateway(hosts: "a.com, b.com", extra: "tls: {httpsRedirect: true}"),
            Piece.gateway("plain", hosts: "c.com"), Piece.served("a"),
            Piece.virtualService(hosts: "a.com, c.com", gateways: "gw, plain", http: Piece.to("a")))
        #expect(world.host("a.com")?.redirectsToHTTPS == true)
        #expect(world.host("b.com")?.redirectsToHTTPS == true)
        #expect(world.host("b.com")?.routes.isEmpty == true)
        #expect(world.host("c.com")?.redirectsToHTTPS == false)
    }

    @Test(
        "a VirtualService binds where it names the Gateway, in any of the ways",
        arguments: [
            ("gw", "default", true), ("./gw", "default", true), ("default/gw", "default", true),
            ("gw", "other", false), ("default/gw", "other", true), ("./gw", "other", false),
            ("gw.default.svc.cluster.local", "other", true), ("mesh", "default", false),
            ("\"mesh\", \"gw\"", "default", true),
        ])
    func names(_ name: String, _ namespace: String, _ isBound: Bool) {
        let world = World(
            Piece.gateway(), Piece.served("a", namespace: namespace),
            Piece.virtualService(
                namespace: namespace, hosts: "a.com", gateways: name, http: Piece.to("a")))
        #expect((world.route(host: "a.com") != nil) == isBound)
    }

    @Test("a VirtualService without gateways is for sidecars alone, and that is no mistake")
    func meshOnly() {
        let world = World(
            Piece.gateway(), Piece.served("a"),
            """
            kind: VirtualService
            metadata: {name: vs}
            spec:
              hosts: [a]
              http: [{route: [{destination: {host: a}}]}]
            """)
        #expect(world.route(host: "a") == nil)
        #expect(world.warnings.isEmpty)
    }

    @Test("a Gateway that does not exist is told, with the one that was probably meant")
    func missingGateway() {
        let mistyped = World(
            Piece.gateway(), Piece.virtualService(gateways: "gv", http: Piece.to("a")))
        #expect(mistyped.says("no Gateway default/gv", "did you mean default/gw?"))
        let elsewhere = World(
            Piece.gateway(namespace: "istio-system"), Piece.virtualService(http: Piece.to("a")))
        #expect(elsewhere.says("no Gateway default/gw", "write istio-system/gw"))
    }

    @Test("hosts that no server of the Gateway serves are told")
    func noIntersection() {
        let world = World(
            Piece.gateway(hosts: "\"*.a.com\""),
            Piece.virtualService(hosts: "a.com", http: Piece.to("a")))
        #expect(world.says("no server of the Gateway default/gw serves the hosts (a.com)"))
    }

    @Test("a namespace in the server's host that keeps the VirtualService away is told")
    func namespaceHeldOff() {
        let world = World(
            Piece.gateway(hosts: "\"prod/*\""), Piece.virtualService(http: Piece.to("a")))
        #expect(world.says("from other namespaces only"))
        #expect(world.route() == nil)
    }

    @Test("`*` as a VirtualService's host is served as the server's hosts")
    func narrowed() {
        let world = World(
            Piece.gateway(hosts: "a.com, \"*.b.com\""), Piece.served("a"),
            Piece.virtualService(http: Piece.to("a")))
        #expect(world.table()?.virtualHosts.flatMap(\.domains) == ["*.b.com", "a.com"])
        #expect(world.route(host: "c.com") == nil)
    }

    @Test("a VirtualService that is not exported to the gateway's namespace is not there")
    func exported() {
        for (exportTo, isBound) in [
            ("'*'", true), ("'.'", false), ("istio-system", true), ("x", false),
        ] {
            let world = World(
                Piece.gateway(), Piece.served("a"),
                Piece.virtualService(http: Piece.to("a"), extra: "exportTo: [\(exportTo)]"))
            #expect((world.route() != nil) == isBound, "exportTo \(exportTo)")
        }
    }

    @Test("a host in capitals is served in any case")
    func capitals() {
        let world = World(
            Piece.gateway(hosts: "Shop.Example.COM"), Piece.served("a"),
            Piece.virtualService(hosts: "SHOP.example.com", http: Piece.to("a")))
        #expect(world.route(host: "shop.EXAMPLE.com:8080") != nil)
    }

    @Test("a short host of a VirtualService is the service's full name on a gateway, too")
    func shortHost() {
        let world = World(
            Piece.gateway(), Piece.served("a"),
            Piece.virtualService(hosts: "a", http: Piece.to("a")))
        #expect(world.route(host: "a.default.svc.cluster.local") != nil)
        #expect(world.route(host: "a") == nil)
    }
}
