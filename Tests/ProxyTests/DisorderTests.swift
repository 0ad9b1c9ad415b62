// Everything at once and nothing in order: clients and endpoints that say what they like, stop
// where they like and leave how they like, under snapshots that change meanwhile.
// No answer is expected; the proxy must live, and when all have gone it must hold nothing.
import Mesh
import Net
import Testing

@testable import Proxy

@Suite("disorder")
struct DisorderTests {
    /// SplitMix64: the same disorder in every run.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
        mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
    }

    private static let requests: [String] = [
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /here HTTP/1.1\r\nHost: a\r\n\r\n",
        "HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\npart",
        "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "GET /down HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nBad Name: x\r\n\r\n",
        "PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", "body",
        DepartureTests.upgrade, DepartureTests.upgrade + "early",
        H2Wire.preface, "5\r\nhello\r\n", "0\r\n\r\n", "\r\n", "x",
    ]

    private static let responses: [String] = [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokok",
        "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\npart",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.0 200 OK\r\n\r\nuntil close", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 500 \r\ngrpc-status: 0\r\nBad Name: x\r\n\r\n", TunnelTests.accepted,
        TunnelTests.accepted + "early", "lo\r\n0\r\n\r\n", "x", "HTTP/1.1 2",
    ]

    private static func plan(_ version: Int, _ backend: Backend) -> Plan {
        var plan = Plan()
        // The places of clusters change from version to version, and `b` comes and goes.
        let padding = (0..<(version % 4)).map { Plan.cluster("p\($0)", []) }
        plan.clusters = padding + [Plan.cluster("a", [backend.address])]
        plan.routes = [
            Plan.route(Plan.prefix("/a"), to: padding.count),
            Plan.route(
                Plan.prefix("/here"), .direct(DirectResponse(status: 200, body: Array("me".utf8)))),
            Plan.route(Plan.prefix("/down"), to: nil),
        ]
        if version % 3 != 0 {
            plan.clusters.append(Plan.cluster("b", version % 3 == 1 ? [backend.address] : []))
            plan.routes.append(Plan.route(Plan.prefix("/b"), to: plan.clusters.count - 1))
        }
        return plan
    }

    @Test("leaves nothing behind", arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func disorder(seed: UInt64) throws {
        var dice = Dice(state: seed)
        let backend = try Backend()
        var settings = ProxySettings()
        settings.limits.lingerMs = 50
        settings.limits.requestHeadMs = 200
        settings.limits.upstreamIdleMs = 300
        let rig = try Rig(Self.plan(0, backend), backends: [backend], settings: settings)
        var clients: [Wire] = []
        var upstreams: [Wire] = []

        /// Something of the list, at times only a part of it, at times with a byte changed.
        func words(_ list: [String]) -> [UInt8] {
            var bytes = Array(list[dice.below(list.count)].utf8)
            if dice.below(3) == 0 { bytes = Array(bytes.prefix(dice.below(bytes.count + 1))) }
            if dice.below(8) == 0, !bytes.isEmpty {
                bytes[dice.below(bytes.count)] = UInt8(dice.below(256))
            }
            return bytes
        }
        /// Half of the time by FIN, else by RST; of some only FIN is seen for now.
        func part(_ wires: inout [Wire]) {
            guard !wires.isEmpty else { return }
            let place = dice.below(wires.count)
            switch dice.below(3) {
            case 0: wires[place].finishSending()
            case 1: wires.remove(at: place).close()
            default: wires.remove(at: place).reset()
            }
        }
        func step() throws {
            switch dice.below(20) {
            case 0..<3: if clients.count < 20 { clients.append(try rig.connect()) }
            case 3..<9:
                if let client = clients.randomElement(using: &dice) {
                    _ = try? client.offer(words(Self.requests))
                }
            case 9..<15:
                while let wire = backend.acceptNow() { upstreams.append(wire) }
                if let wire = upstreams.randomElement(using: &dice) {
                    _ = try? wire.offer(words(Self.responses))
                }
            case 15: part(&clients)
            case 16: part(&upstreams)
            case 17: _ = try clients.randomElement(using: &dice)?.readNow()
            case 18: _ = try upstreams.randomElement(using: &dice)?.readNow()
            default: try rig.adopt(Self.plan(dice.below(100), backend))
            }
        }
        for _ in 0..<4000 {
            // In one turn out of three the proxy sees several events at once.
            if dice.below(3) == 0 {
                var actions = dice.below(6)
                try rig.whileLoopIsHeld {
                    while actions > 0 {
                        actions -= 1
                        // A new snapshot needs the loop's answer, so it cannot come here.
                        let before = dice
                        if dice.below(20) == 19 { continue }
                        dice = before
                        try step()
                    }
                }
            } else {
                try step()
            }
        }
        #expect(try rig.onLoop { $0.activeCount } >= 0)
        for wire in clients + upstreams { wire.close() }
        try rig.settle()

        // And it serves on.
        let client = try rig.connect()
        try rig.adopt(Self.plan(0, backend))
        try client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        let upstream = try rig.accept()
        _ = try upstream.readHead()
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try client.read(count: 2) == "ok")
        try rig.settle()
    }
}
