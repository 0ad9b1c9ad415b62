// What a client is taken to speak, by its first bytes.
import Net
import Testing

@testable import Proxy

@Suite("the first bytes of a captured connection")
struct FirstBytesTests {
    private func speech(_ text: String) -> FirstBytes.Speech {
        Array(text.utf8).withView { FirstBytes.speech(of: $0) }
    }

    @Test(
        "a request line is HTTP",
        arguments: [
            "GET / HTTP/1.1\r\n", "GET /a?b=c HTTP/1.0\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\n",
            "\r\nPOST http://a/b HTTP/1.1\r\n", "PROPFIND /x HTTP/1.1\r\n",
            "M-SEARCH * HTTP/1.1\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "CONNECT a:443 HTTP/1.1\r\n",
            "GET /\u{e4} HTTP/1.1\r\n",
        ])
    func http(_ text: String) {
        #expect(speech(text) == .http)
    }

    @Test(
        "first words of other protocols are not",
        arguments: [
            "GET key\r\n", "SET key value\r\n", "*1\r\n$4\r\nPING\r\n", "EHLO mail\r\n",
            "USER anonymous\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\u{0}\u{0}\u{0}\u{8}",
            " GET / HTTP/1.1\r\n",
            "get / HTTP/1.1\r\n", "QUIT\r\n", "A1 LOGIN x HTTP/\r\n", "GET / HTTP/1.1x\r\n",
            "GET /\u{0} HTTP/1.1\r\n", "ABCDEFGHIJKLMNOPQRSTUVWXYZABC / HTTP/1.1\r\n",
        ])
    func other(_ text: String) {
        #expect(speech(text) == .other)
    }

    @Test("every beginning of a request line is waited for, byte by byte")
    func beginnings() {
        let line = "DELETE /some/thing HTTP/1.1"
        for count in 0...line.utf8.count {
            #expect(speech(String(line.prefix(count))) == .undecided, "\(count)")
        }
        #expect(speech(line + "\n") == .http)
    }

    @Test("a line without an end is a request after 8 KiB, and not waited for any longer")
    func long() {
        #expect(speech("GET /" + String(repeating: "a", count: 8000)) == .undecided)
        #expect(speech("GET /" + String(repeating: "a", count: 9000)) == .http)
    }
}
