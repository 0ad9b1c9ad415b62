// Access-log lines: Istio's formats, what is absent, and what clients cannot do to a log.
import Foundation
import Testing

@testable import Telemetry

@Suite("Access log")
struct AccessLogTests {
    private func line(_ format: AccessLogFormat, _ record: ExchangeRecord) -> String {
        var renderer = AccessLogRenderer(format: format)
        var bytes: [UInt8] = []
        renderer.append(to: &bytes, from: record)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func json(_ format: AccessLogFormat, _ record: ExchangeRecord) throws -> [String: Any] {
        let text = line(format, record)
        #expect(text.hasSuffix("}\n"))
        #expect(text.dropLast().allSatisfy { $0 != "\n" })
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
        return try #require(object as? [String: Any])
    }

    @Test("Istio's default line is Istio's, to the letter")
    func istioDefault() {
        #expect(
            line(.istioDefault, .closedByUpstream)
                == #"[2023-07-05T10:00:00.123Z] "GET /v1/status HTTP/1.1" 503 UC "#
                + "upstream_reset_before_response_started{connection_termination} - "
                + #""-" 0 95 0 - "10.90.16.220" "curl/8" "3a7c" "health.abc.com" "#
                + #""10.80.47.192:8181" outbound|80||health-api.production.svc.cluster.local "#
                + "10.80.45.233:37132 10.80.45.233:80 10.80.46.220:59375 - -\n")
    }

