// httpbin and tcp-echo as the tutorials use them: late answers, chosen statuses, echoes, and a log
// of what arrived.
import Bookinfo
import Foundation
import HTTP
import Net
import Testing

@Suite("The samples' services", .serialized)
struct SamplesTests {
    /// One workload on a free port.
    private final class Running {
        let samples = Samples()
        let address: SocketAddress
        private let visitor: Visitor

        init(_ workload: SampleWorkload) throws {
            visitor = try Visitor()
            let bound = try samples.start([workload: workload.address(port: 0)])
            address = try #require(bound[workload])
        }

        deinit { samples.stop() }

        func get(_ target: String, fields: [HTTPField] = []) throws -> ClientResponse {
            try visitor.visit("GET", target, at: address, fields: fields)
        }

        func send(_ method: String, _ target: String, body: String = "") throws -> ClientResponse {
            try visitor.visit(method, target, at: address, body: body)
        }

        func log() throws -> [String] {
            try get("/log").text.split(separator: "\n").map(String.init)
        }
    }

    @Test("every workload has a name and a loopback address")
    func places() {
        #expect(
            SampleWorkload.allCases.map { "\($0.name) \($0.address(port: 1).host)" } == [
                "httpbin-v1 127.0.0.31", "httpbin-v2 127.0.0.32", "tcp-echo-v1 127.0.0.33",
                "tcp-echo-v2 127.0.0.34", "details-v2 127.0.1.18", "outside-v1 127.0.1.41",
            ])
    }

    @Test("an address in use is told with the workload")
    func occupied() throws {
        let first = try Running(.httpbinV1)
        #expect {
            try Samples().start([.httpbinV2: first.address])
        } throws: { "\($0)".contains("httpbin-v2 could not listen on \(first.address)") }
    }

    @Test("httpbin says what a request looked like")
    func echo() throws {
        let httpbin = try Running(.httpbinV1)
        let got = try httpbin.get("/get?a=1&b=x%20y", fields: [HTTPField("X-One", "1")]).object()
        #expect(got["args"] as? [String: String] == ["a": "1", "b": "x y"])
        #expect((got["headers"] as? [String: String])?["x-one"] == "1")
        #expect(got["url"] as? String == "http://test/get?a=1&b=x%20y")
        #expect(got["origin"] as? String == "127.0.0.1")
        let posted = try httpbin.send("POST", "/post", body: "hello").object()
        #expect(posted["data"] as? String == "hello")
        #expect(posted["method"] as? String == "POST")
        #expect(try httpbin.get("/post").status == 405)
        #expect(try httpbin.send("DELETE", "/anything").object()["method"] as? String == "DELETE")
        #expect(try httpbin.get("/headers").object()["headers"] != nil)
        #expect(try httpbin.get("/bytes/700").body.count == 700)
        #expect(try httpbin.get("/hostname").object()["hostname"] as? String == "httpbin-v1")
    }

    @Test(
        "statuses are those that were asked for, and nothing else is taken for one",
        arguments: [
            ("/status/503", 503), ("/status/200", 200), ("/status/418,418", 418),
            ("/status/99", 400), ("/status/x", 400), ("/status", 400), ("/status/600", 400),
            ("/bytes/-1", 400), ("/delay/-1", 400), ("/delay/x", 400), ("/other", 404), ("/", 404),
            ("/get/more", 404),
        ] as [(String, UInt16)])
    func statuses(_ target: String, _ status: UInt16) throws {
        #expect(try Running(.httpbinV1).get(target).status == status)
    }

    @Test("a delay is kept, and others are served meanwhile")
    func delay() throws {
        let httpbin = try Running(.httpbinV2)
        let clock = ContinuousClock()
        let visitor = try Visitor()
        let begun = clock.now
        let late = visitor.begin("GET", "/delay/0.3", at: httpbin.address)
        #expect(try httpbin.get("/hostname").object()["hostname"] as? String == "httpbin-v2")
        let meanwhile = clock.now
        #expect(try late().status == 200)
        #expect(clock.now - begun >= .milliseconds(300))
        #expect(meanwhile - begun < clock.now - begun)
        #expect(
            try httpbin.log() == [
                "GET /hostname HTTP/1.1 200 test", "GET /delay/0.3 HTTP/1.1 200 test",
            ])
    }

    @Test("the log tells method, target, status and Host, and keeps the last thousand")
    func log() throws {
        let httpbin = try Running(.httpbinV1)
        #expect(try httpbin.log() == [])
        _ = try httpbin.send("PUT", "/put?a=b")
        _ = try httpbin.get("/status/503")
        #expect(
            try httpbin.log() == [
                "PUT /put?a=b HTTP/1.1 200 test", "GET /status/503 HTTP/1.1 503 test",
            ])
        for number in 1...1000 { _ = try httpbin.get("/get?\(number)") }
        let lines = try httpbin.log()
        #expect(lines.count == 1000)
        #expect(lines.first == "GET /get?1 HTTP/1.1 200 test")
        #expect(lines.last == "GET /get?1000 HTTP/1.1 200 test")
    }

    @Test("tcp-echo sends each line back with the version before it")
    func tcpEcho() throws {
        for (workload, prefix) in [(SampleWorkload.tcpEchoV1, "one"), (.tcpEchoV2, "two")] {
            let echo = try Running(workload)
            let client = try LineClient(echo.address)
            try client.send("hello\n")
            #expect(try client.read(untilCount: 10) == "\(prefix) hello\n")
            try client.send("a\n\nhalf")
            #expect(try client.read(untilCount: 11) == "\(prefix) a\n\(prefix) \n")
            try client.send(" of it\n")
            client.finish()
            #expect(try client.readToEnd() == "\(prefix) half of it\n")
        }
    }

    @Test("a line without end ends the connection, and others go on")
    func endless() throws {
        let echo = try Running(.tcpEchoV1)
        let greedy = try LineClient(echo.address)
        // The server may close while we still send.
        try? greedy.send(String(repeating: "x", count: 300_000))
        #expect((try? greedy.readToEnd()) ?? "" == "")
        let other = try LineClient(echo.address)
        try other.send("hello\n")
        #expect(try other.read(untilCount: 10) == "one hello\n")
    }
}
