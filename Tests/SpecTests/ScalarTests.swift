// The spelling of single values: plain scalars, durations, times, base64, names, addresses.
import Foundation
import Testing

@testable import Spec

@Suite("scalars")
struct ScalarTests {
    private func plain(_ text: String) -> PlainScalar { PlainScalar(Array(text.utf8)[...]) }

    @Test(
        "what YAML 1.1 calls a boolean is one",
        arguments: [
            ("y", true), ("Yes", true), ("ON", true), ("true", true), ("n", false), ("No", false),
            ("off", false), ("FALSE", false),
        ])
    func booleans(text: String, value: Bool) { #expect(plain(text) == .bool(value)) }

    @Test(
        "what only looks like a boolean is text", arguments: ["yEs", "tRUE", "onn", "nope", "ye"])
    func noBooleans(text: String) { #expect(plain(text) == .string) }

    @Test(
        "numbers are read as Go's yaml package reads them",
        arguments: [
            ("0", PlainScalar.integer(0)), ("-12", .integer(-12)), ("+7", .integer(7)),
            ("1_000", .integer(1000)), ("0x1F", .integer(31)), ("010", .integer(8)),
            ("0o17", .integer(15)), ("0b101", .integer(5)), ("1.5", .float(1.5)),
            ("1.", .float(1)), (".5", .float(0.5)), ("1e3", .float(1000)), ("08", .float(8)),
            ("-.inf", .float(-.infinity)), ("99999999999999999999", .float(1e20)),
        ])
    func numbers(text: String, value: PlainScalar) { #expect(plain(text) == value) }

    @Test(
        "what only looks like a number is text",
        arguments: [
            "1.2.3", "10s", "127.0.0.1", "v1", "1a", "-", "+", ".", "0xZZ", "1e", "--1", "+-1",
            "2021-10-05T01:23:45Z", "0x", "0b2", "0x-1",
        ])
    func noNumbers(text: String) { #expect(plain(text) == .string) }

    @Test("nothing, ~ and null are null", arguments: ["", "~", "null", "Null", "NULL"])
    func nulls(text: String) { #expect(plain(text) == .null) }

    @Test(
        "durations are read as Go's ParseDuration reads them",
        arguments: [
            ("10s", Duration.seconds(10)), ("1ms", .milliseconds(1)), ("1.5s", .milliseconds(1500)),
            ("1h", .seconds(3600)), ("1h30m", .seconds(5400)), ("0.5s", .milliseconds(500)),
            ("0", .zero), ("0s", .zero), ("100us", .microseconds(100)), ("1µs", .microseconds(1)),
            (".5s", .milliseconds(500)), ("1.s", .seconds(1)), ("+3s", .seconds(3)),
            ("180.000s", .seconds(180)), ("1.000000001s", .nanoseconds(1_000_000_001)),
        ])
    func durations(text: String, value: Duration) {
        #expect(GoDuration.parse(Array(text.utf8)[...]) == .value(value))
    }

    @Test(
        "what is no duration is refused",
        arguments: ["", "10", "s", "1x", "1 s", "1.2.3s", "1s ", "-", "+", ".s", "1h-5m", "1e3s"])
    func noDurations(text: String) {
        #expect(GoDuration.parse(Array(text.utf8)[...]) == .malformed)
    }

    @Test("a negative duration is told apart, and one beyond 290 years is refused")
    func oddDurations() {
        #expect(GoDuration.parse(Array("-1s".utf8)[...]) == .negative)
        #expect(GoDuration.parse(Array("9223372036854775807h".utf8)[...]) == .malformed)
        #expect(GoDuration.parse(Array("99999999999999999999s".utf8)[...]) == .malformed)
    }

    @Test(
        "times are read to the second",
        arguments: [
            ("1970-01-01T00:00:00Z", Int64(0)), ("2021-10-05T01:23:45Z", 1_633_397_025),
            ("2021-10-05T01:23:45.999Z", 1_633_397_025), ("2000-02-29T12:00:00Z", 951_825_600),
            ("2021-10-05T03:23:45+02:00", 1_633_397_025),
        ])
    func times(text: String, seconds: Int64) {
        #expect(Timestamp.seconds(Array(text.utf8)[...]) == seconds)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2021-10-05", "2021-13-05T01:23:45Z", "2021-10-05T01:23:45", "yesterday",
            "2021-10-05T01:23:45Zx", "2021-10-05T25:23:45Z",
        ])
    func noTimes(text: String) { #expect(Timestamp.seconds(Array(text.utf8)[...]) == nil) }

    @Test("base64 agrees with Foundation's, padded or not, for every length")
    func base64() {
        for length in 0..<40 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
            let padded = Data(bytes).base64EncodedString()
            #expect(Base64.decode(padded.utf8) == bytes)
            #expect(Base64.decode(padded.replacing("=", with: "").utf8) == bytes)
            let urlSafe = padded.replacing("+", with: "-").replacing("/", with: "_")
            #expect(Base64.decode(urlSafe.utf8) == bytes)
        }
    }

    @Test("what is no base64 is refused", arguments: ["a", "a===", "ab=", "a b=", "=abc", "abc=="])
    func noBase64(text: String) { #expect(Base64.decode(text.utf8) == nil) }

    @Test(
        "names that are hosts are taken",
        arguments: [
            "a", "reviews", "reviews.default.svc.cluster.local", "*", "*.example.com", "*foo.com",
            "A-b.C", "example.com.", "1a.2b",
        ])
    func hosts(text: String) { #expect(NameSyntax.complaint(host: text) == nil) }

    @Test(
        "names that are no hosts are refused",
        arguments: [
            "", "a..b", ".a", "-a.com", "a-.com", "a_b.com", "a b", "foo.*", "*.*.com", "a/b",
            "http://a", "a:80", "1.2.3", String(repeating: "a", count: 64),
        ])
    func noHosts(text: String) { #expect(NameSyntax.complaint(host: text) != nil) }

    @Test(
        "addresses are told from what resembles them",
        arguments: [
            ("127.0.0.1", true), ("0.0.0.0", true), ("256.1.1.1", false), ("1.2.3", false),
            ("010.0.0.1", false), ("1.2.3.4.5", false), ("::", true), ("::1", true),
            ("2001:db8::1", true), ("1:2:3:4:5:6:7:8", true), ("1:2:3:4:5:6:7", false),
            ("1::2::3", false), ("::ffff:1.2.3.4", true), ("1:2:3:4:5:6:7:8::", false),
            (":1", false), ("12345::", false), ("fe80::1%eth0", false), ("", false), (":::", false),
        ])
    func addresses(text: String, isIP: Bool) { #expect(AddressSyntax.isIP(text) == isIP) }

    @Test(
        "blocks of addresses have a length that fits",
        arguments: [
            ("10.0.0.0/8", true), ("10.0.0.0/33", false), ("2001:db8::/32", true),
            ("2001:db8::/129", false), ("10.0.0.0", false), ("10.0.0.0/", false),
            ("10.0.0.0/-1", false), ("10.0.0.0/8/8", false),
        ])
    func blocks(text: String, isBlock: Bool) { #expect(AddressSyntax.isCIDR(text) == isBlock) }

    @Test(
        "a pattern covers the names it stands for and no others",
        arguments: [
            ("*", "a.com", true), ("*.foo.com", "a.foo.com", true),
            ("*.foo.com", "a.b.foo.com", true), ("*.foo.com", "foo.com", false),
            ("*.com", "*.foo.com", true), ("*.foo.com", "*.com", false), ("a.com", "a.com", true),
            ("a.com", "b.com", false), ("*.foo.com", "*.foo.com", true),
        ])
    func covers(pattern: String, host: String, expected: Bool) {
        #expect(NameSyntax.covers(pattern, host) == expected)
    }

    @Test("the nearest name is found by typing errors, and nothing far is proposed")
    func spelling() {
        let names = ["timeout", "retries", "mirror", "match", "headers"]
        #expect(Spelling.nearest(to: "timout", among: names) == "timeout")
        #expect(Spelling.nearest(to: "hedaers", among: names) == "headers")
        #expect(Spelling.nearest(to: "Match", among: names) == "match")
        #expect(Spelling.nearest(to: "xyz", among: names) == nil)
        #expect(Spelling.camelCase("per_try_timeout") == "perTryTimeout")
    }
}
