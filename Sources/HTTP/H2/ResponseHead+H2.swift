// A response head that comes as HTTP/2 fields, laid out as if it had come as HTTP/1 lines; the
// counterpart of RequestHead+H2.swift. No field gets past here that would mean something else in
// HTTP/1 (RFC 9113 section 8.2.2).
public import Net

extension ResponseHead {
    /// Takes one field, pseudo fields first as nghttp2 makes sure of. False when it is malformed.
    public func add(name: ByteView, value: ByteView) -> Bool {
        guard name.count > 0, name.count <= Int(UInt16.max) else { return false }
        if name[0] == 0x3a {
            guard name.equals(":status"), value.count == 3, let code = value.decimal(),
                code >= 100, code <= 599, code != 101
            else { return false }
            status = UInt16(code)
            return true
        }
        guard H1Scanner.isFieldValue(value), H1Scanner.tokenLength(name, from: 0) == name.count
        else { return false }
        let start = bytes.count
        bytes.append(name)
        bytes.append(": ")
        bytes.append(value)
        bytes.append("\r\n")
        fields.append(
            HeaderField(
                nameStart: UInt32(start), nameLength: UInt16(name.count),
                id: HeaderID.identify(name), isDropped: false,
                valueStart: UInt32(start + name.count + 2), valueLength: UInt32(value.count),
                lineEnd: UInt32(bytes.count)))
        return true
    }

    /// A 2xx to extended CONNECT, told to a client that asked in HTTP/1.1's words (RFC 8441 section
    /// 5). `accept`: the value of sec-websocket-accept.
    public func becomeUpgrade(to name: ByteView, accept: [UInt8]?) {
        status = 101
        framing = .none
        let reason = ByteView(StatusReason.phrase(101))
        reasonStart = bytes.count
        reasonLength = reason.count
        bytes.append(reason)
        addLine("upgrade", name, id: .upgrade, isDropped: true)
        if let accept {
            accept.withView {
                addLine("sec-websocket-accept", $0, id: .other, isDropped: false)
            }
        }
    }

    private func addLine(
        _ name: StaticString, _ value: ByteView, id: HeaderID, isDropped: Bool
    ) {
        let start = bytes.count
        let name = ByteView(name)
        bytes.append(name)
        bytes.append(": ")
        bytes.append(value)
        bytes.append("\r\n")
        fields.append(
            HeaderField(
                nameStart: UInt32(start), nameLength: UInt16(name.count), id: id,
                isDropped: isDropped, valueStart: UInt32(start + name.count + 2),
                valueLength: UInt32(value.count), lineEnd: UInt32(bytes.count)))
    }

    /// All fields are there. `ends`: no body follows. Returns the rule that is broken, if any.
    public func concludeH2(method: HTTPMethod, ends: Bool) -> H1Error? {
        isHTTP2 = true
        guard status >= 100 else { return .statusLine }
        length = bytes.count
        var lengthIndex = -1
        for index in fields.indices {
            switch fields[index].id {
            case .contentLength:
                guard lengthIndex < 0 else { return .duplicateContentLength }
                lengthIndex = index
            case .connection, .transferEncoding, .keepAlive, .proxyConnection, .upgrade:
                return .fieldName
            case .te, .trailer: fields[index].isDropped = true
            default: break
            }
        }
        // Clients of HTTP/1 get the reason they expect (RFC 9112 section 4 lets it be anything).
        let reason = ByteView(StatusReason.phrase(status))
        reasonStart = bytes.count
        reasonLength = reason.count
        bytes.append(reason)
        if ends || method == .head || status < 200 || status == 204 || status == 304 {
            framing = .none
        } else if lengthIndex >= 0 {
            guard let length = value(fields[lengthIndex]).decimal() else { return .contentLength }
            framing = length == 0 ? .none : .length(length)
        } else {
            framing = .chunked
        }
        return nil
    }
}
