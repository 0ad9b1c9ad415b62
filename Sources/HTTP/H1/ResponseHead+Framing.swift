// What the fields of a complete response head say. A response in doubt becomes 502, so that nobody
// behind us reads a second response into the body of the first.
public import Net

extension ResponseHead {
    /// Takes the head's bytes over from where they were scanned and draws the conclusions for a
    /// response to a request with `method`.
    public func adopt(_ source: ByteView, method: HTTPMethod) -> H1Error? {
        bytes.removeAll()
        bytes.append(source.prefix(length))
        return conclude(method: method)
    }

    public func conclude(method: HTTPMethod) -> H1Error? {
        var options = ConnectionOptions()
        var lengthIndex = -1
        var encodingIndex = -1
        var hasUpgrade = false
        for index in fields.indices {
            switch fields[index].id {
            case .contentLength:
                guard lengthIndex < 0 else { return .duplicateContentLength }
                lengthIndex = index
            case .transferEncoding:
                guard encodingIndex < 0 else { return .transferEncoding }
                encodingIndex = index
                fields[index].isDropped = true
            case .connection:
                fields[index].isDropped = true
                applyConnectionField(fields[index], to: &options)
            case .keepAlive, .proxyConnection, .trailer:
                fields[index].isDropped = true
            case .upgrade:
                hasUpgrade = true
                fields[index].isDropped = true
            default: break
            }
        }
        if options.count > ConnectionOptions.countMax { return .tooManyFields }
        wantsClose = options.close
        wantsKeepAlive = options.keepAlive
        wantsUpgrade = options.upgrade && hasUpgrade
        if encodingIndex >= 0, lengthIndex >= 0 { return .lengthAndTransferEncoding }
        if encodingIndex >= 0 {
            guard minorVersion == 1 else { return .transferEncodingInOldVersion }
            guard value(fields[encodingIndex]).equalsIgnoringCase("chunked") else {
                return .transferEncoding
            }
            framing = .chunked
        } else if lengthIndex >= 0 {
            guard let length = value(fields[lengthIndex]).decimal() else { return .contentLength }
            framing = length == 0 ? .none : .length(length)
        } else {
            framing = .untilClose
        }
        // RFC 9112 section 6.3: no body whatever the fields say. A 2xx to CONNECT never comes here.
        if method == .head || status < 200 || status == 204 || status == 304 { framing = .none }
        return nil
    }
}
