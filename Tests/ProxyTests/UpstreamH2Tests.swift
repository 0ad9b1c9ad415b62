// HTTP/2 to endpoints: streams instead of connections, and the moments at which streams,
// connections and clients leave one another.
import HTTP
import Mesh
import Net
import PKI
import TLS
import Telemetry
import Testing

@testable import Proxy

@Suite("HTTP/2 to endpoints")
struct UpstreamH2Tests {
    static let get = "GET /p?q HTTP/1.1\r\nHost: a\r\n\r\n"

    private func rig(
        _ speaks: Cluster.UpstreamProtocol = .http2, backends count: Int = 1,
        policy: RoutePolicy = Plan.once, limits: (inout ProxyLimits) -> Void = { _ in }
    ) throws -> Rig {
        let backends = try (0..<count).map { _ in try Backend() }
        var plan = Plan.forwarding(to: backends.map(\.address), route: policy)
        plan.speak(speaks)
        var settings = ProxySettings()
        limits(&settings.limits)
        return try Rig(plan, backends: backends, settings: settings)
    }

    /// A client that sends `request`, and the endpoint with its first stream.
    private func open(
        _ rig: Rig, _ request: String = get
    ) throws -> (client: Wire, endpoint: H2Endpoint, stream: EndpointStream) {
        let client = try rig.connect()
        try client.send(request)
        let endpoint = try H2Endpoint(try rig.accept())
        return (client, endpoint, try endpoint.request())
    }

    // MARK: - Translation

