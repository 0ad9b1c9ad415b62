// Requests that come round: what goes where requests say is marked, and known when it is back.
// The hosts are addresses here, so that no name has to be looked up.
import Mesh
import Net
import Testing

@testable import Proxy

@Suite("Via on requests that name their host")
struct ViaTests {
    /// Any host at all, and this backend's address though it is loopback.
    private func plan(
        _ backend: Backend, _ speaks: Cluster.UpstreamProtocol = .http1
    ) -> Plan {
        let listed = DynamicHosts.Exception(
            block: AddressBlock(high: 0, low: 0xffff_7f00_0000, length: 104),
            ports: [backend.address.port])
        let template = Endpoint(
            address: "", port: 0, weight: 1, locality: "", labels: [:], workload: Workload(),
            origin: Plan.origin)
        var plan = Plan.forwarding(to: [])
        plan.clusters = [
            Cluster(
                name: "PassthroughCluster", host: "", serviceName: "", namespace: "test", port: 0,
                subset: "", loadBalancing: .roundRobin, upstreamProtocol: speaks,
                connectTimeoutMs: 2000, endpoints: [],
                dynamic: DynamicHosts(
                    template: template, pattern: nil, port: nil, exceptions: [listed]),
                origins: [])
        ]
        return plan
    }

    private func request(_ backend: Backend, _ target: String = "/", _ lines: String = "") -> String
    {
        "GET \(target) HTTP/1.1\r\nHost: \(backend.address)\r\n\(lines)\r\n"
    }

    @Test("a request in origin-form is marked behind the marks it has; one in absolute-form is not")
    func marked() throws {
        let backend = try Backend()
        var settings = ProxySettings()
        settings.pseudonym = Array("isthmus-one".utf8)
        let rig = try Rig(plan(backend), backends: [backend], settings: settings)
        let client = try rig.connect()
        try client.send(request(backend, "/", "Via: 1.0 fred, 1.1 isthmus-other\r\n"))
        let wire = try rig.accept()
        var head = try wire.readHead()
        #expect(head.contains("\r\nVia: 1.0 fred, 1.1 isthmus-other\r\n"), "\(head)")
        #expect(head.contains("\r\nvia: 1.1 isthmus-one\r\n"), "\(head)")
        try wire.send(PlainRequest.ok)
        try client.readOK()
        try client.send(request(backend, "http://\(backend.address)/"))
        head = try wire.readHead()
        #expect(!head.lowercased().contains("via:"), "\(head)")
        try wire.send(PlainRequest.ok)
        try client.readOK()
        try rig.settle()
    }

    @Test("over HTTP/2 as well")
    func markedInHTTP2() throws {
        let backend = try Backend()
        let settings = ProxySettings()
        let rig = try Rig(plan(backend, .http2), backends: [backend], settings: settings)
        let client = try rig.connect()
        try client.send(request(backend))
        let endpoint = try H2Endpoint(try rig.accept())
        let asked = try endpoint.request()
        let own = String(decoding: settings.pseudonym, as: UTF8.self)
        #expect(asked.fields.first { $0.0 == "via" }?.1 == "1.1 \(own)")
        try endpoint.answer(asked, body: "ok")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        try rig.settle()
    }

    @Test(
        "what has our mark goes out no second time, and is told so",
        arguments: ["1.1 isthmus-one", "1.1 fred (a, b), 2.0 isthmus-one, 1.1 last"])
    func comesRound(via: String) throws {
        let backend = try Backend()
        var settings = ProxySettings()
        settings.pseudonym = Array("isthmus-one".utf8)
        let rig = try Rig(plan(backend), backends: [backend], settings: settings)
        for target in ["/", "http://\(backend.address)/"] {
            let client = try rig.connect()
            // A field that Connection names goes no further, and is looked at all the same.
            try client.send(request(backend, target, "Connection: via\r\nVia: \(via)\r\n"))
            #expect(try client.readHead().hasPrefix("HTTP/1.1 502 "))
            #expect(try client.read(to: "\n").contains("leads back to this proxy"))
        }
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    @Test("nobody else's mark is ours, and no two proxies have the same")
    func others() throws {
        #expect(ProxySettings().pseudonym != ProxySettings().pseudonym)
        let backend = try Backend()
        var settings = ProxySettings()
        settings.pseudonym = Array("isthmus-one".utf8)
        let rig = try Rig(plan(backend), backends: [backend], settings: settings)
        let client = try rig.connect()
        try client.send(request(backend, "/", "Via: 1.1 isthmus-on, 1.1\r\nX-Via: isthmus-one\r\n"))
        try rig.accept().serve()
        try client.readOK()
        try rig.settle()
    }

    @Test("where the configuration says who is called, nothing is marked")
    func configured() throws {
        let backend = try Backend()
        let rig = try Rig(Plan.forwarding(to: [backend.address]), backends: [backend])
        let client = try rig.connect()
        try client.send(request(backend))
        let wire = try rig.accept()
        #expect(try !wire.readHead().contains("via:"))
        try wire.send(PlainRequest.ok)
        try client.readOK()
        try rig.settle()
    }
}
