// A request's head, taken apart: start line, fields, and what the fields say about framing.
public import Net

public final class RequestHead: Head {
    public enum TargetForm: Sendable { case origin, absolute, authority, asterisk }

    public var method: HTTPMethod = .other
    public var methodStart = 0
    public var methodLength = 0
    public var targetForm: TargetForm = .origin
    /// The path and query as sent, `/a?b`; without scheme and authority in absolute-form.
    public var pathStart = 0
    public var pathLength = 0
    /// From the target in absolute-form, else the Host field's value.
    public var authorityStart = 0
    public var authorityLength = 0
    /// 1 or 0
    public var minorVersion = 1
    public var framing: BodyFraming = .none
    /// A Content-Length that must be written anew, as its line is dropped; -1 when none is.
    public var restatedLength = -1
    public var hostIndex = -1
    public var wantsClose = false
    public var wantsKeepAlive = false
    /// `Connection: upgrade` and an Upgrade field are both there.
    public var wantsUpgrade = false
    public var expectsContinue = false
    /// It came over HTTP/2: no Host line need be among the fields.
    public var isHTTP2 = false
    /// `:protocol` of an extended CONNECT (RFC 8441).
    public var extendedProtocolStart = 0
    public var extendedProtocolLength = 0
    /// An Expect field that asks for something else than 100-continue.
    public var hasUnknownExpectation = false

    override public func reset() {
        super.reset()
        method = .other
        methodStart = 0
        methodLength = 0
        targetForm = .origin
        pathStart = 0
        pathLength = 0
        authorityStart = 0
        authorityLength = 0
        minorVersion = 1
        framing = .none
        restatedLength = -1
        hostIndex = -1
        wantsClose = false
        wantsKeepAlive = false
        wantsUpgrade = false
        expectsContinue = false
        hasUnknownExpectation = false
        isHTTP2 = false
        extendedProtocolStart = 0
        extendedProtocolLength = 0
    }

    public var methodBytes: ByteView { bytes.readable.slice(methodStart, methodLength) }
    /// Path with query; `*` in asterisk-form, empty in authority-form.
    public var pathBytes: ByteView { bytes.readable.slice(pathStart, pathLength) }
    public var authorityBytes: ByteView { bytes.readable.slice(authorityStart, authorityLength) }
}
