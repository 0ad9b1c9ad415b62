// What an HTTP proxy's answer to CONNECT means, however it is cut into pieces.
import HTTP
import Mesh
import Net
import Testing

@testable import Proxy

@Suite("tunnels through HTTP proxies")
struct TunnelQuestionTests {
    private static func question(_ method: TunnelPolicy.Method = .connect) -> TunnelQuestion {
        TunnelQuestion(
            TunnelPolicy(method: method, target: "far.test:443"), limits: HTTPLimits())
    }

    /// What is left of `text` when the tunnel stands; nil while it does not.
    private static func hear(
        _ text: String, pieces size: Int, _ method: TunnelPolicy.Method = .connect
    ) -> String? {
        let question = question(method)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            var piece = Buffer()
            piece.append(Array(bytes[start..<min(start + size, bytes.count)]))
            switch question.hear(piece.readable) {
            case .undecided: continue
            case .refused(let failure): return "refused: \(failure.reason)"
            case .stands(let rest): return String(decoding: bytes[(start + rest)...], as: UTF8.self)
            }
        }
        return nil
    }

    @Test("what comes behind the answer is the far end's", arguments: [1, 2, 7, 40, 500])
    func rest(size: Int) {
        let yes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
        #expect(Self.hear("\(yes)220 hello", pieces: size) == "220 hello")
        let early = "HTTP/1.1 103 Early\r\na: b\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
        #expect(Self.hear("\(early)\(yes)220 hello", pieces: size) == "220 hello")
        #expect(Self.hear("HTTP/1.0 204 None\r\n\r\n", pieces: size) == "")
        #expect(Self.hear("HTTP/1.1 200 OK\r\n", pieces: size) == nil)
    }

    @Test("anything but 2xx is a no", arguments: ["101", "301", "407", "503"])
    func refusals(status: String) {
        let answer = "HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n"
        #expect(
            Self.hear(answer, pieces: 9) == "refused: tunnel refused: the answer is \(status)")
    }

    @Test("what is no HTTP is a no, and so is a body of two lengths")
    func nonsense() {
        #expect(Self.hear("SSH-2.0-x\r\n", pieces: 4)?.hasPrefix("refused: ") == true)
        let twice = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
        #expect(Self.hear(twice, pieces: 500, .post)?.hasPrefix("refused: ") == true)
        #expect(Self.hear(twice, pieces: 500) == "", "CONNECT's answer has no body")
        let long = "HTTP/1.1 200 OK\r\na: " + String(repeating: "x", count: 70_000)
        #expect(Self.hear(long, pieces: 1000)?.hasPrefix("refused: ") == true)
    }

    @Test("what the proxy is asked")
    func head() {
        for (method, wanted) in [
            (
                TunnelPolicy.Method.connect,
                "CONNECT far.test:443 HTTP/1.1\r\nhost: far.test:443\r\n\r\n"
            ),
            (
                .post,
                "POST / HTTP/1.1\r\nhost: far.test:443\r\ntransfer-encoding: chunked\r\n\r\n"
            ),
        ] {
            var out = Buffer()
            Self.question(method).appendHead(to: &out)
            #expect(String(decoding: out.readable.array, as: UTF8.self) == wanted)
        }
    }
}
