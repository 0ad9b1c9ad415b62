// Parsing Envoy's format strings: what is refused, and at which column.
import Foundation
import Testing

@testable import Telemetry

@Suite("Access-log formats")
struct AccessLogFormatTests {
    private func error(_ format: String) -> AccessLogFormatError? {
        do {
            _ = try AccessLogFormat(format)
            return nil
        } catch {
            return error
        }
    }

    @Test("Istio's own formats parse")
    func istio() throws {
        #expect(try AccessLogFormat(AccessLogFormat.istioDefaultText) == .istioDefault)
        #expect(
            try AccessLogFormat(json: AccessLogFormat.istioJSONMembers) == .istioJSON)
        guard case .text(let parts) = AccessLogFormat.istioDefault.shape else {
            Issue.record("the default format is text")
            return
        }
        #expect(parts.filter { if case .field = $0.content { true } else { false } }.count == 24)
    }

    @Test("an unknown operator is refused with its column")
    func unknown() {
        #expect(
            error("abc %NO_SUCH%")
                == AccessLogFormatError(reason: .unknownOperator("NO_SUCH"), offset: 4))
        #expect(error("abc %NO_SUCH%")?.description.contains("column 5") == true)
        #expect(error("%req(x)%")?.reason == .unknownOperator("req"))
        #expect(error("100% sure%")?.reason == .unknownOperator(" sure"))
    }

    @Test("an operator without an end is refused")
    func unclosed() {
        #expect(error("a %DURATION")?.reason == .unclosedOperator)
        #expect(error("%")?.reason == .unclosedOperator)
        #expect(error("%REQ(X%")?.reason == .unclosedOperator)
        #expect(error("%REQ(X)")?.reason == .unclosedOperator)
        #expect(error("%REQ(X)Y%")?.reason == .unclosedOperator)
    }

    @Test("arguments are asked for and refused where they make no sense")
    func arguments() {
        #expect(error("%REQ%")?.reason == .missingArgument("REQ"))
        #expect(error("%DURATION(x)%")?.reason == .unexpectedArgument("DURATION"))
        #expect(error("%REQ()%")?.reason == .badHeaderName(""))
        #expect(error("%REQ(A?)%")?.reason == .badHeaderName(""))
        #expect(error("%REQ(A?B?C)%")?.reason == .badHeaderName("A?B?C"))
        #expect(error("%REQ(a b)%")?.reason == .badHeaderName("a b"))
    }

    @Test("a length is a number from 1")
    func lengths() {
        #expect(error("%REQ(X):0%")?.reason == .badLength("0"))
        #expect(error("%REQ(X):-3%")?.reason == .badLength("-3"))
        #expect(error("%REQ(X):a%")?.reason == .badLength("a"))
        #expect(error("%REQ(X):%")?.reason == .badLength(""))
        #expect(error("%REQ(X):999999999999999999999%")?.reason != nil)
        #expect(error("%REQ(X):10%") == nil)
    }

    @Test("a format longer than the limit is refused")
    func tooLong() {
        let limit = TelemetryLimits.accessLogFormatBytesMax
        #expect(error(String(repeating: "x", count: limit)) == nil)
        #expect(error(String(repeating: "x", count: limit + 1))?.reason == .tooLong)
    }

    @Test("a percent sign is written twice")
    func percent() throws {
        var renderer = AccessLogRenderer(format: try AccessLogFormat("100%% %%DURATION%%"))
        var bytes: [UInt8] = []
        renderer.append(to: &bytes, from: ExchangeRecord())
        #expect(String(decoding: bytes, as: UTF8.self) == "100% %DURATION%")
    }

    @Test("an unknown conversion of a time is refused")
    func timeConversions() {
        #expect(error("%START_TIME(%Q)%")?.reason == .badTimeConversion("%Q"))
        #expect(error("%START_TIME(%)%")?.reason == .badTimeConversion("%"))
        #expect(error("%START_TIME(%0f)%")?.reason == .badTimeConversion("%0f"))
        #expect(error("%START_TIME(%E0S)%")?.reason == .badTimeConversion("%E0S"))
    }
}

@Suite("Times in the access log")
struct TimeFormatTests {
    private func print(_ format: String, _ seconds: Int64, _ nanoseconds: UInt32 = 0) throws
        -> String
    {
        var bytes: [UInt8] = []
        try TimeFormat(parsing: format)
            .append(seconds: seconds, nanoseconds: nanoseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Envoy's documented example comes out as documented")
    func documented() throws {
        let printed = try print("%Y/%m/%dT%H:%M:%S%z %s", 1_522_280_158)
        #expect(printed == "2018/03/28T23:35:58+0000 1522280158")
        #expect(try print("%s.%3f %f", 1_522_280_158, 7_089_000) == "1522280158.007 007089000")
        #expect(try print("%E3S %6f %1f", 5, 987_654_321) == "05.987 987654 9")
    }

    @Test("every conversion prints what strftime would")
    func conversions() throws {
        // date -u -d @1583020799; the last second of a leap day
        let all = "%a %A %b %B %d %D %e %F %h %H %I %j %m %M %p %R %s %S %T %y %Y %Z %%"
        #expect(
            try print(all, 1_583_020_799)
                == "Sat Saturday Feb February 29 02/29/20 29 2020-02-29 Feb 23 11 060 02 59 PM "
                + "23:59 1583020799 59 23:59:59 20 2020 UTC %")
        #expect(try print("%e|%I%p|%j|%n|%t|", 0) == " 1|12AM|001|\n|\t|")
    }

    @Test("dates agree with Foundation's calendar, over 600 years")
    func agreesWithCalendar() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        let edges: [Int64] = [0, -1, 951_782_400, 951_868_800, 4_107_542_399, 4_107_542_400]
        for seconds in edges + stride(from: -4_000_000_000, to: 14_000_000_000, by: 7_654_321) {
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second, .weekday, .dayOfYear],
                from: Date(timeIntervalSince1970: TimeInterval(seconds)))
            let time = CalendarTime(secondsSince1970: seconds)
            let ours = [
                time.year, time.month, time.day, time.hour, time.minute, time.second,
                time.weekday + 1, time.dayOfYear,
            ]
            let theirs = [
                parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second,
                parts.weekday, parts.dayOfYear,
            ]
            #expect(ours.map { Int($0) } == theirs, "at \(seconds)")
        }
    }
}
