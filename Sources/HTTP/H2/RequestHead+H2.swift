// A request head that comes as HTTP/2 fields, laid out as if it had come as HTTP/1 lines:
// everything behind this point works on one kind of head. No field gets past here that would mean
// something else in HTTP/1 (RFC 9113 section 8.2.2, 8.3).
public import Net

extension RequestHead {
    /// Takes one field, pseudo fields first as nghttp2 makes sure of. False when it is malformed.
    public func add(name: ByteView, value: ByteView) -> Bool {
        guard name.count > 0, name.count <= Int(UInt16.max) else { return false }
        if name[0] == 0x3a { return addPseudo(name, value) }
        let id = HeaderID.identify(name)
        let start = bytes.count
        bytes.append(name)
        bytes.append(": ")
        bytes.append(value)
        bytes.append("\r\n")
        guard H1Scanner.isFieldValue(value), H1Scanner.tokenLength(name, from: 0) == name.count
        else { return false }
        fields.append(
            HeaderField(
                nameStart: UInt32(start), nameLength: UInt16(name.count), id: id, isDropped: false,
                valueStart: UInt32(start + name.count + 2), valueLength: UInt32(value.count),
                lineEnd: UInt32(bytes.count)))
        return true
    }

    private func addPseudo(_ name: ByteView, _ value: ByteView) -> Bool {
        let start = bytes.count
        bytes.append(value)
        if name.equals(":method") {
            guard H1Scanner.tokenLength(value, from: 0) == value.count, value.count > 0 else {
                return false
            }
            method = HTTPMethod(value)
            methodStart = start
            methodLength = value.count
        } else if name.equals(":path") {
            pathStart = start
            pathLength = value.count
            for index in 0..<value.count where !H1Scanner.isTarget(value[index]) { return false }
        } else if name.equals(":authority") {
            authorityStart = start
            authorityLength = value.count
        } else if name.equals(":protocol") {
            extendedProtocolStart = start
            extendedProtocolLength = value.count
        }
        return true
    }

    /// All fields are there. `ends`: no body follows. Returns the rule that is broken, if any.
    public func concludeH2(ends: Bool) -> H1Error? {
        isHTTP2 = true
        length = bytes.count
        var lengthIndex = -1
        var cookies = 0
        for index in fields.indices {
            switch fields[index].id {
            case .host:
                guard hostIndex < 0 else { return .duplicateHost }
                hostIndex = index
            case .contentLength:
                guard lengthIndex < 0 else { return .duplicateContentLength }
                lengthIndex = index
            case .connection, .transferEncoding, .keepAlive, .proxyConnection, .upgrade:
                return .fieldName
            case .te, .trailer: fields[index].isDropped = true
            case .cookie: cookies += 1
            case .expect:
                if value(fields[index]).equalsIgnoringCase("100-continue") {
                    expectsContinue = true
                } else {
                    hasUnknownExpectation = true
                }
            default: break
            }
        }
        if extendedProtocolLength > 0 {
            guard method == .connect else { return .method }
            becomeUpgrade()
        }
        if let error = concludeAuthority() { return error }
        if let error = concludeTarget() { return error }
        if cookies > 1 { joinCookies() }
        if ends || wantsUpgrade || method == .connect {
            framing = .none
        } else if lengthIndex >= 0 {
            guard let length = value(fields[lengthIndex]).decimal() else { return .contentLength }
            framing = .length(length)
        } else {
            framing = .chunked
        }
        return nil
    }

    /// Extended CONNECT (RFC 8441 section 4) is the same thing as an upgrade of HTTP/1.1, and is
    /// laid out as one: whatever looks at the head from here on knows GET with an Upgrade field.
    private func becomeUpgrade() {
        method = .get
        methodStart = bytes.count
        methodLength = 3
        bytes.append("GET")
        let start = bytes.count
        bytes.append("upgrade: ")
        bytes.append(bytes.readable.slice(extendedProtocolStart, extendedProtocolLength).array)
        bytes.append("\r\n")
        fields.append(
            HeaderField(
                nameStart: UInt32(start), nameLength: 7, id: .upgrade, isDropped: true,
                valueStart: UInt32(start + 9), valueLength: UInt32(extendedProtocolLength),
                lineEnd: UInt32(bytes.count)))
        wantsUpgrade = true
    }

    /// `:authority` is the host; a Host field beside it must say the same (RFC 9113 section 8.3.1).
    private func concludeAuthority() -> H1Error? {
        if authorityLength == 0 {
            guard hostIndex >= 0 else { return .missingHost }
            authorityStart = Int(fields[hostIndex].valueStart)
            authorityLength = Int(fields[hostIndex].valueLength)
        } else if hostIndex >= 0 {
            guard value(fields[hostIndex]).equalsIgnoringCase(authorityBytes) else {
                return .invalidHost
            }
            fields[hostIndex].isDropped = true
        }
        return H1Scanner.isAuthority(authorityBytes) ? nil : .invalidHost
    }

    private func concludeTarget() -> H1Error? {
        if method == .connect {
            // RFC 9113 section 8.5: host and port, as in HTTP/1.1.
            guard authorityBytes.lastIndex(of: 0x3a) > 0 else { return .target }
            targetForm = .authority
            return nil
        }
        guard pathLength > 0 else { return .target }
        let path = pathBytes
        if path[0] == 0x2f {
            targetForm = .origin
        } else if method == .options, path.equals("*") {
            targetForm = .asterisk
        } else {
            return .target
        }
        return nil
    }

    /// RFC 9113 section 8.2.3: crumbs of one cookie are joined again for HTTP/1.
    private func joinCookies() {
        let start = bytes.count
        bytes.append("cookie: ")
        let valueStart = bytes.count
        var isFirst = true
        for index in fields.indices where fields[index].id == .cookie {
            if !isFirst { bytes.append("; ") }
            isFirst = false
            bytes.append(value(fields[index]).array)
            fields[index].isDropped = true
        }
        let valueEnd = bytes.count
        bytes.append("\r\n")
        fields.append(
            HeaderField(
                nameStart: UInt32(start), nameLength: 6, id: .cookie, isDropped: false,
                valueStart: UInt32(valueStart), valueLength: UInt32(valueEnd - valueStart),
                lineEnd: UInt32(bytes.count)))
    }
}
