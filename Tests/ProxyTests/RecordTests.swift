// What is told of requests: Istio's metrics, Envoy's counters, and the access log's lines.
import Foundation
import Mesh
import Net
import Telemetry
import Testing
import _StringProcessing

@testable import Proxy

@Suite("records")
struct RecordTests {
    static let get = "GET /p?q=1 HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test/1\r\n\r\n"

    @Test("a request counts once, with its status, its bytes and its flags")
    func series() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        _ = try upstream.read(count: 5)
        try upstream.send("HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nyes")
        _ = try client.readHead()
        _ = try client.read(count: 3)
        let sample = try rig.sample
        let (labels, values) = try #require(sample.requests.first)
        #expect(sample.requests.count == 1)
        #expect(labels.responseCode == 201)
        #expect(labels.requestProtocol == "http")
        #expect(labels.destinationService == "a")
        #expect(labels.responseFlags == [])
        #expect(values.durationMs.count == 1)
        #expect(values.requestBytes.sum == 5)
        #expect(values.responseBytes.sum == 3)
        #expect(try rig.http(.downstreamRqTotal) == 1)
        #expect(try rig.http(.downstreamRq2xx) == 1)
        #expect(try rig.http(.downstreamRqActive) == 0)
        #expect(try rig.cluster(.upstreamRqTotal) == 1)
        #expect(try rig.cluster(.upstreamRqCompleted) == 1)
        #expect(try rig.cluster(.upstreamRq2xx) == 1)
        try rig.settle()
    }

    @Test(
        "failures are told by status and flag",
        arguments: [
            ("HTTP/1.1 nonsense\r\n\r\n", 502, ResponseFlags.upstreamProtocolError),
            ("", 503, .upstreamConnectionTermination),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 200,
                .upstreamConnectionTermination
            ),
        ] as [(String, UInt16, ResponseFlags)])
    func failures(response: String, status: UInt16, flags: ResponseFlags) throws {
        let (rig, _) = try Rig.forwarding()
        let (client, upstream, _) = try rig.open(Self.get)
        if !response.isEmpty {
            try upstream.send(response)
            _ = try client.readHead()
        }
        upstream.close()
        try Wire.wait(for: "the record") { try rig.sample.requests.isEmpty ? nil : () }
        let labels = try #require(try rig.sample.requests.keys.first)
        #expect(labels.responseCode == status)
        #expect(labels.responseFlags == flags)
        try rig.settle()
    }

    @Test("a client that leaves before an answer is recorded as 0 DC")
    func clientLeft() throws {
        let (rig, _) = try Rig.forwarding()
        let (client, _, _) = try rig.open(Self.get)
        client.reset()
        try Wire.wait(for: "the record") { try rig.sample.requests.isEmpty ? nil : () }
        let labels = try #require(try rig.sample.requests.keys.first)
        #expect(labels.responseCode == 0)
        #expect(labels.responseFlags == .downstreamConnectionTermination)
        try rig.settle()
    }

    /// The lines of Istio's default format that `body` brings about.
    private func lines(_ count: Int, _ body: (Rig) throws -> Void) throws -> [String] {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "isthmus-log-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let descriptor = try File.openForAppending(path)
        defer { Socket.close(descriptor) }
        var settings = ProxySettings()
        settings.accessLog = AccessLogSettings(descriptor: descriptor, format: .istioDefault)
        let backend = try Backend()
        let rig = try Rig(
            .forwarding(to: [backend.address]), backends: [backend], settings: settings)
        try body(rig)
        try rig.settle()
        return try Wire.wait(for: "\(count) lines") {
            let text = String(decoding: try File.read(path), as: UTF8.self)
            let lines = text.split(separator: "\n").map(String.init)
            return lines.count >= count ? lines : nil
        }
    }

    @Test("a served request's line has every part of Istio's default format")
    func servedLine() throws {
        var port: UInt16 = 0
        let lines = try lines(1) { rig in
            port = rig.backends[0].address.port
            let (client, upstream, _) = try rig.open(Self.get)
            try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            _ = try client.readHead()
            _ = try client.read(count: 2)
        }
        let line = try #require(lines.first)
        let pattern = try _StringProcessing.Regex(
            #"^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "GET /p\?q=1 HTTP/1\.1" 200 - "#
                + #"via_upstream - "-" 0 2 \d+ \d+ "127\.0\.0\.1" "test/1" "[0-9a-f-]{36}" "#
                + #""a\.example" "127\.0\.0\.1:\#(port)" outbound\|80\|\|a 127\.0\.0\.1:\d+ "#
                + #"127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ - default$"#)
        #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
    }

    @Test(
        "requests refused at any point have a line that says why",
        arguments: [
            ("nonsense\r\n\r\n", "400", "DPE", "http1.codec_error{method}"),
            (
                "GET /x HTTP/1.1\r\nHost: a\r\nContent-Type: b\r\nBad Name: c\r\n\r\n", "400",
                "DPE",
                "http1.codec_error{field_name}"
            ),
            ("GET /x HTTP/1.1\r\n\r\n", "400", "-", "missing_host_header"),
            ("GET /x HTTP/1.0\r\n\r\n", "426", "-", "low_version"),
            (
                "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "400", "DPE",
                "http1.content_length_and_chunked_not_allowed"
            ),
        ])
    func refusedLines(request: String, status: String, flag: String, details: String) throws {
        let lines = try lines(1) { rig in
            let client = try rig.connect()
            try client.send(request)
            _ = try client.readToEnd()
        }
        let line = try #require(lines.first)
        #expect(line.contains(" \(status) \(flag) \(details) - "), "\(line)")
        #expect(line.contains("\"GET /x HTTP/1.") == request.hasPrefix("GET"), "\(line)")
    }

    @Test("a tunnel has one line, when it ends, with its bytes both ways")
    func tunnelLine() throws {
        let lines = try lines(1) { rig in
            let (client, upstream, _) = try rig.open(TunnelTests.upgrade)
            try upstream.send(TunnelTests.accepted)
            _ = try client.readHead()
            try client.send("four")
            _ = try upstream.read(count: 4)
            try upstream.send("sixsix")
            _ = try client.read(count: 6)
        }
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        #expect(line.contains("\"GET /chat HTTP/1.1\" 101 - via_upstream - \"-\" 4 6 "), "\(line)")
    }

    /// Weak references, looked at on the loop's thread alone.
    private final class Witnesses: @unchecked Sendable {
        struct Witness { weak var object: AnyObject? }
        var all: [Witness] = []
        var alive: Int { all.count { $0.object != nil } }
    }

    @Test("connections and tunnels die when they end: nothing holds a circle of them")
    func objectsDie() throws {
        let (rig, _) = try Rig.forwarding()
        let witnesses = Witnesses()
        func witness() throws {
            try rig.onLoop { worker in
                worker.loop.forEachWatched { pollable in
                    if pollable is ClientConnection || pollable is UpstreamConnection
                        || pollable is TunnelEnd
                    {
                        witnesses.all.append(Witnesses.Witness(object: pollable))
                    }
                }
            }
        }
        let (client, upstream, _) = try rig.open(Self.get)
        try witness()
        try upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        _ = try client.readHead()
        let (other, otherUp, _) = try {
            let wire = try rig.connect()
            try wire.send(TunnelTests.upgrade)
            return (wire, upstream, try upstream.readHead())
        }()
        try otherUp.send(TunnelTests.accepted)
        _ = try other.readHead()
        try witness()
        let (refused, broken, _) = try rig.open(Self.get)
        try witness()
        try broken.send("nonsense\r\n\r\n")
        _ = try refused.readHead()
        #expect(try rig.onLoop { _ in witnesses.alive } >= 4)
        try rig.settle()
        try Wire.wait(for: "the last reference") {
            try rig.onLoop { _ in witnesses.alive } == 0 ? () : nil
        }
    }
}
