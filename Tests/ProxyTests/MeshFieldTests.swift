// What upstreams are told of a client: at the edge nothing a client says is believed, inside the
// mesh what the edge has said is passed on, and who calls is what the certificate says.
import Mesh
import Net
import PKI
import TLS
import Telemetry
import Testing

@testable import Proxy

@Suite("fields by direction")
struct MeshFieldTests {
    private static let foreign = """
        X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Request-Id: abc\r
        X-Envoy-External-Address: 192.0.2.1\r\nX-Envoy-Attempt-Count: 7\r
        X-Envoy-Retry-On: 5xx\r\nX-Envoy-Internal: true\r\nX-Envoy-Original-Path: /o\r
        X-Envoy-Decorator-Operation: x\r\nX-Forwarded-Client-Cert: By=spiffe://evil\r

        """

    /// The head that the upstream gets, in lower case.
    private func head(_ direction: ListenerSpec.Direction) throws -> (String, Rig) {
        let backend = try Backend()
        var plan = Plan.forwarding(to: [backend.address])
        plan.direction = direction
        let rig = try Rig(plan, backends: [backend])
        let (_, _, head) = try rig.open("GET / HTTP/1.1\r\nHost: a\r\n\(Self.foreign)\r\n")
        return (head.lowercased(), rig)
    }

    @Test("a gateway believes nothing a client says of itself")
    func gateway() throws {
        let (head, rig) = try head(.gateway)
        #expect(head.contains("\r\nx-forwarded-for: 192.0.2.1, 127.0.0.1\r\n"))
        #expect(head.contains("\r\nx-forwarded-proto: http\r\n"))
        #expect(head.contains("\r\nx-envoy-external-address: 127.0.0.1\r\n"))
        #expect(head.contains("\r\nx-envoy-attempt-count: 1\r\n"))
        for gone in ["abc", "retry-on", "internal", "original-path", "decorator", "evil"] {
            #expect(!head.contains(gone))
        }
        try rig.settle()
    }

    @Test("a sidecar on the way out keeps what the edge said, counts attempts, and is not traced")
    func outbound() throws {
        let (head, rig) = try head(.outbound)
        #expect(head.contains("\r\nx-forwarded-for: 192.0.2.1\r\n"))
        #expect(head.contains("\r\nx-forwarded-proto: https\r\n"))
        #expect(head.contains("\r\nx-request-id: abc\r\n"))
        #expect(head.contains("\r\nx-envoy-external-address: 192.0.2.1\r\n"))
        #expect(head.contains("\r\nx-envoy-original-path: /o\r\n"))
        #expect(head.contains("\r\nx-envoy-attempt-count: 1\r\n"))
        for gone in ["retry-on", "internal", "decorator", "evil", "count: 7", "127.0.0.1\r\nx-"] {
            #expect(!head.contains(gone), "\(gone)")
        }
        try rig.settle()
    }

    @Test("a sidecar on the way in passes on the caller's attempt count as well")
    func inbound() throws {
        let (head, rig) = try head(.inbound)
        #expect(head.contains("\r\nx-forwarded-for: 192.0.2.1\r\n"))
        #expect(head.contains("\r\nx-request-id: abc\r\n"))
        #expect(head.contains("\r\nx-envoy-attempt-count: 7\r\n"))
        for gone in ["retry-on", "internal", "decorator", "evil"] {
            #expect(!head.contains(gone), "\(gone)")
        }
        try rig.settle()
    }

