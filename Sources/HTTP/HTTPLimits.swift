// What the codecs put up with: every number here is shown by `isthmus version --limits`.

public struct HTTPLimits: Sendable {
    /// Bytes of a request or response head, start line and all; Envoy's 60 KiB.
    public var headBytesMax = 60 * 1024
    /// Bytes of a request line: method, target and version.
    public var requestLineBytesMax = 32 * 1024
    /// Field lines of a head; Envoy's 100.
    public var fieldsMax = 100
    /// Bytes of all trailer fields of one message.
    public var trailerBytesMax = 8 * 1024
    /// Bytes of all chunk extensions of one message; they are read over and dropped.
    public var chunkExtensionBytesMax = 16 * 1024

    public init() {}
}