    @Test("a TCP line has dashes where HTTP would be")
    func tcpLine() {
        var record = ExchangeRecord()
        record.responseFlags = .upstreamOverflow
        record.numbers = [.responseCode: 0]
        #expect(
            line(.istioDefault, record).hasPrefix(
                #"[2023-07-05T10:00:00.123Z] "- - -" 0 UO - - "-" - - - - "-" "-""#))
    }

    @Test("Istio's JSON has Istio's keys, numbers as numbers and null for what is absent")
    func istioJSON() throws {
        let object = try json(.istioJSON, .closedByUpstream)
        #expect(object.count == 24)
        #expect(object["response_code"] as? Int == 503)
        #expect(object["bytes_sent"] as? Int == 95)
        #expect(object["start_time"] as? String == "2023-07-05T10:00:00.123Z")
        #expect(object["response_flags"] as? String == "UC")
        #expect(object["upstream_service_time"] is NSNull)
        #expect(object["route_name"] is NSNull)
        #expect(object["authority"] as? String == "health.abc.com")
        #expect(line(.istioJSON, .closedByUpstream).contains(#""response_code":503,"#))
        let empty = try json(.istioJSON, ExchangeRecord())
        #expect(empty["response_code"] is NSNull)
        #expect(empty["response_flags"] as? String == "-")
    }

    @Test("a JSON member of several parts is a string with dashes for what is absent")
    func mixedJSON() throws {
        let format = try AccessLogFormat(json: [
            ("what", "%REQ(:METHOD)% %RESPONSE_CODE% %ROUTE_NAME%"), ("fixed \"key\"", "50%%"),
        ])
        let object = try json(format, .closedByUpstream)
        #expect(object["what"] as? String == "GET 503 -")
        #expect(object["fixed \"key\""] as? String == "50%")
    }

    @Test("a line feed in a header cannot begin a line of the log")
    func forgedLine() throws {
        var record = ExchangeRecord.closedByUpstream
        let sent = "x\"\r\n[2024] \"GET /admin\" \\ \u{1B}[2J"
        record.requestHeaders["user-agent"] = Array(sent.utf8)
        let text = line(.istioDefault, record)
        #expect(text.filter { $0 == "\n" }.count == 1)
        #expect(
            text.contains(#""x\x22\x0d\x0a[2024] \x22GET /admin\x22 \x5c \x1b[2J""#))
        let object = try json(.istioJSON, record)
        #expect(object["user_agent"] as? String == sent)
    }

    @Test("every single byte in a value leaves text printable and JSON valid")
    func everyByte() throws {
        for byte in UInt8.min...UInt8.max {
            var record = ExchangeRecord.closedByUpstream
            record.requestHeaders["user-agent"] = [0x61, byte, 0x62]
            let text = line(.istioDefault, record)
            #expect(text.utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "byte \(byte)")
            let object = try json(.istioJSON, record)
            let agent = try #require(object["user_agent"] as? String)
            #expect(agent.hasPrefix("a") && agent.hasSuffix("b"), "byte \(byte)")
            if byte < 0x80 { #expect(Array(agent.utf8) == [0x61, byte, 0x62]) }
        }
    }

    @Test("UTF-8 stays as it is in JSON, C1 controls are escaped")
    func jsonUTF8() {
        var record = ExchangeRecord()
        record.requestHeaders["user-agent"] = Array("héllo 🚀 \u{9B}".utf8)
        #expect(line(.istioJSON, record).contains(#""user_agent":"héllo 🚀 \u009b""#))
    }

    @Test("the second name is asked only where the first is absent")
    func alternative() throws {
        let format = try AccessLogFormat("%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %RESP(A?B)%")
        var record = ExchangeRecord.closedByUpstream
        record.responseHeaders["b"] = "second"
        #expect(line(format, record) == "/v1/status second")
        record.requestHeaders["x-envoy-original-path"] = Array("/before".utf8)
        record.responseHeaders["a"] = "first"
        #expect(line(format, record) == "/before first")
    }

    @Test("a value that is there but empty is a dash in text and an empty string in JSON")
    func emptyValue() throws {
        var record = ExchangeRecord()
        record.requestHeaders["user-agent"] = []
        #expect(line(try AccessLogFormat("%REQ(USER-AGENT)%"), record) == "-")
        #expect(line(.istioJSON, record).contains(#""user_agent":"","#))
    }

    @Test("a length cuts the value, also in the middle of a character")
    func length() throws {
        var record = ExchangeRecord()
        record.requestHeaders["user-agent"] = Array("abcé".utf8)
        #expect(line(try AccessLogFormat("%REQ(USER-AGENT):2%|"), record) == "ab|")
        #expect(line(try AccessLogFormat("%REQ(USER-AGENT):4%|"), record) == #"abc\xc3|"#)
        let format = try AccessLogFormat(json: [("a", "%REQ(USER-AGENT):4%")])
        #expect(try json(format, record)["a"] as? String == "abc\u{FFFD}")
    }

    @Test("every operator of the table can be parsed and prints its value")
    func everyOperator() throws {
        for text in AccessLogText.allCases {
            var record = ExchangeRecord()
            record.texts[text] = "value"
            #expect(line(try AccessLogFormat("<%\(text.rawValue)%>"), record) == "<value>")
            #expect(line(try AccessLogFormat("<%\(text.rawValue)%>"), ExchangeRecord()) == "<->")
        }
        for number in AccessLogNumber.allCases {
            var record = ExchangeRecord()
            record.numbers[number] = .max
            let format = try AccessLogFormat("<%\(number.rawValue)%>")
            #expect(line(format, record) == "<18446744073709551615>")
            #expect(line(format, ExchangeRecord()) == "<->")
        }
        var record = ExchangeRecord()
        record.responseTrailers["grpc-status"] = "0"
        record.responseFlags = .noRouteFound
        let format = try AccessLogFormat("%TRAILER(GRPC-STATUS)% %RESPONSE_FLAGS_LONG%")
        #expect(line(format, record) == "0 NoRouteFound")
    }

    @Test("lines of different seconds written by one renderer have their own times")
    func clockMoves() {
        var renderer = AccessLogRenderer(format: .istioDefault)
        var bytes: [UInt8] = []
        var record = ExchangeRecord()
        let moments: [(Int64, UInt32, String)] = [
            (1_688_551_200, 999_999_999, "[2023-07-05T10:00:00.999Z]"),
            (1_688_551_200, 5_000_000, "[2023-07-05T10:00:00.005Z]"),
            (1_688_551_201, 0, "[2023-07-05T10:00:01.000Z]"),
            (1_688_551_199, 0, "[2023-07-05T09:59:59.000Z]"),
        ]
        for (seconds, nanoseconds, wanted) in moments {
            bytes.removeAll()
            record.startTime = (seconds, nanoseconds)
            renderer.append(to: &bytes, from: record)
            #expect(String(decoding: bytes, as: UTF8.self).hasPrefix(wanted))
        }
    }

    @Test("lines are appended behind what is there")
    func appends() {
        var renderer = AccessLogRenderer(format: .istioDefault)
        var bytes = Array("before\n".utf8)
        renderer.append(to: &bytes, from: ExchangeRecord.closedByUpstream)
        renderer.append(to: &bytes, from: ExchangeRecord.closedByUpstream)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0] == "before" && lines[1] == lines[2])
    }
}
