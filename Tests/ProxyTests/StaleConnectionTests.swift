// Connections that were closed while they idled: met by the request that comes next, and by nobody
// else.
import Mesh
import Net
import Telemetry
import Testing

@Suite("stale connections")
struct StaleConnectionTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// A client whose endpoint's connection idles in the pool.
    private func pooled() throws -> (Rig, client: Wire, upstream: Wire) {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(Self.ok)
        _ = try client.readHead()
        _ = try client.read(count: 2)
        return (rig, client, upstream)
    }

    @Test(
        "a request that may be sent again goes out once more on a fresh connection",
        arguments: [
            "GET", "HEAD", "OPTIONS", "DELETE", "PUT",
        ])
    func replayed(method: String) throws {
        let (rig, client, upstream) = try pooled()
        try client.send("\(method) /again HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try upstream.readHead().hasPrefix("\(method) /again "))
        upstream.close()
        let fresh = try rig.accept()
        let head = try fresh.readHead()
        #expect(head.hasPrefix("\(method) /again HTTP/1.1\r\nHost: a\r\n"))
        #expect(head.components(of: "x-request-id").count == 1)
        #expect(head.components(of: "x-envoy-attempt-count") == ["x-envoy-attempt-count: 2"])
        try fresh.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try rig.cluster(.upstreamRqRetry) == 1)
        try rig.settle()
    }

    @Test("an endpoint that left meanwhile is not asked again: its successor is")
    func successor() throws {
        let old = try Backend()
        let new = try Backend()
        let rig = try Rig(.forwarding(to: [old.address]), backends: [old, new])
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(Self.ok)
        _ = try client.readHead()
        _ = try client.read(count: 2)
        try client.send(Self.get)
        _ = try upstream.readHead()
        try rig.adopt(.forwarding(to: [new.address]))
        upstream.close()
        let fresh = try rig.accept(new)
        _ = try fresh.readHead()
        try fresh.send(Self.ok)
        #expect(try client.readHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(old.acceptNow() == nil)
        try rig.settle()
    }

    @Test(
        "a request that may not be sent again is 503 UC",
        arguments: [
            "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
            "PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
        ])
    func notReplayed(request: String) throws {
        let (rig, client, upstream) = try pooled()
        try client.send(request)
        _ = try upstream.readHead()
        upstream.reset()
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(try client.read(to: "connection termination").hasPrefix("upstream connect error"))
        #expect(rig.backends[0].acceptNow() == nil)
        try rig.settle()
    }

    @Test("a connection that never served is no stale one: 503 UC, once")
    func firstUse() throws {
        let (rig, backend) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        upstream.close()
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(try client.read(to: "connection termination") != "")
        #expect(backend.acceptNow() == nil)
        try rig.settle()
    }

    @Test("a second connection that closes is not followed by a third")
    func onlyOnce() throws {
        let (rig, client, upstream) = try pooled()
        try client.send(Self.get)
        _ = try upstream.readHead()
        upstream.close()
        let fresh = try rig.accept()
        _ = try fresh.readHead()
        fresh.close()
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(rig.backends[0].acceptNow() == nil)
        try rig.settle()
    }

    @Test("once a byte of the response was there, nothing is sent again")
    func partOfTheHead() throws {
        let (rig, client, upstream) = try pooled()
        try client.send(Self.get)
        _ = try upstream.readHead()
        try upstream.send("HTTP/1.1 2")
        upstream.close()
        #expect(try client.readHead().hasPrefix("HTTP/1.1 503 "))
        #expect(rig.backends[0].acceptNow() == nil)
        try rig.settle()
    }

    @Test("an endpoint that closes an idle connection is not asked on it again")
    func closedWhileIdle() throws {
        let (rig, client, upstream) = try pooled()
        upstream.close()
        try Wire.wait(for: "the pool to notice") {
            try rig.cluster(.upstreamCxActive) == 0 ? () : nil
        }
        try client.send("POST / HTTP/1.1\r\nHost: a\r\n\r\n")
        let fresh = try rig.accept()
        #expect(try fresh.readHead().hasPrefix("POST / "))
        #expect(try rig.cluster(.upstreamRqRetry) == 0)
        try rig.settle()
    }

    @Test(
        "a connection the endpoint wants closed is not kept",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ])
    func wantsClose(response: String) throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        try upstream.send(response)
        #expect(!(try client.readHead()).contains("close"))
        #expect(try upstream.readToEnd().end == .finished)
        try client.send(Self.get)
        _ = try rig.accept().readHead()
        try rig.settle()
    }

    @Test("refused, silent and unreachable endpoints are 503 UF", arguments: [true, false])
    func unreachable(isSilent: Bool) throws {
        let backend = try Backend()
        if isSilent { try backend.fallSilent() }
        let port = isSilent ? backend.address.port : try refusedPort()
        let address = try #require(SocketAddress(host: "127.0.0.1", port: port))
        let rig = try Rig(.forwarding(to: [address], connectTimeoutMs: 100))
        let client = try rig.connect()
        for _ in 0..<2 {
            try client.send(Self.get)
            #expect(try client.readHead().hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            let reason = isSilent ? "connection timeout" : "Connection refused"
            #expect(try client.read(to: reason).contains("reset reason: "))
        }
        #expect(try rig.cluster(.upstreamCxConnectFail) == 2)
        #expect(try rig.cluster(.upstreamCxConnectTimeout) == (isSilent ? 2 : 0))
        try rig.settle()
    }
}

extension String {
    /// Lines of a head whose name is `name`.
    func components(of name: String) -> [Substring] {
        split(separator: "\r\n").filter { $0.lowercased().hasPrefix(name + ":") }
    }
}
