// Names with several addresses, of which some are dead or silent: connections race (RFC 8305), and
// who calls notices nothing but a quarter of a second.
import HTTP
import Mesh
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("addresses that race")
struct RaceTests {
    /// What is made of a connection, and so who opens it.
    enum Use: CaseIterable, Sendable { case http1, http2, bytes }

    /// Addresses of one name, each with its own fate, at one port. `nil`: nobody is there.
    private struct Places {
        static let hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]
        let backends: [Backend?]
        let addresses: [SocketAddress]

        enum Fate { case live, silent, nobody }

        init(_ fates: [Fate]) throws {
            // The port has to be free on all of them: the first is bound everywhere else then.
            var found: (backends: [Backend?], port: UInt16)?
            for _ in 0..<20 where found == nil {
                let first = try Backend(host: "127.0.0.9")
                let port = first.address.port
                let made = try? fates.enumerated().map { index, fate in
                    fate == .nobody ? nil : try Backend(host: Self.hosts[index], port: port)
                }
                found = made.map { ($0, port) }
            }
            let (backends, port) = try #require(found)
            for (backend, fate) in zip(backends, fates) where fate == .silent {
                try #require(backend).fallSilent()
            }
            self.backends = backends
            addresses = try fates.indices.map {
                try #require(SocketAddress(host: Self.hosts[$0], port: port))
            }
        }
    }

    private func rig(
        _ places: Places, _ use: Use = .http1, connectTimeoutMs: UInt32 = 8_000,
        attemptDelayMs: UInt64 = 50
    ) throws -> Rig {
        var plan = Plan.named(
            "app.test", port: places.addresses[0].port, .oneAddress,
            connectTimeoutMs: connectTimeoutMs)
        if use == .http2 { plan.speak(.http2) }
        if use == .bytes {
            plan.isTCP = true
            plan.tcp = Mesh.TCPRoute(destinations: [Plan.destination(0)], origin: Plan.origin)
        }
        var settings = ProxySettings()
        settings.limits.attemptDelayMs = attemptDelayMs
        let rig = try Rig(plan, backends: places.backends.compactMap(\.self), settings: settings)
        try rig.onLoop { [addresses = places.addresses] worker in
            let bare = addresses.map { $0.with(port: 0) }
            worker.learn([NameChange(name: "app.test", addresses: bare, problem: nil)])
            // They are dialled in the order they are written.
            let state = worker.cluster(at: 0).endpoints.first
            state?.rotation = AddressRotation(addresses, startingAt: addresses.count - 1)
        }
        return rig
    }

    /// One request, or a word and its answer, from a new client to the endpoint at `backend`.
    private func call(_ rig: Rig, _ use: Use, answeredBy backend: Backend?) throws {
        let client = try rig.connect()
        try client.send(use == .bytes ? "hello" : PlainRequest.get)
        let upstream = try rig.accept(backend)
        switch use {
        case .http1: try upstream.serve()
        case .http2: try upstream.serve(.http2)
        case .bytes:
            #expect(try upstream.read(count: 5) == "hello")
            try upstream.send(PlainRequest.ok)
        }
        try client.readOK()
    }

    private func dialled(_ rig: Rig) throws -> SocketAddress? {
        try rig.onLoop { $0.cluster(at: 0).endpoints.first?.addressToDial() }
    }

    @Test(
        "an address that does not answer is overtaken, and then passed over",
        arguments: Use.allCases)
    func silent(use: Use) throws {
        let places = try Places([.silent, .live])
        let rig = try rig(places, use)
        try call(rig, use, answeredBy: places.backends[1])
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        #expect(try rig.cluster(.upstreamCxActive) == 1)
        #expect(try rig.cluster(.upstreamCxConnectFail) == 0)
        for _ in 0..<2 { #expect(try dialled(rig) == places.addresses[1]) }
        try rig.settle()
    }

    @Test(
        "where an address refuses the next one is dialled at once", arguments: Use.allCases)
    func refused(use: Use) throws {
        let places = try Places([.nobody, .nobody, .live])
        // Longer than anybody waits here.
        let rig = try rig(places, use, attemptDelayMs: 60_000)
        try call(rig, use, answeredBy: places.backends[2])
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        #expect(try rig.cluster(.upstreamCxConnectFail) == 0)
        try rig.settle()
    }

    @Test("one refuses while another is silent: the third serves, and the log knows which it was")
    func mixed() throws {
        let places = try Places([.silent, .nobody, .live])
        let rig = try rig(places)
        let client = try rig.connect()
        try client.send(PlainRequest.get)
        let upstream = try rig.accept(places.backends[2])
        _ = try upstream.readHead()
        let noted = try rig.onLoop { worker in
            var found: SocketAddress?
            worker.loop.forEachWatched {
                if let up = $0 as? UpstreamConnection { found = up.exchange?.upstreamAddress }
            }
            return found
        }
        #expect(noted == places.addresses[2])
        try upstream.send(PlainRequest.ok)
        try client.readOK()
        try rig.settle()
    }

    @Test("nobody anywhere is one failure, in the words of the last address")
    func nobody() throws {
        let places = try Places([.nobody, .nobody])
        let rig = try rig(places)
        let client = try rig.connect()
        try client.send(PlainRequest.get)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        _ = try client.read(to: "delayed connect error: Connection refused")
        #expect(try rig.cluster(.upstreamCxConnectFail) == 1)
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        try rig.settle()
    }

    @Test(
        "all silent is one timeout, at the cluster's limit for all of them together",
        arguments: Use.allCases)
    func allSilent(use: Use) throws {
        let places = try Places(Array(repeating: .silent, count: 5))
        let rig = try rig(places, use, connectTimeoutMs: 400, attemptDelayMs: 10)
        let client = try rig.connect()
        let started = Machine.monotonicNs
        try client.send(PlainRequest.get)
        // No more than four of them at the same time.
        try Wire.wait(for: "four attempts") {
            let under = try rig.onLoop { worker in
                var count = 0
                worker.loop.forEachWatched { if $0 is Attempt || $0 is Opening { count += 1 } }
                return count
            }
            return under == 4 ? () : nil
        }
        if use == .bytes {
            #expect(try client.readToEnd().text == "")
        } else {
            #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
            _ = try client.read(to: "connection timeout")
        }
        #expect(Machine.monotonicNs - started >= 400_000_000)
        #expect(try rig.cluster(.upstreamCxConnectTimeout) == 1)
        #expect(try rig.cluster(.upstreamCxConnectFail) == 1)
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        try rig.settle()
    }

    @Test("a client that leaves meanwhile leaves no attempt behind")
    func left() throws {
        let places = try Places([.silent, .silent])
        let rig = try rig(places)
        let client = try rig.connect()
        try client.send(PlainRequest.get)
        try Wire.wait(for: "a second attempt") {
            try rig.onLoop { worker in
                var isThere = false
                worker.loop.forEachWatched { if $0 is Attempt { isThere = true } }
                return isThere ? () : nil
            }
        }
        client.reset()
        try rig.settle()
        #expect(try rig.cluster(.upstreamCxConnectFail) == 0)
    }

    /// Every address of a name an endpoint, of which `backend` is at the first alone.
    private func inBothFamilies(_ backend: Backend) throws -> (Rig, [SocketAddress]) {
        let plan = Plan.named("app.test", port: backend.address.port, .allAddresses)
        let rig = try Rig(plan, backends: [backend])
        let both = try ["127.0.0.1", "::1"].map {
            try #require(SocketAddress(host: $0, port: 0))
        }
        try rig.onLoop {
            $0.learn([NameChange(name: "app.test", addresses: both, problem: nil)])
        }
        return (rig, both)
    }

    @Test("every address an endpoint: one whose family is out of order is served by the other's")
    func otherFamily() throws {
        let backend = try Backend()
        let (rig, both) = try inBothFamilies(backend)
        try rig.onLoop {
            _ = $0.cluster(at: 0)
        }
        #expect(try rig.cluster(.membershipTotal) == 2)
        // In turn: both endpoints are asked, and nobody is at the one's own address.
        var clients: [Wire] = []
        for _ in 0..<4 {
            let client = try rig.connect()
            try client.send(PlainRequest.get)
            try rig.accept(backend).serve()
            try client.readOK()
            clients.append(client)
            try rig.onLoop { for state in $0.cluster(at: 0).endpoints { state.dropIdle() } }
        }
        #expect(try rig.cluster(.upstreamCxConnectFail) == 0)
        // Both are asked once more, and their connections kept; then the address has left.
        for client in clients[..<2] {
            try client.send(PlainRequest.get)
            try rig.accept(backend).serve()
            try client.readOK()
        }
        #expect(try rig.cluster(.upstreamCxActive) == 2)
        try rig.onLoop {
            $0.learn([NameChange(name: "app.test", addresses: [both[1]], problem: nil)])
        }
        #expect(try rig.cluster(.upstreamCxActive) == 0)
        try rig.settle()
    }

    @Test("every address an endpoint: a connection whose address has left ends with its answer")
    func leftWhileBusy() throws {
        let backend = try Backend()
        let (rig, both) = try inBothFamilies(backend)
        try rig.onLoop {
            // At the one's own address is nobody.
            let state = $0.cluster(at: 0).endpoints.first { $0.address.isIPv6 }
            if let state { state.avoid(state.address) }
        }
        var busy: [(client: Wire, upstream: Wire)] = []
        for _ in 0..<2 {
            let (client, upstream, _) = try rig.open(PlainRequest.get)
            busy.append((client, upstream))
        }
        try rig.onLoop {
            $0.learn([NameChange(name: "app.test", addresses: [both[1]], problem: nil)])
        }
        for (client, upstream) in busy {
            try upstream.send(PlainRequest.ok)
            try client.readOK()
        }
        #expect(try rig.cluster(.upstreamCxActive) == 0)
        try rig.settle()
    }
}
