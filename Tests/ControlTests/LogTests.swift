// The log's lines: what people grep and what nobody may forge.
import Testing

@testable import Control

@Suite("The log")
struct LogTests {
    private static let moment: UInt64 = 1_795_244_242_123_456_789

    private func line(
        _ level: LogLevel = .info, _ message: String, _ values: [(String, String)] = []
    ) -> String {
        Log.line(wallNs: Self.moment, level, "config", message, values)
    }

    @Test("a line is time, level, part, message and values")
    func plain() {
        #expect(
            line(.info, "live", [("version", "3"), ("by", "files changed"), ("none", "")])
                == "2026-11-21T06:57:22.123Z info    config   live version=3 by=\"files changed\""
                + " none=\"\"\n")
    }

    @Test("a line break inside a message or a value makes no line of its own")
    func noForgedLines() {
        let text = line(.error, "bad\n2026 info all is well", [("key", "a\r\nb\u{1B}[2J\u{9B}")])
        #expect(text.filter { $0 == "\n" }.count == 1)
        #expect(text.contains("bad\\x0a2026"))
        #expect(text.contains("a\\x0d\\x0ab\\x1b[2J\\x9b"))
    }

    @Test("quotes inside a value are escaped")
    func quotes() {
        #expect(line(.info, "x", [("key", "say \"yes\"")]).contains(#"key="say \"yes\"""#))
    }

    @Test("levels below the threshold are not even put together")
    func threshold() {
        let log = Log(descriptor: -1, level: .warning)
        var wasAsked = false
        func message() -> String {
            wasAsked = true
            return ""
        }
        log.info("x", message())
        #expect(!wasAsked)
        log.level = .debug
        log.info("x", message())
        #expect(wasAsked)
    }

    @Test("what another proxy has just said is not said again; what oneself has said is")
    func chorus() {
        let chorus = Chorus()
        let second: UInt64 = 1_000_000_000
        #expect(chorus.admits("a slip", by: "one", wallNs: 5 * second))
        #expect(!chorus.admits("a slip", by: "two", wallNs: 5 * second + 1))
        #expect(!chorus.admits("a slip", by: nil, wallNs: 6 * second - 1))
        #expect(chorus.admits("another", by: "two", wallNs: 5 * second + 2))
        #expect(chorus.admits("a slip", by: "one", wallNs: 5 * second + 3))
        #expect(chorus.admits("a slip", by: "two", wallNs: 7 * second))
    }

    @Test("every level is found by its name, and no other", arguments: LogLevel.allCases)
    func names(level: LogLevel) {
        #expect(LogLevel(name: level.name) == level)
        #expect(LogLevel(name: level.name.uppercased()) == nil)
    }
}
