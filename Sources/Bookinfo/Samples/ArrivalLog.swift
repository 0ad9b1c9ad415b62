// What reached a service: a line a request, in the order the answers were given.
// In memory and of bounded length; it stands for the container log that a tutorial looks into, with
// the Host, by which a mirrored request is told from the original.
import HTTP

struct ArrivalLog {
    static let linesMax = 1000

    /// A ring once it is full: `next` is then the oldest line.
    private var lines: [String] = []
    private var next = 0

    /// `GET /headers HTTP/1.1 200 httpbin-shadow:8000`
    mutating func add(_ request: ServerRequest, status: UInt16) {
        let query = request.query.isEmpty ? "" : "?\(request.query)"
        let line =
            "\(request.methodName) \(request.path)\(query) HTTP/1.1 \(status) \(request.authority)"
        if lines.count < Self.linesMax {
            lines.append(line)
        } else {
            lines[next] = line
            next = (next + 1) % Self.linesMax
        }
    }

    /// The oldest line first; empty when nothing has come.
    var text: String {
        (lines[next...] + lines[..<next]).map { $0 + "\n" }.joined()
    }
}
