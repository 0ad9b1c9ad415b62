// Endpoints that are names: new answers move endpoints and keep connections that need not go.
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("endpoints that are names")
struct NameTests {

    /// One cluster whose endpoint is `app.test` at the port of `backend`.
    private static func plan(_ discovery: Cluster.Discovery, _ backend: Backend) -> Plan {
        Plan.named("app.test", port: backend.address.port, discovery)
    }

    private func learn(_ rig: Rig, _ hosts: String..., problem: NameProblem? = nil) throws {
        let addresses = try hosts.map { try #require(SocketAddress(host: $0, port: 0)) }
        try rig.onLoop { worker in
            worker.learn([NameChange(name: "app.test", addresses: addresses, problem: problem)])
        }
    }

    private func exchange(_ client: Wire, _ upstream: Wire) throws {
        try client.send(PlainRequest.get)
        try upstream.serve()
        try client.readOK()
    }

    @Test("nobody is asked before there is an answer, and the log tells why")
    func unanswered() throws {
        let backend = try Backend()
        let rig = try Rig(Self.plan(.allAddresses, backend), backends: [backend])
        let client = try rig.connect()
        try client.send(PlainRequest.get)
        #expect(try client.readHead().contains("503"))
        let problem = try rig.onLoop { $0.cluster(at: 0).nameProblem }
        #expect(problem == "DNS: app.test: it is being looked up")
        try learn(rig, problem: .noSuchName)
        let reason = try rig.onLoop { $0.cluster(at: 0).nameProblem }
        #expect(reason?.contains("NXDOMAIN") == true)
    }

    @Test("an address that stays in the answer keeps its connection")
    func stays() throws {
        let backend = try Backend()
        let rig = try Rig(Self.plan(.allAddresses, backend), backends: [backend])
        try learn(rig, "127.0.0.1")
        let client = try rig.connect()
        try client.send(PlainRequest.get)
        let upstream = try rig.accept(backend)
        try upstream.serve()
        try client.readOK()
        // A second address, where nobody has to be: round robin decides among both from now on.
        try learn(rig, "127.0.0.1", "127.0.0.77")
        #expect(try rig.cluster(.membershipTotal) == 2)
        try learn(rig, "127.0.0.1")
        #expect(try rig.cluster(.membershipTotal) == 1)
        try exchange(client, upstream)
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
    }

    @Test("an address that left the answer loses its idle connections")
    func leaves() throws {
        let backend = try Backend()
        let rig = try Rig(Self.plan(.allAddresses, backend), backends: [backend])
        try learn(rig, "127.0.0.1")
        let (client, upstream, _) = try rig.open(PlainRequest.get)
        try upstream.send(PlainRequest.ok)
        try client.readOK()
        try learn(rig, "127.0.0.77")
        #expect(try upstream.readToEnd().end == .finished)
    }

    @Test("DNS_ROUND_ROBIN keeps its connection whatever the answer becomes")
    func logical() throws {
        let backend = try Backend()
        let rig = try Rig(Self.plan(.oneAddress, backend), backends: [backend])
        try learn(rig, "127.0.0.1")
        let (client, upstream, _) = try rig.open(PlainRequest.get)
        try upstream.send(PlainRequest.ok)
        try client.readOK()
        try learn(rig, "127.0.0.77", "127.0.0.78")
        try exchange(client, upstream)
        #expect(try rig.cluster(.membershipTotal) == 1)
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
    }

    @Test("a rotation takes the addresses in turn")
    func rotation() throws {
        let all = try ["127.0.0.1", "127.0.0.2", "::1"].map {
            try #require(SocketAddress(host: $0, port: 1))
        }
        // IPv6 and IPv4 take turns.
        let mixed = [all[2], all[0], all[1]]
        var rotation = AddressRotation(all, startingAt: 2)
        #expect((0..<4).map { _ in rotation.next(nowMs: 0) } == mixed + [mixed[0]])
        var empty = AddressRotation([], startingAt: 0)
        #expect(empty.next(nowMs: 0) == nil)
    }

    @Test("an endpoint of two families is called at its own address, else at the other family's")
    func stead() throws {
        let all = try ["127.0.0.1", "127.0.0.2", "::1", "::2"].map {
            try #require(SocketAddress(host: $0, port: 1))
        }
        var rotation = try #require(AddressRotation(own: all[1], among: all))
        #expect((0..<2).map { _ in rotation.next(nowMs: 0) } == [all[1], all[1]])
        // The second of one family begins with the second of the other.
        #expect(rotation.another(than: [all[1]], nowMs: 0) == all[3])
        #expect(rotation.another(than: [all[1], all[3]], nowMs: 0) == all[2])
        #expect(rotation.another(than: [all[1], all[3], all[2]], nowMs: 0) == nil)
        rotation.avoid(all[3], nowMs: 0)
        #expect(rotation.another(than: [all[1]], nowMs: 1) == all[2])
        // Better than nothing.
        #expect(rotation.another(than: [all[1], all[2]], nowMs: 1) == all[3])
        rotation.avoid(all[1], nowMs: 0)
        #expect(rotation.next(nowMs: 1) == all[2])
        #expect(rotation.next(nowMs: AddressRotation.avoidMs) == all[1])
        #expect(AddressRotation(own: all[0], among: Array(all[..<2])) == nil)
    }

    @Test("an address where nobody answered is passed over for a while, unless all are")
    func avoided() throws {
        let all = try ["127.0.0.1", "127.0.0.2"].map {
            try #require(SocketAddress(host: $0, port: 1))
        }
        var rotation = AddressRotation(all, startingAt: 0)
        rotation.avoid(all[1], nowMs: 100)
        #expect((0..<3).map { _ in rotation.next(nowMs: 200) } == [all[0], all[0], all[0]])
        // A new answer with the same address does not make it work.
        let before = rotation
        rotation = AddressRotation(all, startingAt: 0)
        rotation.learn(from: before)
        #expect(rotation.next(nowMs: 200) == all[0])
        rotation.avoid(all[0], nowMs: 200)
        #expect(Set((0..<2).map { _ in rotation.next(nowMs: 300) }) == Set(all))
        #expect(rotation.next(nowMs: 100 + AddressRotation.avoidMs) == all[1])
    }
}
