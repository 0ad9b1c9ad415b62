// httpbin: answers that are asked for by path, and a log of what arrived.
// The paths that tutorials call, as https://httpbin.org has them; `/log` is ours, for there is no
// container whose output could be read.
import HTTP
import Net

final class Httpbin: Application {
    /// Milliseconds; httpbin.org's limit.
    static let delayMsMax = 10_000.0
    static let bytesMax = 100 * 1024

    private let name: String
    private let loop: Loop
    private var log = ArrivalLog()

    init(name: String, loop: Loop) {
        self.name = name
        self.loop = loop
    }

    func serve(_ request: ServerRequest, _ responder: Responder) {
        let segments = request.pathSegments
        if segments == ["log"] {
            responder.send(.text(log.text))
            return
        }
        if segments.first == "delay" {
            delay(request, segments, responder)
        } else {
            send(answer(request, segments), to: request, responder)
        }
    }

    private func send(_ answer: ServerResponse, to request: ServerRequest, _ responder: Responder) {
        log.add(request, status: answer.status)
        responder.send(answer)
    }

    private func answer(_ request: ServerRequest, _ segments: [Substring]) -> ServerResponse {
        switch segments.first {
        case "status": return status(segments)
        case "anything": return .json(echo(request))
        case "post", "put", "patch", "delete":
            guard segments.count == 1 else { return .notFound }
            let wanted = segments[0].uppercased()
            return request.methodName == wanted
                ? .json(echo(request)) : .methodNotAllowed(wanted)
        default: break
        }
        guard segments.count == 1 || segments.first == "bytes" else { return .notFound }
        guard request.isRead else { return .methodNotAllowed("GET, HEAD") }
        switch segments[0] {
        case "get": return .json(.object(described(request)))
        case "headers": return .json(.object([("headers", Headers.object(of: request))]))
        case "ip": return .json(.object([("origin", .string(origin(of: request)))]))
        case "user-agent":
            let agent = request.value(of: "user-agent").map(JSONValue.string) ?? .null
            return .json(.object([("user-agent", agent)]))
        case "hostname": return .json(.object([("hostname", .string(name))]))
        case "health": return .health("httpbin")
        case "bytes": return bytes(segments)
        default: return .notFound
        }
    }

    /// `/status/503`, or one of several by chance, `/status/200,503`.
    private func status(_ segments: [Substring]) -> ServerResponse {
        let codes = segments.count == 2 ? segments[1].split(separator: ",") : []
        guard let code = codes.randomElement().flatMap({ UInt16($0) }),
            (200...599).contains(code)
        else { return .error("please provide a status from 200 to 599", status: 400) }
        return ServerResponse(status: code)
    }

    /// `/bytes/1000`: that many bytes, no two neighbours alike.
    private func bytes(_ segments: [Substring]) -> ServerResponse {
        guard segments.count == 2, let count = Int(segments[1]), 0...Self.bytesMax ~= count
        else { return .error("please provide a number up to \(Self.bytesMax)", status: 400) }
        return ServerResponse(
            contentType: "application/octet-stream",
            body: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    }

    /// `/delay/2` and `/delay/0.1`: what `/anything` answers, so many seconds later.
    private func delay(
        _ request: ServerRequest, _ segments: [Substring], _ responder: Responder
    ) {
        guard segments.count == 2, let seconds = Double(segments[1]), seconds >= 0 else {
            send(
                .error("please provide the seconds to wait", status: 400), to: request,
                responder)
            return
        }
        let waitMs = UInt64(min(seconds * 1000, Self.delayMsMax))
        let later = Later { [self] in
            send(.json(echo(request)), to: request, responder)
        }
        _ = loop.timers.schedule(afterMs: waitMs, target: later, tag: 0)
    }

    // MARK: - What a request looked like

    private func described(_ request: ServerRequest) -> [(String, JSONValue)] {
        let query = request.query.isEmpty ? "" : "?\(request.query)"
        return [
            ("args", .object(request.queryItems.map { ($0.name, .string($0.value)) })),
            ("headers", Headers.object(of: request)),
            ("origin", .string(origin(of: request))),
            ("url", .string("http://\(request.authority)\(request.path)\(query)")),
        ]
    }

    private func echo(_ request: ServerRequest) -> JSONValue {
        .object(
            [
                ("method", .string(request.methodName)),
                ("data", .string(String(decoding: request.body, as: UTF8.self))),
            ] + described(request))
    }

    private func origin(of request: ServerRequest) -> String {
        request.value(of: "x-forwarded-for") ?? request.peer.host
    }
}

/// Calls back once, when its timer fires.
private final class Later: TimerTarget {
    private let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }

    override func timerFired(tag: UInt8) { body() }
}
