// What an HTTP proxy at an endpoint is asked for, and what it has answered so far.
// Bytes in, a verdict out; who sends and reads is Opening.
import HTTP
import Mesh
import Net

final class TunnelQuestion {
    enum Verdict {
        /// The head is not whole yet.
        case undecided
        /// The tunnel stands; what came behind the head is the far end's, and `answer` says how
        /// its bytes come.
        case stands(rest: Int)
        case refused(DialFailure)
    }

    private let policy: TunnelPolicy
    private let limits: HTTPLimits
    private var parser = H1ResponseParser()
    /// The answer's head.
    let answer = ResponseHead()
    private var received = Buffer()

    init(_ policy: TunnelPolicy, limits: HTTPLimits) {
        self.policy = policy
        self.limits = limits
    }

    /// Bytes go as the bodies of the request and its answer.
    var carriesBodies: Bool { policy.method == .post }

    /// The request's head (RFC 9112 section 3.2.3; Envoy's tunneling_config).
    func appendHead(to out: inout Buffer) {
        switch policy.method {
        case .connect:
            out.append("CONNECT ")
            out.append(Array(policy.target.utf8))
            out.append(" HTTP/1.1\r\nhost: ")
            out.append(Array(policy.target.utf8))
        case .post:
            out.append("POST / HTTP/1.1\r\nhost: ")
            out.append(Array(policy.target.utf8))
            out.append("\r\ntransfer-encoding: chunked")
        }
        out.append("\r\n\r\n")
    }

    /// - Returns: `rest` counts from the start of `bytes`.
    func hear(_ bytes: ByteView) -> Verdict {
        var before = received.count
        received.append(bytes)
        while true {
            switch parser.feed(received.readable, into: answer, limits: limits) {
            case .needMore: return .undecided
            case .failed(let error):
                return .refused(.tunnel("the answer is no HTTP: \(error.rule)"))
            case .complete(let length):
                // RFC 9110 section 15.2: interim answers are let pass.
                if answer.status < 200, answer.status != 101 {
                    parser = H1ResponseParser()
                    answer.reset()
                    received.consume(length)
                    before -= length
                    continue
                }
                guard 200..<300 ~= answer.status else {
                    return .refused(.tunnel("the answer is \(answer.status)"))
                }
                if policy.method == .post,
                    let broken = answer.adopt(received.readable, method: .post)
                {
                    return .refused(.tunnel("the answer is no HTTP: \(broken.rule)"))
                }
                return .stands(rest: length - before)
            }
        }
    }
}
