// What the fields of a complete request head say: framing, connection, expectations. Every rule by
// which two recipients could see different requests lives here and refuses.
public import Net

extension RequestHead {
    /// Takes the head's bytes over from where they were scanned and draws the conclusions.
    /// `source` is what the parser was shown; returns the rule that is broken, if any.
    public func adopt(_ source: ByteView) -> H1Error? {
        bytes.removeAll()
        bytes.append(source.prefix(length))
        return conclude()
    }

    /// As `adopt` for a head whose bytes are in `bytes` already.
    public func conclude() -> H1Error? {
        var options = ConnectionOptions()
        var lengthIndex = -1
        var encodingIndex = -1
        var hasUpgrade = false
        for index in fields.indices {
            switch fields[index].id {
            case .host:
                guard hostIndex < 0 else { return .duplicateHost }
                hostIndex = index
            case .contentLength:
                guard lengthIndex < 0 else { return .duplicateContentLength }
                lengthIndex = index
            case .transferEncoding:
                guard encodingIndex < 0 else { return .transferEncoding }
                encodingIndex = index
            case .connection:
                fields[index].isDropped = true
                applyConnectionField(fields[index], to: &options)
            case .keepAlive, .proxyConnection, .te, .trailer:
                fields[index].isDropped = true
            case .upgrade:
                // RFC 7540's upgrade to HTTP/2 was withdrawn by RFC 9113; tunnelling it would let
                // requests past every rule. Ignored, as a server may: some clients always offer it.
                hasUpgrade = !value(fields[index]).equalsIgnoringCase("h2c")
                fields[index].isDropped = true
            case .expect:
                if value(fields[index]).equalsIgnoringCase("100-continue") {
                    expectsContinue = true
                } else {
                    hasUnknownExpectation = true
                }
            default: break
            }
        }
        if options.count > ConnectionOptions.countMax { return .tooManyFields }
        wantsClose = options.close
        wantsKeepAlive = options.keepAlive
        wantsUpgrade = options.upgrade && hasUpgrade && minorVersion == 1
        if let error = concludeHost() { return error }
        return concludeFraming(lengthIndex: lengthIndex, encodingIndex: encodingIndex)
    }

    /// RFC 9112 section 3.2: exactly one valid Host, in any request; the target's authority wins
    /// over it in absolute-form (3.2.2).
    private func concludeHost() -> H1Error? {
        guard hostIndex >= 0 else {
            // HTTP/1.0 knows no Host; it is refused for its version, with its own status.
            return minorVersion == 0 ? nil : .missingHost
        }
        let host = value(fields[hostIndex])
        guard !host.isEmpty else { return .missingHost }
        guard H1Scanner.isAuthority(host) else { return .invalidHost }
        if targetForm == .origin || targetForm == .asterisk {
            authorityStart = Int(fields[hostIndex].valueStart)
            authorityLength = host.count
        }
        return nil
    }

    /// RFC 9112 section 6.1 to 6.3. A message with both lengths, two lengths, or a transfer coding
    /// other than a single `chunked` is refused: what one recipient reads differently from another
    /// is how requests are smuggled.
    private func concludeFraming(lengthIndex: Int, encodingIndex: Int) -> H1Error? {
        if encodingIndex >= 0 {
            guard lengthIndex < 0 else { return .lengthAndTransferEncoding }
            guard minorVersion == 1 else { return .transferEncodingInOldVersion }
            guard value(fields[encodingIndex]).equalsIgnoringCase("chunked") else {
                return .transferEncoding
            }
            framing = .chunked
            // Written anew: readers that look for `chunked` letter by letter, or do not know a tab
            // for a blank, would take the body for the next request.
            fields[encodingIndex].isDropped = true
        } else if lengthIndex >= 0 {
            guard let length = value(fields[lengthIndex]).decimal() else { return .contentLength }
            framing = length == 0 ? .none : .length(length)
            if !isPlain(fields[lengthIndex]) {
                fields[lengthIndex].isDropped = true
                restatedLength = length
            }
        }
        // The bytes behind an upgrade belong to the new protocol; a body would be read as such.
        if wantsUpgrade, framing != .none { return .upgradeWithBody }
        return nil
    }

    /// Whether a Content-Length line is `name: digits` and nothing more: one blank, no leading
    /// zero.
    private func isPlain(_ field: HeaderField) -> Bool {
        let value = value(field)
        return field.valueStart == field.nameStart + UInt32(field.nameLength) + 2
            && bytes.readable[Int(field.valueStart) - 1] == 0x20
            && field.lineEnd == field.valueStart + field.valueLength + 2
            && (value[0] != 0x30 || value.count == 1)
    }
}
