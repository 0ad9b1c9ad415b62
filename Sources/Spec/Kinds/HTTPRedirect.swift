// Sends a client elsewhere (Istio HTTPRedirect).
// What is left empty stays as it was in the request; the query always stays.

public struct HTTPRedirect: Sendable {
    public enum PortSelection: String, Sendable, Hashable, CaseIterable {
        case fromProtocolDefault = "FROM_PROTOCOL_DEFAULT"
        case fromRequestPort = "FROM_REQUEST_PORT"
    }

    public var position = Position()
    /// Replaces the whole path; empty leaves it.
    public var uri = ""
    public var authority = ""
    public var port: UInt16?
    public var derivePort: PortSelection?
    /// `http`, `https` or empty.
    public var scheme = ""
    /// 301 where it says nothing.
    public var redirectCode: UInt16?
    /// Replaces the matched prefix; empty where it says nothing.
    public var prefixRewrite = ""
    public init() {}
}
