// Feeding a codec the same message in every way a network can deliver it.
// A parser that remembers something wrong between two reads shows it at one place of the split, so
// every place is tried, and byte by byte at last.
import HTTP
import Net

enum Pieces {
    /// The message whole, in every two parts, and byte by byte.
    static func all(of message: [UInt8]) -> [[[UInt8]]] {
        var ways: [[[UInt8]]] = [[message]]
        for cut in message.indices.dropFirst() {
            ways.append([Array(message[..<cut]), Array(message[cut...])])
        }
        ways.append(message.map { [$0] })
        return ways
    }
}

/// What a request head came out as; two are equal when the proxy would treat them alike.
struct ReadRequest: Equatable {
    var method = ""
    var target = ""
    var authority = ""
    var form = RequestHead.TargetForm.origin
    var minorVersion = 1
    var framing = BodyFraming.none
    var restatedLength = -1
    var close = false
    var keepAlive = false
    var upgrade = false
    var expects = false
    var expectsUnknown = false
    /// `Name: value`, with `-` before it when it is not passed on.
    var fields: [String] = []
    var length = 0

    enum Outcome: Equatable {
        case complete(ReadRequest)
        case needMore
        case failed(H1Error)
    }

    init(_ head: RequestHead) {
        method = head.methodBytes.string
        target = head.pathBytes.string
        authority = head.authorityBytes.string
        form = head.targetForm
        minorVersion = head.minorVersion
        framing = head.framing
        restatedLength = head.restatedLength
        close = head.wantsClose
        keepAlive = head.wantsKeepAlive
        upgrade = head.wantsUpgrade
        expects = head.expectsContinue
        expectsUnknown = head.hasUnknownExpectation
        fields = head.fields.map {
            ($0.isDropped ? "-" : "") + head.name($0).string + ": " + head.value($0).string
        }
        length = head.length
    }

    static func read(_ pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits()) -> Outcome {
        var parser = H1RequestParser()
        let head = RequestHead()
        var received = Buffer()
        for piece in pieces {
            received.append(piece)
            switch parser.feed(received.readable, into: head, limits: limits) {
            case .needMore: continue
            case .failed(let error): return .failed(error)
            case .complete:
                if let error = head.adopt(received.readable) { return .failed(error) }
                return .complete(ReadRequest(head))
            }
        }
        return .needMore
    }

    static func read(_ message: String, limits: HTTPLimits = HTTPLimits()) -> Outcome {
        read([Array(message.utf8)], limits: limits)
    }
}

struct ReadResponse: Equatable {
    var status: UInt16
    var reason: String
    var minorVersion: Int
    var framing: BodyFraming
    var allowsReuse: Bool
    var upgrade: Bool
    var fields: [String]
    var length: Int

    enum Outcome: Equatable {
        case complete(ReadResponse)
        case needMore
        case failed(H1Error)
    }

    init(_ head: ResponseHead) {
        status = head.status
        reason = head.reasonBytes.string
        minorVersion = head.minorVersion
        framing = head.framing
        allowsReuse = head.allowsReuse
        upgrade = head.wantsUpgrade
        fields = head.fields.map {
            ($0.isDropped ? "-" : "") + head.name($0).string + ": " + head.value($0).string
        }
        length = head.length
    }

    static func read(
        _ pieces: [[UInt8]], to method: HTTPMethod = .get, limits: HTTPLimits = HTTPLimits()
    ) -> Outcome {
        var parser = H1ResponseParser()
        let head = ResponseHead()
        var received = Buffer()
        for piece in pieces {
            received.append(piece)
            switch parser.feed(received.readable, into: head, limits: limits) {
            case .needMore: continue
            case .failed(let error): return .failed(error)
            case .complete:
                if let error = head.adopt(received.readable, method: method) {
                    return .failed(error)
                }
                return .complete(ReadResponse(head))
            }
        }
        return .needMore
    }

    static func read(_ message: String, to method: HTTPMethod = .get) -> Outcome {
        read([Array(message.utf8)], to: method)
    }
}

/// What a chunked body came out as.
struct ReadBody: Equatable {
    var data: [UInt8] = []
    var trailers: [UInt8] = []
    /// Bytes that belong to the next message.
    var rest = 0

    enum Outcome: Equatable {
        case complete(ReadBody)
        case needMore
        case failed(H1Error)
    }

    static func read(_ pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits()) -> Outcome {
        var decoder = ChunkedDecoder()
        var body = ReadBody()
        for (index, piece) in pieces.enumerated() {
            let end = piece.withView { view -> Outcome? in
                var offset = 0
                while true {
                    switch decoder.next(view, offset: &offset, limits: limits) {
                    case .data(let start, let count):
                        body.data += view.slice(start, count).array
                    case .needMore: return nil
                    case .failed(let error): return .failed(error)
                    case .end:
                        var out = Buffer()
                        decoder.appendTrailers(to: &out)
                        body.trailers = out.readable.array
                        body.rest = view.count - offset
                        return .complete(body)
                    }
                }
            }
            guard let end else { continue }
            if case .complete(var whole) = end {
                whole.rest += pieces[(index + 1)...].reduce(0) { $0 + $1.count }
                return .complete(whole)
            }
            return end
        }
        return .needMore
    }

    static func read(_ message: String, limits: HTTPLimits = HTTPLimits()) -> Outcome {
        read([Array(message.utf8)], limits: limits)
    }
}
