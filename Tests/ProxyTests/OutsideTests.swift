// What hosts outside of the mesh are told: what the application has said, and nothing of proxies.
// MeshFieldTests has the same for everybody else.
import HTTP
import Mesh
import Net
import Testing

@testable import Proxy

@Suite("fields towards hosts outside of the mesh")
struct OutsideTests {
    private static let said = """
        X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Request-Id: abc\r
        X-Envoy-External-Address: 192.0.2.1\r\nX-Envoy-Attempt-Count: 7\r
        X-Envoy-Peer-Metadata: ChQ\r\nX-Envoy-Peer-Metadata-Id: sidecar~10.0.0.1\r
        X-Envoy-Internal: true\r\nX-Envoy-Original-Path: /o\r\nX-Own: 1\r
        X-Envoy-Decorator-Operation: x\r\nX-Forwarded-Client-Cert: By=spiffe://evil\r

        """

    /// Names and values of the fields that the endpoint gets, names in lower case.
    private func fields(
        _ direction: ListenerSpec.Direction, _ speaks: Cluster.UpstreamProtocol,
        sending lines: String = said, isOutside: Bool = true, rules: HeaderMutations? = nil
    ) throws -> [String: String] {
        let backend = try Backend()
        var plan = Plan.forwarding(
            to: [backend.address], headers: rules,
            rewrite: Rewrite(path: .full(Array("/r".utf8)), authority: nil),
            path: Plan.prefix("/"), route: RoutePolicy(timeoutMs: 5_000, retry: nil))
        plan.direction = direction
        plan.speak(speaks)
        if isOutside { plan.lead(outside: 0) }
        let rig = try Rig(plan, backends: [backend])
        let client = try rig.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n")
        let wire = try rig.accept()
        var found: [String: String] = [:]
        if speaks == .http2 {
            let endpoint = try H2Endpoint(wire)
            let request = try endpoint.request()
            for (name, value) in request.fields { found[name] = value }
            try endpoint.answer(request)
        } else {
            found = Self.fields(of: try wire.readHead())
            try wire.send("HTTP/1.1 204 No\r\n\r\n")
        }
        _ = try client.readHead()
        try rig.settle()
        return found
    }

    private static func fields(of head: String) -> [String: String] {
        var found: [String: String] = [:]
        for line in head.split(separator: "\r\n").dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].lowercased()
            #expect(found[name] == nil, "twice: \(name)")
            found[name] = String(line[line.index(colon, offsetBy: 2)...])
        }
        return found
    }

    private static func ofProxies(_ fields: [String: String]) -> [String] {
        fields.keys.filter { $0.hasPrefix("x-") }.sorted()
    }

    @Test(
        "a sidecar passes on what the application said of itself, and nothing of the mesh",
        arguments: [Cluster.UpstreamProtocol.http1, .http2])
    func sidecar(speaks: Cluster.UpstreamProtocol) throws {
        let found = try fields(.outbound, speaks)
        #expect(
            Self.ofProxies(found)
                == ["x-forwarded-for", "x-forwarded-proto", "x-own", "x-request-id"])
        #expect(found["x-forwarded-for"] == "192.0.2.1")
        #expect(found["x-forwarded-proto"] == "https")
        #expect(found["x-request-id"] == "abc")
    }

    @Test(
        "an egress gateway adds no address, and takes nobody's word for the scheme",
        arguments: [Cluster.UpstreamProtocol.http1, .http2])
    func gateway(speaks: Cluster.UpstreamProtocol) throws {
        let found = try fields(.gateway, speaks)
        #expect(Self.ofProxies(found) == ["x-forwarded-for", "x-own", "x-request-id"])
        #expect(found["x-forwarded-for"] == "192.0.2.1")
    }

    @Test(
        "who says nothing is said nothing of, but a random number",
        arguments: [ListenerSpec.Direction.outbound, .gateway])
    func silent(direction: ListenerSpec.Direction) throws {
        for speaks in [Cluster.UpstreamProtocol.http1, .http2] {
            let found = try fields(direction, speaks, sending: "")
            #expect(Self.ofProxies(found) == ["x-request-id"])
            // The same call to the mesh's own hosts says a lot.
            let inside = try fields(direction, speaks, sending: "", isOutside: false)
            #expect(inside["x-envoy-attempt-count"] == "1")
            #expect(inside["x-envoy-expected-rq-timeout-ms"] == "5000")
            #expect(inside["x-envoy-original-path"] == "/")
            #expect(inside["x-forwarded-proto"] == "http")
        }
    }

    @Test("what a rule of the operator's sets is sent, wherever it goes")
    func ruled() throws {
        var operations = HeaderMutations.Operations()
        operations.set = [
            Plan.value("x-forwarded-for", "10.0.0.9"), Plan.value("x-envoy-own", "1"),
        ]
        for direction in [ListenerSpec.Direction.outbound, .gateway] {
            let found = try fields(
                direction, .http1,
                rules: HeaderMutations(
                    request: operations, response: HeaderMutations.Operations()))
            #expect(found["x-forwarded-for"] == "10.0.0.9")
            #expect(found["x-envoy-own"] == "1")
        }
    }

    @Test("copies keep to it as well, wherever the original goes", arguments: [true, false])
    func copies(copyIsOutside: Bool) throws {
        let (inside, outside) = (try Backend(), try Backend())
        var plan =
            copyIsOutside
            ? Plan.mirroring(inside.address, to: outside.address)
            : Plan.mirroring(outside.address, to: inside.address)
        plan.direction = .outbound
        plan.lead(outside: copyIsOutside ? 1 : 0)
        let rig = try Rig(plan, backends: [inside, outside])
        let client = try rig.connect()
        try client.send(
            "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n"
                + "X-Envoy-Peer-Metadata: ChQ\r\n\r\n")
        let (one, other) = (try rig.accept(inside), try rig.accept(outside))
        let told = Self.fields(of: try other.readHead())
        #expect(Self.ofProxies(told) == ["x-forwarded-for", "x-request-id"])
        #expect(told["x-forwarded-for"] == "192.0.2.1")
        let known = Self.fields(of: try one.readHead())
        #expect(known["x-envoy-peer-metadata"] == "ChQ")
        #expect(known["x-envoy-attempt-count"] == "1")
        #expect(known["x-forwarded-proto"] == "http")
        #expect(known["x-envoy-internal"] == (copyIsOutside ? nil : "true"))
        try one.send("HTTP/1.1 204 No\r\n\r\n")
        try other.send("HTTP/1.1 204 No\r\n\r\n")
        _ = try client.readHead()
        try rig.settle()
    }
}