    @Test("an HTTP/1.1 request becomes a stream, without anything that belongs to connections")
    func request() throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(
            rig,
            "GET /p?q HTTP/1.1\r\nHost: a:80\r\nX-Case: V\r\nConnection: x-hop, keep-alive\r\n"
                + "X-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: x\r\n"
                + "Upgrade: h2c\r\nCookie: a=1; b=2\r\n\r\n")
        #expect(
            stream.fields.prefix(4).map(\.name) == [":method", ":scheme", ":authority", ":path"])
        #expect(stream.fields.prefix(4).map(\.value) == ["GET", "http", "a:80", "/p?q"])
        #expect(stream.value("x-case") == "V" && stream.value("cookie") == "a=1; b=2")
        #expect(stream.value("x-forwarded-proto") == "http" && stream.ended)
        for name in ["host", "connection", "keep-alive", "te", "trailer", "upgrade", "x-hop"] {
            #expect(stream.value(name) == nil, "\(name)")
        }
        try endpoint.answer(stream, "x-a: 1\r\ncontent-length: 2\r\n", body: "ok")
        let head = try client.readHead()
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 2\r\n"))
        #expect(!head.contains("transfer-encoding"))
        #expect(try client.read(count: 2) == "ok")
        #expect(try rig.cluster(.upstreamCxHTTP2Total) == 1)
        try rig.settle()
    }

    @Test("bodies and trailers go both ways, whatever their framing")
    func bodies() throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(
            rig, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        #expect(stream.value("transfer-encoding") == nil && stream.value("content-length") == nil)
        try client.send("2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n")
        try endpoint.wait("the end") { stream.ended ? () : nil }
        #expect(stream.text == "abcde")
        #expect(stream.trailers.map(\.name) == ["x-sum"])
        try endpoint.answer(stream, body: "answer", trailers: "x-done: yes\r\n")
        #expect(try client.readHead().contains("\r\ntransfer-encoding: chunked\r\n"))
        #expect(try client.read(to: "\r\n\r\n") == "6\r\nanswer\r\n0\r\nx-done: yes\r\n\r\n")
        // The same connection; a length stays one.
        try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
        let next = try endpoint.request(1)
        try endpoint.wait("the end") { next.ended ? () : nil }
        #expect(next.value("content-length") == "4" && next.text == "body")
        try endpoint.answer(next, status: 204)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 204 No Content\r\n"))
        try rig.settle()
    }

    @Test("an empty answer says so to HTTP/1.1; HEAD, 204 and 304 have no body whatever they say")
    func bodiless() throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(rig)
        try endpoint.answer(stream, status: 200)
        #expect(try client.readHead().contains("\r\ncontent-length: 0\r\n"))
        try client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = try endpoint.request(1)
        try endpoint.headers(head, [(":status", "200"), ("content-length", "99")], ends: true)
        #expect(try client.readHead().contains("\r\ncontent-length: 99\r\n"))
        for (index, status) in ["204", "304"].enumerated() {
            try client.send(Self.get)
            let stream = try endpoint.request(2 + index)
            try endpoint.headers(stream, [(":status", status)], ends: true)
            let head = try client.readHead()
            #expect(head.hasPrefix("HTTP/1.1 \(status) ") && !head.contains("content-length"))
        }
        try rig.settle()
    }

    @Test(
        "1xx is passed on before the answer, in whatever pieces it comes", arguments: [true, false])
    func informational(split: Bool) throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(rig)
        try endpoint.headers(stream, [(":status", "103"), ("link", "</a>")], split: split)
        #expect(try client.readHead() == "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        try endpoint.headers(
            stream, [(":status", "200"), ("content-length", "2")], split: split)
        try endpoint.frame(0, flags: 1, stream: stream.id, Array("ok".utf8), split: split)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try client.read(count: 2) == "ok")
        try rig.settle()
    }

    @Test("between HTTP/2 and HTTP/2: trailers both ways, te, and an answer of trailers alone")
    func bothHTTP2() throws {
        let rig = try rig(.asClient)
        let client = try H2Wire(try rig.connect())
        try client.request(1, method: "POST", ends: false, extra: [("te", "trailers")])
        let endpoint = try H2Endpoint(try rig.accept())
        let stream = try endpoint.request()
        #expect(stream.value("te") == "trailers" && stream.value(":authority") == "a")
        try client.send(H2Wire.Kind.data, stream: 1, Array("x".utf8))
        try client.send(H2Wire.Kind.headers, flags: 5, stream: 1, H2Wire.block([("x-sum", "1")]))
        try endpoint.wait("the end") { stream.ended ? () : nil }
        #expect(stream.text == "x" && stream.trailers.map(\.value) == ["1"])
        try endpoint.headers(stream, [(":status", "200"), ("grpc-status", "5")], ends: true)
        let head = try client.next(H2Wire.Kind.headers)
        #expect(head.stream == 1 && head.ends)
        try rig.settle()
    }

    @Test("useClientProtocol: clients of HTTP/1.1 and of HTTP/2 have connections of their own")
    func asClient() throws {
        let rig = try rig(.asClient)
        let one = try rig.connect()
        try one.send(Self.get)
        let plain = try rig.accept()
        #expect(try plain.readHead().hasPrefix("GET /p?q HTTP/1.1\r\n"))
        let other = try H2Wire(try rig.connect())
        try other.request(1)
        let endpoint = try H2Endpoint(try rig.accept())
        let stream = try endpoint.request()
        try endpoint.answer(stream, body: "two")
        #expect(try other.next(H2Wire.Kind.data).text == "two")
        try plain.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")
        #expect(try one.read(to: "\r\n\r\none") != "")
        try rig.settle()
    }

    // MARK: - Connections

    @Test("requests share a connection up to what the endpoint allows; then there is another")
    func sharing() throws {
        let rig = try rig()
        let client = try rig.connect()
        try client.send(Self.get)
        var limits = H2Limits()
        limits.concurrentStreamsMax = 2
        let endpoint = try H2Endpoint(try rig.accept(), limits: limits)
        try endpoint.answer(try endpoint.request())
        _ = try client.readHead()
        try endpoint.wait("the limit to be known") {
            let isKnown = try rig.onLoop { worker -> Bool in
                guard let endpoint = worker.clusters[0]?.endpoints[0],
                    let connection = endpoint.connectionWithRoom(nil)
                else { return false }
                return connection.streamsAvailable == 2
            }
            return isKnown ? () : nil
        }
        let clients = try (0..<3).map { _ in try rig.connect() }
        for client in clients.prefix(2) { try client.send(Self.get) }
        let two = [try endpoint.request(1), try endpoint.request(2)]
        try clients[2].send(Self.get)
        let other = try H2Endpoint(try rig.accept())
        try other.answer(try other.request(), body: "third")
        #expect(try clients[2].read(to: "third") != "")
        for (stream, client) in zip(two, clients) {
            try endpoint.answer(stream, body: "shared")
            #expect(try client.read(to: "shared") != "")
        }
        #expect(try rig.cluster(.upstreamCxHTTP2Total) == 2)
        try rig.settle()
    }

    @Test("GOAWAY: what it leaves out goes out again, with its body; the rest ends well")
    func goAway() throws {
        let rig = try rig()
        let (client, endpoint, first) = try open(rig)
        let other = try rig.connect()
        try other.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
        let second = try endpoint.request(1)
        try endpoint.wait("the body") { second.ended ? () : nil }
        try endpoint.goAway(last: first.id)
        let fresh = try H2Endpoint(try rig.accept())
        let again = try fresh.request()
        try fresh.wait("the body again") { again.ended ? () : nil }
        #expect(again.text == "body" && again.value("x-envoy-attempt-count") == "2")
        try fresh.answer(again, body: "second")
        #expect(try other.read(to: "second") != "")
        try endpoint.answer(first, body: "first")
        #expect(try client.read(to: "first") != "")
        // The old connection goes with its last stream.
        try Wire.wait(for: "the end of the first") {
            try? endpoint.pump()
            return try rig.cluster(.upstreamCxActive) == 1 ? () : nil
        }
        #expect(try rig.cluster(.upstreamRqRetry) == 1)
        try rig.settle()
    }

    private static let refusedOnce = RoutePolicy(
        retry: RetryPolicy(attempts: 1, conditions: .refusedStream, backoffMs: 1))

    @Test("a refused stream goes out as often as the route says", arguments: [true, false])
    func refused(twice: Bool) throws {
        let rig = try rig(policy: Self.refusedOnce)
        let (client, endpoint, stream) = try open(
            rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
        try endpoint.reset(stream, 7)
        let again = try endpoint.request(1)
        try endpoint.wait("the body again") { again.ended ? () : nil }
        #expect(again.text == "body" && again.value("x-envoy-attempt-count") == "2")
        if twice {
            try endpoint.reset(again, 7)
            #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
            #expect(
                try client.read(to: "remote refused stream reset").hasSuffix(
                    "retried and the latest reset reason: remote refused stream reset"))
        } else {
            try endpoint.answer(again, body: "done")
            #expect(try client.read(to: "done") != "")
        }
        #expect(try rig.cluster(.upstreamRqRetryLimitExceeded) == (twice ? 1 : 0))
        #expect(try rig.cluster(.upstreamRqRetrySuccess) == (twice ? 0 : 1))
        try rig.settle()
    }

    @Test("an answer that is tried again is reset where it never ends", arguments: ["", "a"])
    func endlessRefusal(body: String) throws {
        let policy = RoutePolicy(
            retry: RetryPolicy(attempts: 1, conditions: .serverError, backoffMs: 1))
        let rig = try rig(policy: policy) { $0.lingerMs = 200 }
        let (client, endpoint, stream) = try open(rig)
        try endpoint.headers(stream, [(":status", "503"), ("content-length", "10")])
        if !body.isEmpty { try endpoint.data(stream, body) }
        try endpoint.answer(try endpoint.request(1), body: "ok")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        let code = try endpoint.wait("the reset") { stream.closedCode }
        #expect(code == 8)
        try rig.settle()
    }

    @Test("a long body is not kept: refused, it is 503 UR")
    func refusedLong() throws {
        let rig = try rig(policy: Self.refusedOnce) { $0.replayBytesMax = 19_999 }
        let body = String(repeating: "x", count: 20_000)
        let (client, endpoint, stream) = try open(
            rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + body)
        try endpoint.wait("the body") { stream.ended ? () : nil }
        try endpoint.reset(stream, 7)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(try rig.cluster(.retryOrShadowAbandoned) == 1)
        try rig.settle()
    }

    @Test("a call of gRPC is tried again by the status among its head's fields alone")
    func grpcStatus() throws {
        let rig = try rig(policy: RoutePolicy(retry: RetryPolicy(attempts: 2, backoffMs: 1)))
        let (client, endpoint, first) = try open(
            rig,
            "POST /s/m HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\n"
                + "Content-Length: 5\r\n\r\nhello")
        try endpoint.wait("the message") { first.ended ? () : nil }
        try endpoint.answer(first, "content-type: application/grpc\r\ngrpc-status: 14\r\n")
        let second = try endpoint.request(1)
        try endpoint.wait("the message again") { second.ended ? () : nil }
        #expect(second.text == "hello")
        // An answer with messages has begun, whatever its trailers say.
        try endpoint.answer(
            second, "content-type: application/grpc\r\n", body: "x",
            trailers: "grpc-status: 14\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 "))
        #expect(try rig.cluster(.upstreamRqRetry) == 1)
        #expect(try rig.cluster(.upstreamCxTotal) == 1)
        try rig.settle()
    }

    @Test("a stream that is reset is 503 UR before its head, and a cut answer behind it")
    func reset() throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(rig)
        try endpoint.reset(stream, 2)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(try client.read(to: "remote reset") != "")
        try client.send(Self.get)
        let next = try endpoint.request(1)
        try endpoint.headers(next, [(":status", "200")])
        try endpoint.data(next, "half")
        #expect(try client.read(to: "half") != "")
        try endpoint.reset(next, 2)
        #expect(!(try client.readToEnd().text.contains("0\r\n\r\n")))
        #expect(try rig.cluster(.upstreamRqRxReset) == 2)
        try rig.settle()
    }

    @Test("a client that leaves cancels its stream and no other", arguments: [true, false])
    func cancelled(answerBegan: Bool) throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(rig)
        let other = try rig.connect()
        try other.send(Self.get)
        let second = try endpoint.request(1)
        if answerBegan {
            try endpoint.headers(stream, [(":status", "200")])
            try endpoint.data(stream, "half")
            _ = try client.read(to: "half")
        }
        client.reset()
        try endpoint.wait("the reset") { stream.closedCode != nil ? () : nil }
        #expect(stream.closedCode == 8)
        try endpoint.answer(second, body: "ok")
        #expect(try other.read(to: "ok") != "")
        try rig.settle()
    }

    @Test("a connection that breaks fails what is on it: 503 UC; one that went stale is replaced")
    func broken() throws {
        let rig = try rig()
        let client = try rig.connect()
        try client.send(Self.get)
        let wire = try rig.accept()
        let endpoint = try H2Endpoint(wire)
        _ = try endpoint.request()
        wire.close()
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(try client.read(to: "connection termination") != "")
        // One that has served, and closes as the next request arrives.
        try client.send(Self.get)
        let second = try rig.accept()
        let served = try H2Endpoint(second)
        try served.answer(try served.request(), body: "ok")
        _ = try client.read(to: "ok")
        try client.send(Self.get)
        _ = try served.request(1)
        second.close()
        let third = try H2Endpoint(try rig.accept())
        try third.answer(try third.request(), body: "again")
        #expect(try client.read(to: "again") != "")
        try rig.settle()
    }

    @Test("an answer that is early ends what is left of the request")
    func early() throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(
            rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome")
        try endpoint.answer(stream, status: 413, body: "too much")
        #expect(try client.read(to: "too much").hasPrefix("HTTP/1.1 413 "))
        try endpoint.wait("the reset") { stream.closedCode != nil ? () : nil }
        try rig.settle()
    }

    @Test("what a client sends next is never read as frames of its endpoint")
    func nextRequest() throws {
        let rig = try rig()
        let (first, endpoint, stream) = try open(rig)
        let second = try rig.connect()
        try second.send(Self.get)
        let other = try endpoint.request(1)
        // It waits in the socket, and is read as soon as the first answer is complete.
        try first.send(
            "GET /next HTTP/1.1\r\nHost: a\r\nX-Long: \(String(repeating: "z", count: 20_000))")
        try rig.onLoop { _ in }
        // Both answers in one read, the first client's before the other's.
        try endpoint.answer(stream, body: "first", atOnce: false)
        try endpoint.answer(other, body: String(repeating: "other", count: 1000))
        #expect(try first.read(to: "first").hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try second.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try second.read(to: "\r\n0\r\n\r\n").contains("otherotherother"))
        try first.send("\r\n\r\n")
        #expect(try endpoint.request(2).value(":path") == "/next")
        #expect(try rig.cluster(.upstreamCxProtocolError) == 0)
        try rig.settle()
    }

    // MARK: - Rules

    @Test(
        "answers that break the protocol are 502 UPE, and their connection serves on",
        arguments: [
            [(":status", "200"), ("connection", "close")],
            [(":status", "200"), ("transfer-encoding", "chunked")],
            [(":status", "200"), ("X-Upper", "v")],
            [(":status", "200"), ("x", "a\r\nb: c")],
            [(":status", "200"), ("content-length", "1"), ("content-length", "2")],
            [(":status", "99")], [(":status", "101")], [("x", "no status")],
        ])
    func malformed(fields: [(String, String)]) throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(rig)
        try endpoint.headers(stream, fields, ends: true)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 502 "))
        try endpoint.wait("the reset") { stream.closedCode != nil ? () : nil }
        let next = try rig.connect()
        try next.send(Self.get)
        try endpoint.answer(try endpoint.request(1), body: "ok")
        #expect(try next.read(to: "ok") != "")
        try rig.settle()
    }

    @Test("a body that is not as long as announced never looks whole", arguments: ["x", "xxx"])
    func length(body: String) throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(rig)
        try endpoint.headers(stream, [(":status", "200"), ("content-length", "2")])
        try endpoint.data(stream, body, ends: true)
        let (text, _) = try client.readToEnd()
        #expect(!text.hasSuffix("xx") && !text.hasSuffix("xxx"))
        try rig.settle()
    }

    @Test("an endpoint that answers HTTP/1.1 to HTTP/2 is 502, once, and nothing stays")
    func notHTTP2() throws {
        let rig = try rig()
        let client = try rig.connect()
        try client.send(Self.get)
        let wire = try rig.accept()
        // The request has left with the preface.
        _ = try wire.read(to: "SM\r\n\r\n")
        try wire.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 502 "))
        try rig.settle()
    }

    // MARK: - Flow control

    @Test("a client that reads slowly stops the endpoint, and nobody else's stream")
    func slowClient() throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(rig)
        var none = Buffer()
        endpoint.session.submitResponse(stream, status: 200, lines: &none, ends: false)
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        for _ in 0..<64 { block.withView { endpoint.session.send($0, on: stream) } }
        // Whatever the buffers of the kernel take, there is an end to it.
        var before = -1
        var still = 0
        try Wire.wait(for: "the stream to stop", patienceMs: 30_000) {
            try endpoint.pump()
            still = stream.unsentBytes == before ? still + 1 : 0
            before = stream.unsentBytes
            return still > 100 ? () : nil
        }
        #expect(stream.unsentBytes > 32 << 20)
        let other = try rig.connect()
        try other.send(Self.get)
        try endpoint.answer(try endpoint.request(1), body: "meanwhile")
        #expect(try other.read(to: "meanwhile") != "")
        client.reset()
        try rig.settle()
    }

    @Test("an endpoint that takes no body stops the client")
    func slowEndpoint() throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(
            rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 67108864\r\n\r\n")
        stream.takesBody = false
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        var sent = 0
        var idle = 0
        try Wire.wait(for: "the client to be stopped", patienceMs: 30_000) {
            let now = try client.offer(block)
            sent += now
            try endpoint.pump()
            idle = now == 0 ? idle + 1 : 0
            return idle > 100 ? () : nil
        }
        #expect(sent < 48 << 20)
        try endpoint.answer(stream, status: 413)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 413 "))
        try rig.settle()
    }

    @Test("windows opened a little at a time for a long body are no flood")
    func manyWindowUpdates() throws {
        let rig = try rig()
        let (client, endpoint, stream) = try open(
            rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n")
        let block = [UInt8](repeating: 0x61, count: 8000)
        for _ in 0..<1000 {
            try client.send(block)
            try endpoint.pump()
            // One more byte, many times over.
            for _ in 0..<3 {
                try endpoint.frame(8, stream: stream.id, [0, 0, 0, 1])
            }
        }
        try endpoint.wait("the end") { stream.ended ? () : nil }
        #expect(stream.body.count == 8_000_000)
        try endpoint.answer(stream, body: "ok")
        #expect(try client.read(to: "ok") != "")
        try rig.settle()
    }

    // MARK: - TLS

    @Test("over TLS by ALPN: h2 outside, istio-h2 in the mesh", arguments: [false, true])
    func secured(isMesh: Bool) throws {
        let authority = try TestAuthority()
        let tls = UpstreamTLS(
            isMeshMutual: isMesh, serverName: "a.test", trust: .file("ca"), origin: Plan.origin)
        let backend = try Backend()
        var plan = Plan.forwarding(to: [backend.address])
        plan.speak(.http2)
        plan.secure(tls)
        let rig = try Rig(plan, backends: [backend])
        try rig.trust(tls, authority.client())
        let client = try rig.connect()
        try client.send(Self.get)
        let wanted = isMesh ? "istio-h2" : "h2"
        let wire = try EndpointWire(
            try rig.accept(),
            try authority.server([.dns("a.test")], protocols: ["istio-h2", "h2", "http/1.1"]))
        #expect(wire.stream.applicationProtocol == wanted)
        let endpoint = try H2Endpoint(wire)
        let stream = try endpoint.request()
        #expect(stream.value(":scheme") == "https")
        try endpoint.answer(stream, body: "secret")
        #expect(try client.read(to: "secret") != "")
        // New credentials: the connection takes no more requests.
        try rig.trust(tls, TestAuthority().client())
        try Wire.wait(for: "the end") { try rig.cluster(.upstreamCxActive) == 0 ? () : nil }
        try rig.settle()
    }
}
