// A response's head, taken apart.
public import Net

public final class ResponseHead: Head {
    public var status: UInt16 = 0
    public var reasonStart = 0
    public var reasonLength = 0
    public var minorVersion = 1
    /// What the fields say; whether there is a body at all depends on the request's method too.
    public var framing: BodyFraming = .untilClose
    public var wantsClose = false
    public var wantsKeepAlive = false
    public var wantsUpgrade = false
    /// It came over HTTP/2: frames say where the body ends.
    public var isHTTP2 = false

    override public func reset() {
        super.reset()
        status = 0
        reasonStart = 0
        reasonLength = 0
        minorVersion = 1
        framing = .untilClose
        wantsClose = false
        wantsKeepAlive = false
        wantsUpgrade = false
        isHTTP2 = false
    }

    public var reasonBytes: ByteView { bytes.readable.slice(reasonStart, reasonLength) }

    /// Whether the connection it came on can carry another exchange (RFC 9112 section 9.3).
    public var allowsReuse: Bool {
        minorVersion == 1 ? !wantsClose : wantsKeepAlive && !wantsClose
    }
}
