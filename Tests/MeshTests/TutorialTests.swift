// What the tutorials apply to an ingress gateway, and what they see.
import Mesh
import Spec
import Testing

@Suite struct TutorialTests {
    private static func gateway(_ name: String, port: Int = 80, hosts: String = "\"*\"") -> String {
        """
        apiVersion: networking.istio.io/v1alpha3
        kind: Gateway
        metadata:
          name: \(name)
        spec:
          selector:
            istio: ingressgateway # use istio default controller
          servers:
          - port:
              number: \(port)
              name: http
              protocol: HTTP
            hosts:
            - \(hosts)
        """
    }

    private static func bookinfo(hosts: String = "\"*\"") -> String {
        """
        apiVersion: networking.istio.io/v1alpha3
        kind: VirtualService
        metadata:
          name: bookinfo
        spec:
          hosts:
          - \(hosts)
          gateways:
          - bookinfo-gateway
          http:
          - match:
            - uri:
                exact: /productpage
            - uri:
                prefix: /static
            - uri:
                exact: /login
            - uri:
                exact: /logout
            - uri:
                prefix: /api/v1/products
            route:
            - destination:
                host: productpage
                port:
                  number: 9080
        """
    }

    private static let httpbin = """
        apiVersion: networking.istio.io/v1alpha3
        kind: VirtualService
        metadata:
          name: httpbin
        spec:
          hosts:
          - "*"
          gateways:
          - httpbin-gateway
          http:
          - match:
            - uri:
                prefix: /headers
            route:
            - destination:
                port:
                  number: 8000
                host: httpbin
        """

    private static let services =
        Piece.service("productpage", ports: "{name: http, port: 9080}") + "\n---\n"
        + Piece.service("httpbin", ports: "{name: http, port: 8000, targetPort: 80}") + "\n---\n"
        + Piece.workload("pp", app: "productpage", address: "127.0.0.2") + "\n---\n"
        + Piece.workload("hb", app: "httpbin", address: "127.0.0.3")

    private static let productpage = "outbound|9080||productpage.default.svc.cluster.local"

    @Test(
        "I1: with host `*` the five paths work and others are 404",
        arguments: [
            ("/productpage", true), ("/static/bootstrap/css/bootstrap.min.css", true),
            ("/login", true),
            ("/logout", true), ("/api/v1/products", true), ("/api/v1/products/0/ratings", true),
            ("/", false), ("/productpage/", false), ("/loginx", false), ("/api/v1", false),
        ])
    func ingress(_ path: String, _ isServed: Bool) {
        let world = World(
            Self.gateway("bookinfo-gateway"), Self.bookinfo(), Self.services)
        for host in ["localhost", "192.168.49.2:31966", "anything.example.com"] {
            let expected = isServed ? [Self.productpage] : []
            #expect(world.clusters(path, host: host) == expected)
        }
        #expect(world.endpoints(Self.productpage) == "127.0.0.2:9080")
        #expect(world.warnings.isEmpty)
    }

    @Test("I2: with one host other hosts are 404")
    func oneHost() {
        let world = World(
            Self.gateway("bookinfo-gateway", hosts: "bookinfo.example.com"),
            Self.bookinfo(hosts: "bookinfo.example.com"), Self.services)
        #expect(world.clusters("/productpage", host: "bookinfo.example.com") == [Self.productpage])
        #expect(
            world.clusters("/productpage", host: "bookinfo.example.com:31966")
                == [Self.productpage])
        #expect(world.host("192.168.49.2") == nil)
        #expect(world.host("example.com") == nil)
    }

    @Test("I3: httpbin's /headers goes to port 8000, at the workload's port 80")
    func httpbinHeaders() {
        let world = World(Self.gateway("httpbin-gateway"), Self.httpbin, Self.services)
        let cluster = "outbound|8000||httpbin.default.svc.cluster.local"
        #expect(world.clusters("/headers") == [cluster])
        #expect(world.endpoints(cluster) == "127.0.0.3:80")
        #expect(world.route("/status/200") == nil)
    }

    @Test("I4: two Gateways on one port, both with `*`: both sets of routes work")
    func twoGateways() {
        let world = World(
            Self.gateway("bookinfo-gateway"), Self.bookinfo(), Self.gateway("httpbin-gateway"),
            Self.httpbin, Self.services)
        #expect(world.snapshot.routing.listeners.count == 1)
        #expect(world.clusters("/productpage") == [Self.productpage])
        #expect(
            world.clusters("/headers") == ["outbound|8000||httpbin.default.svc.cluster.local"])
        #expect(world.route("/other") == nil)
    }

    @Test("T2: TCP port 31400 sends 80 of 100 connections to v1 and 20 to v2")
    func tcpShares() {
        let world = World(
            """
            kind: Gateway
            metadata: {name: tcp-echo-gateway}
            spec:
              selector: {istio: ingressgateway}
              servers:
              - port: {number: 31400, name: tcp, protocol: TCP}
                hosts: ["*"]
            """,
            """
            kind: DestinationRule
            metadata: {name: tcp-echo-destination}
            spec:
              host: tcp-echo
              subsets:
              - {name: v1, labels: {version: v1}}
              - {name: v2, labels: {version: v2}}
            """,
            """
            kind: VirtualService
            metadata:
              name: tcp-echo
            spec:
              hosts: ["*"]
              gateways: [tcp-echo-gateway]
              tcp:
              - match:
                - port: 31400
                route:
                - destination: {host: tcp-echo, port: {number: 9000}, subset: v1}
                  weight: 80
                - destination: {host: tcp-echo, port: {number: 9000}, subset: v2}
                  weight: 20
            """, Piece.service("tcp-echo", ports: "{name: tcp, port: 9000}"),
            Piece.workload("one", app: "tcp-echo", address: "127.0.0.4"),
            Piece.workload("two", app: "tcp-echo", version: "v2", address: "127.0.0.5"))
        let host = "tcp-echo.default.svc.cluster.local"
        let route = world.tcp(31_400)
        #expect(
            route?.destinations.map(\.clusterName)
                == ["outbound|9000|v1|\(host)", "outbound|9000|v2|\(host)"])
        #expect(route?.destinations.map(\.weight) == [80, 20])
        #expect(world.endpoints("outbound|9000|v1|\(host)") == "127.0.0.4:9000")
        #expect(world.endpoints("outbound|9000|v2|\(host)") == "127.0.0.5:9000")
    }

    @Test("R4 at a gateway: jason gets v2, the others v1")
    func jason() {
        let world = World(
            Self.gateway("bookinfo-gateway"),
            Piece.service("reviews", ports: "{name: http, port: 9080}"),
            Piece.workload("r1", app: "reviews", address: "127.0.0.6"),
            Piece.workload("r2", app: "reviews", version: "v2", address: "127.0.0.7"),
            """
            kind: DestinationRule
            metadata: {name: reviews}
            spec:
              host: reviews
              subsets:
              - name: v1
                labels:
                  version: v1
              - name: v2
                labels:
                  version: v2
            """,
            """
            kind: VirtualService
            metadata:
              name: reviews
            spec:
              hosts:
                - reviews
              gateways: [bookinfo-gateway]
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
            """)
        let host = "reviews.default.svc.cluster.local"
        #expect(
            world.clusters("/reviews/0", host: host, headers: ["end-user": "jason"])
                == ["outbound|9080|v2|\(host)"])
        #expect(world.clusters("/reviews/0", host: host) == ["outbound|9080|v1|\(host)"])
        #expect(world.endpoints("outbound|9080|v2|\(host)") == "127.0.0.7:9080")
    }
}
