// New snapshots under running traffic: what is under way ends on what it began with, what comes
// next goes by the new one, and nothing of the old one is left.
import Mesh
import Net
import Testing

@testable import Proxy

@Suite("snapshots")
struct SnapshotTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test("a request under way ends where it began; the next one on the connection goes by the new")
    func whileUnderWay() throws {
        let old = try Backend()
        let new = try Backend()
        let rig = try Rig(.forwarding(to: [old.address]), backends: [old, new])
        let (client, upstream, _) = try rig.open(Self.get)
        var plan = Plan()
        plan.clusters = [
            Plan.cluster("unused", []), Plan.cluster("b", [new.address]),
        ]
        plan.routes = [Plan.route(to: 1)]
        try rig.adopt(plan)
        try upstream.send(Self.ok)
        _ = try client.readHead()
        #expect(try client.read(count: 2) == "ok")
        #expect(try upstream.readToEnd().end == .finished)
        try client.send(Self.get)
        let next = try rig.accept(new)
        _ = try next.readHead()
        try next.send(Self.ok)
        _ = try client.readHead()
        try rig.settle()
    }

    @Test("an endpoint that stays keeps its connections, one that is gone loses its idle ones")
    func endpoints() throws {
        let stays = try Backend()
        let goes = try Backend()
        let rig = try Rig(
            .forwarding(to: [stays.address, goes.address], policy: .roundRobin),
            backends: [stays, goes])
        let client = try rig.connect()
        var wires: [Wire] = []
        for _ in 0..<2 {
            try client.send(Self.get)
            let wire = try Wire.wait(for: "either") { stays.acceptNow() ?? goes.acceptNow() }
            _ = try wire.readHead()
            try wire.send(Self.ok)
            _ = try client.readHead()
            _ = try client.read(count: 2)
            wires.append(wire)
        }
        try rig.adopt(.forwarding(to: [stays.address], policy: .roundRobin))
        try client.send(Self.get)
        // One of the two is closed, the other serves on.
        let served = try Wire.wait(for: "a request on the old connection") { () -> Wire? in
            for wire in wires where try wire.readNow().hasPrefix("GET") { return wire }
            return nil
        }
        try served.send(Self.ok)
        _ = try client.readHead()
        let other = try #require(wires.first { $0 !== served })
        #expect(try other.readToEnd().end == .finished)
        #expect(stays.acceptNow() == nil)
        for wire in wires { wire.close() }
        try rig.settle()
    }

    @Test(
        "a cluster that leaves during its last response is let go of without harm",
        arguments: [
            ok, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 bad\r\n\r\n",
        ])
    func clusterGone(response: String) throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try rig.adopt(Plan())
        try upstream.send(response)
        _ = try client.readHead()
        #expect(try upstream.readToEnd().text == "")
        try client.send(Self.get)
        try rig.settle()
    }

    @Test(
        "a listener that leaves takes no request by routes that are gone", arguments: [true, false])
    func listenerGone(isUnderWay: Bool) throws {
        let backend = try Backend()
        let secret = try Backend()
        var plan = Plan()
        plan.clusters = [
            Plan.cluster("x", []), Plan.cluster("y", []), Plan.cluster("a", [backend.address]),
        ]
        plan.routes = [Plan.route(to: 2)]
        let rig = try Rig(plan, backends: [backend, secret])
        let client = try rig.connect()
        try client.send(Self.get)
        let upstream = try rig.accept(backend)
        _ = try upstream.readHead()
        if !isUnderWay {
            try upstream.send(Self.ok)
            _ = try client.readHead()
            _ = try client.read(count: 2)
            // The first half of the next request is in when the listener goes.
            try client.send("GET / HTTP")
            try Wire.wait(for: "half a head") { try rig.onLoop { $0.activeCount } == 1 ? () : nil }
        }
        // The place the old route names holds another cluster now, or none.
        var other = Plan()
        other.clusters =
            isUnderWay
            ? []
            : [
                Plan.cluster("s", []), Plan.cluster("t", []), Plan.cluster("u", [secret.address]),
            ]
        let snapshot = other.snapshot(listener: "another", port: 1)
        try rig.onLoop { $0.adopt(snapshot, bindings: []) }
        if isUnderWay {
            try upstream.send(Self.ok)
            #expect(try client.readHead().contains("connection: close"))
            #expect(try client.readToEnd().text == "ok")
        } else {
            try client.send("/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.readToEnd().text.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        }
        #expect(secret.acceptNow() == nil)
        try rig.settle()
    }

    @Test("draining ends idle connections and says so on the others")
    func drain() throws {
        let (rig, _) = try Rig.forwarding()
        let idle = try rig.connect()
        try idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send(Self.ok)
        _ = try idle.readHead()
        _ = try idle.read(count: 2)
        let busy = try rig.connect()
        try busy.send(Self.get)
        _ = try upstream.readHead()
        try rig.onLoop { $0.drain() }
        #expect(try idle.readToEnd().text == "")
        #expect(try rig.onLoop { $0.activeCount } == 1)
        try upstream.send(Self.ok)
        #expect(try busy.readHead().contains("\r\nconnection: close\r\n"))
        #expect(try busy.readToEnd().text == "ok")
        #expect(throws: Wire.Failure.self) {
            let late = try rig.connect()
            try late.send(Self.get)
            if try late.readToEnd().end == .reset { throw Wire.Failure.broken(0) }
        }
        try rig.settle()
    }

    @Test("draining lets an answer that is not sent yet go out whole")
    func drainUnsent() throws {
        var plan = Plan()
        let body = [UInt8](repeating: 0x79, count: 24 << 20)
        plan.routes = [Plan.route(.any, .direct(DirectResponse(status: 200, body: body)))]
        let rig = try Rig(plan)
        let client = try rig.connect()
        try client.send(Self.get)
        _ = try client.readHead()
        try rig.onLoop { $0.drain() }
        try client.skip(body.count)
        #expect(try client.readToEnd() == ("", .finished))
        try rig.settle()
    }
}