    @Test(
        "what nobody has said yet a sidecar says, and no forwarded-for",
        arguments: [ListenerSpec.Direction.inbound, .outbound])
    func absent(_ direction: ListenerSpec.Direction) throws {
        let backend = try Backend()
        var plan = Plan.forwarding(to: [backend.address])
        plan.direction = direction
        let rig = try Rig(plan, backends: [backend])
        let (_, _, head) = try rig.open("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(head.contains("\r\nx-forwarded-proto: http\r\n"))
        #expect(head.contains("\r\nx-request-id: "))
        #expect(!head.contains("x-forwarded-for"))
        #expect(!head.contains("x-envoy-external-address"))
        #expect(head.contains("x-envoy-attempt-count") == (direction == .outbound))
        try rig.settle()
    }

    // MARK: - x-forwarded-client-cert

    @Test("inbound: this hop's element stands behind those of earlier hops, in one field")
    func certificateInbound() throws {
        let mesh = try MeshCertificates()
        let client = try mesh.workload("productpage")
        let rig = try Rig.inbound(
            { .inboundHTTP(to: $0, plain: false) }, mesh, as: try mesh.workload("reviews"))
        let wire = try rig.secure(mesh, client)
        try wire.send(
            "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Client-Cert: By=a;URI=b\r\n"
                + "x-forwarded-client-cert: By=c\r\n\r\n")
        let head = try rig.accept().readHead()
        let own =
            "By=\(MeshCertificates.uri("reviews"));Hash=\(client.fingerprint);"
            + "Subject=\"\";URI=\(MeshCertificates.uri("productpage"))"
        #expect(head.contains("x-forwarded-client-cert: By=a;URI=b,By=c,\(own)\r\n"))
        #expect(head.lowercased().split(separator: "x-forwarded-client-cert").count == 2)
        #expect(head.contains("\r\nx-forwarded-proto: https\r\n"))
        try rig.settle()
    }

    @Test("gateway: what came is dropped, and certificate, subject, URI and DNS names are told")
    func certificateGateway() throws {
        let mesh = try MeshCertificates()
        let client = try mesh.workload(
            [.uri("spiffe://a/b"), .dns("one.example"), .dns("two.example")],
            subject: DistinguishedName(organization: "Ex \"q\", é", commonName: "me"))
        let backend = try Backend()
        var plan = Plan.inboundHTTP(to: backend.address, plain: false)
        plan.direction = .gateway
        let table = RouteTable(
            name: "t",
            virtualHosts: [VirtualHost(name: "h", domains: ["*"], routes: plan.routes)])
        let termination = TLSTermination(
            credentials: [.workload], clientCertificates: .required, origin: Plan.origin)
        plan.chains = [
            FilterChain(
                name: "mesh", serverNames: ["*"], handling: .terminateHTTP(termination, table),
                origin: Plan.origin)
        ]
        let rig = try Rig(plan, backends: [backend])
        try rig.credentials(["mesh": try mesh.server(try mesh.workload([.dns("shop.example")]))])
        let wire = try rig.secure(mesh, client)
        try wire.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Client-Cert: By=evil\r\n\r\n")
        let head = try rig.accept().readHead()
        let start = try #require(head.firstRange(of: "x-forwarded-client-cert: ")).upperBound
        let value = String(head[start...].prefix { $0 != "\r\n" })
        // Our certificate has no URI, so nothing is said of us.
        #expect(
            value.hasPrefix(
                "Hash=\(client.fingerprint);Cert=\"-----BEGIN%20CERTIFICATE-----%0A"))
        #expect(
            value.hasSuffix(
                "-----END%20CERTIFICATE-----%0A\";"
                    + "Subject=\"CN=me,O=Ex \\\"q\\\"\\, \\C3\\A9\";URI=spiffe://a/b;"
                    + "DNS=one.example;DNS=two.example"))
        #expect(!head.contains("evil"))
        try rig.settle()
    }

    @Test("names cannot become elements or fields of their own")
    func escapes() throws {
        let mesh = try MeshCertificates()
        let certificate = try mesh.workload(
            [.uri("a:b,By=c;d\"e\\f\r\ng"), .dns("x=y")]).certificate
        let element = ForwardedCertificate(
            of: certificate, names: certificate.names, by: ""
        ).element(withCertificate: false)
        let text = String(decoding: element, as: UTF8.self)
        #expect(
            text.hasSuffix(
                ";Subject=\"\";URI=\"a:b,By=c;d%22e%5Cf%0D%0Ag\";DNS=\"x=y\""))
    }

    // MARK: - Metrics

    @Test("inbound requests are reported by the destination, with both identities")
    func metrics() throws {
        let mesh = try MeshCertificates()
        let rig = try Rig.inbound(
            { .inboundHTTP(to: $0, plain: true) }, mesh, as: try mesh.workload("reviews"))
        let wire = try rig.secure(mesh, try mesh.workload("productpage"))
        let plain = try rig.connect()
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        try wire.send(request)
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send(answer)
        _ = try wire.read(to: "ok")
        for _ in 0..<2 {
            try plain.send(request)
            _ = try upstream.readHead()
            try upstream.send(answer)
            _ = try plain.read(to: "ok")
        }
        let sample = try rig.sample
        let secure = try #require(sample.requests.first { $0.key.source.principal != "" })
        #expect(secure.key.reporter == .destination)
        #expect(secure.key.source.principal == MeshCertificates.uri("productpage"))
        #expect(secure.key.source.workloadNamespace == "default")
        #expect(secure.key.destination.principal == MeshCertificates.uri("reviews"))
        #expect(secure.key.destination.workload == "reviews-v1")
        #expect(secure.key.connectionSecurityPolicy == "mutual_tls")
        #expect(secure.value.durationMs.count == 1)
        let open = try #require(sample.requests.first { $0.key.source.principal == "" })
        #expect(open.key.reporter == .destination)
        #expect(open.key.connectionSecurityPolicy == "none")
        #expect(open.key.destination.workload == "reviews-v1")
        #expect(open.value.durationMs.count == 2)
        #expect(try rig.http(.downstreamRqTotal, "inbound") == 3)
        try rig.settle()
    }

    @Test("a caller is called what the workloads of its service account agree in")
    func callerNames() throws {
        let mesh = try MeshCertificates()
        let rig = try Rig.inbound(
            { address in
                var plan = Plan.inboundHTTP(to: address, plain: false)
                plan.clusters += ["v1", "v2"].map { version in
                    var workload = Workload()
                    workload.name = "productpage-\(version)"
                    workload.namespace = "default"
                    workload.app = "productpage"
                    workload.version = version
                    workload.serviceAccount = "productpage"
                    return Cluster(
                        name: version, host: "p", serviceName: "p", namespace: "default",
                        port: 80, subset: version, loadBalancing: .roundRobin,
                        connectTimeoutMs: 1000,
                        endpoints: [
                            Endpoint(
                                address: "127.0.0.1", port: 1, weight: 1, locality: "",
                                labels: [:], workload: workload, origin: Plan.origin)
                        ], origins: [])
                }
                return plan
            }, mesh, as: try mesh.workload("reviews"))
        let wire = try rig.secure(mesh, try mesh.workload("productpage"))
        try wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send("HTTP/1.1 204 No\r\n\r\n")
        _ = try wire.readHead()
        let labels = try #require(try rig.sample.requests.first?.key)
        #expect(labels.source.app == "productpage")
        #expect(labels.source.workload == "")
        #expect(labels.source.version == "")
        #expect(labels.source.workloadNamespace == "default")
        try rig.settle()
    }

    // MARK: - The end of TLS

    @Test("a tunnel whose client ends without close_notify is cut, one that says goodbye is ended")
    func cutTunnel() throws {
        let mesh = try MeshCertificates()
        let rig = try Rig.inbound(
            { .inboundTCP(to: $0, plain: false) }, mesh, as: try mesh.workload("reviews"))
        let client = try mesh.workload("productpage")
        let one = try rig.secure(mesh, client, protocols: ["istio"])
        try one.send("half")
        let first = try rig.accept()
        #expect(try first.read(count: 4) == "half")
        one.finishWithoutGoodbye()
        #expect(try first.readToEnd().end == .reset)

        let other = try rig.secure(mesh, client, protocols: ["istio"])
        try other.send("whole")
        let second = try rig.accept()
        try other.sayGoodbye()
        #expect(try second.readToEnd() == ("whole", .finished))
        try rig.settle()
    }
}
