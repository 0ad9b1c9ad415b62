// Who may talk to the admin port. The names of the attacks stand with the inputs.
import HTTP
import Net
import Testing

@testable import Control

@Suite("The admin port's guard")
struct RequestGuardTests {
    private func objection(host: String, origin: String? = nil) -> String? {
        let fields = origin.map { [HTTPField("Origin", $0)] } ?? []
        return RequestGuard().objection(
            to: ServerRequest(
                path: "/", authority: host, fields: fields,
                peer: .v4(0x7F00_0001, port: 1)))
    }

    @Test(
        "the machine's own names and addresses pass",
        arguments: [
            "localhost", "LocalHost:15000", "127.0.0.1", "127.0.0.1:15000", "[::1]", "[::1]:15000",
            "10.1.2.3:15000", "",
        ])
    func ours(host: String) {
        #expect(objection(host: host) == nil)
    }

    @Test(
        "names that somebody else can point here are refused (DNS rebinding)",
        arguments: [
            "evil.example", "evil.example:15000", "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1:15000.evil.example", "localhost:x", "::1", "unix:///run/x", "0x7f.1",
            "127.1",
            "localhost:", "[::1", "localhost:99999",
        ])
    func foreign(host: String) {
        #expect(objection(host: host) != nil)
    }

    @Test("the page's own origin passes")
    func ownOrigin() {
        #expect(objection(host: "127.0.0.1:15000", origin: "http://127.0.0.1:15000") == nil)
    }

    @Test(
        "pages of others are refused (cross-site request forgery)",
        arguments: [
            "http://evil.example", "null", "https://127.0.0.1:15000", "http://127.0.0.1",
            "http://127.0.0.1:15000.evil.example", "",
        ])
    func otherOrigins(origin: String) {
        #expect(objection(host: "127.0.0.1:15000", origin: origin) != nil)
    }
}
