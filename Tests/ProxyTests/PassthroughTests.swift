// TLS that is not ended here: the server name decides where the untouched bytes go, by the
// configuration of the moment in which they go.
import Mesh
import Net
import Testing

@testable import Proxy

@Suite("passthrough")
struct PassthroughTests {
    /// A ClientHello that asks for `name` and nothing else (RFC 8446 section 4.1.2, RFC 6066).
    static func hello(_ name: String) -> [UInt8] {
        func vector(_ bytes: [UInt8], lengthBytes: Int) -> [UInt8] {
            (0..<lengthBytes).map { UInt8(bytes.count >> (8 * (lengthBytes - 1 - $0)) & 255) }
                + bytes
        }
        let serverName = vector([0] + vector(Array(name.utf8), lengthBytes: 2), lengthBytes: 2)
        let extensions = vector([0, 0] + vector(serverName, lengthBytes: 2), lengthBytes: 2)
        let body =
            [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + vector([0x13, 0x01], lengthBytes: 2)
            + vector([0], lengthBytes: 1) + extensions
        return [22, 3, 1] + vector([1] + vector(body, lengthBytes: 3), lengthBytes: 2)
    }

    static func chain(_ name: String, _ serverNames: [String], to cluster: Int?) -> FilterChain {
        FilterChain(
            name: name, serverNames: serverNames,
            handling: .passthrough(
                Mesh.TCPRoute(destinations: [Plan.destination(cluster)], origin: Plan.origin)),
            origin: Plan.origin)
    }

    @Test(
        "the server name chooses: exact, then the longest wildcard, then any",
        arguments: [
            ("a.example", 0), ("A.EXAMPLE", 0), ("b.example", 1), ("x.y.example", 1),
            ("elsewhere.test", 2),
        ])
    func chosen(name: String, place: Int) throws {
        let backends = try [Backend(), Backend(), Backend()]
        var plan = Plan()
        plan.clusters = backends.enumerated().map { Plan.cluster("\($0)", [$1.address]) }
        plan.chains = [
            Self.chain("any", ["*"], to: 2), Self.chain("wild", ["*.example"], to: 1),
            Self.chain("exact", ["a.example"], to: 0),
        ]
        let rig = try Rig(plan, backends: backends)
        let client = try rig.connect()
        let hello = Self.hello(name)
        for byte in hello.dropLast() { try client.send([byte]) }
        try rig.onLoop { _ in }
        for backend in backends { #expect(backend.acceptNow() == nil) }
        try client.send([hello[hello.count - 1]] + Array("more".utf8))
        let upstream = try rig.accept(backends[place])
        let wanted = String(decoding: hello + Array("more".utf8), as: UTF8.self)
        #expect(try upstream.read(to: "more") == wanted)
        try upstream.send("answer")
        #expect(try client.read(count: 6) == "answer")
        try rig.settle()
    }

    @Test(
        "what is not TLS, or has no chain, is closed without a byte",
        arguments: [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), hello("other.test"), [22, 3, 1, 0, 0],
            [22, 3, 1, 0, 4, 2, 0, 0, 0], [UInt8](repeating: 22, count: 40_000),
        ])
    func closed(bytes: [UInt8]) throws {
        var plan = Plan()
        plan.chains = [Self.chain("exact", ["a.example"], to: nil)]
        let rig = try Rig(plan)
        let client = try rig.connect()
        try client.send(bytes)
        #expect(try client.readToEnd().text == "")
        try rig.settle()
    }

    @Test("a hello that began before a new snapshot goes by the new one", arguments: [true, false])
    func newSnapshot(isChainThere: Bool) throws {
        let old = try Backend()
        let new = try Backend()
        var plan = Plan()
        plan.clusters = [
            Plan.cluster("x", []), Plan.cluster("y", []), Plan.cluster("old", [old.address]),
        ]
        plan.chains = [Self.chain("c", ["a.example"], to: 2)]
        let rig = try Rig(plan, backends: [old, new])
        let client = try rig.connect()
        let hello = Self.hello("a.example")
        try client.send(Array(hello.prefix(20)))
        try Wire.wait(for: "the connection") { rig.counts.connectionCount == 1 ? () : nil }
        var next = Plan()
        next.clusters = [Plan.cluster("new", [new.address])]
        next.chains = [
            Self.chain(isChainThere ? "c" : "d", [isChainThere ? "a.example" : "b"], to: 0)
        ]
        try rig.adopt(next)
        try client.send(Array(hello.dropFirst(20)))
        if isChainThere {
            let upstream = try rig.accept(new)
            let wanted = String(decoding: hello, as: UTF8.self)
            #expect(try upstream.read(count: hello.count) == wanted)
        } else {
            #expect(try client.readToEnd().text == "")
        }
        #expect(old.acceptNow() == nil)
        try rig.settle()
    }

    @Test("a connection of a chain that is gone meets no route")
    func chainGone() throws {
        let host = VirtualHost(name: "*:443", domains: ["*"], routes: [Plan.route(to: 7)])
        let table = RouteTable(name: "https.443", virtualHosts: [host])
        let chain = Self.chain("c", ["a"], to: 0)
        func spec(_ kind: ListenerSpec.Kind) -> ListenerSpec {
            ListenerSpec(
                name: "l", bind: "127.0.0.1", port: 1, declaredPort: 443, kind: kind, origins: [])
        }
        let first = spec(.tls([chain]))
        let binding = ChainBinding(chain, table: table, spec: first)
        #expect(binding.table(in: first) === table)
        #expect(binding.table(in: spec(.tls([]))).virtualHosts.isEmpty)
        #expect(binding.table(in: spec(.tls([chain]))).virtualHosts.isEmpty)
        #expect(binding.table(in: spec(.http(table))).virtualHosts.isEmpty)
    }
}
