// What is changed of a request's path and host on the way (Istio HTTPRewrite).
// Which part of the path `uri` replaces depends on how the rule matched, so that is decided later.

public struct HTTPRewrite: Sendable {
    public var position = Position()
    /// Empty where it says nothing.
    public var uri = ""
    public var authority = ""
    public var uriRegexRewrite: RegexRewrite?
    public init() {}

    public struct RegexRewrite: Sendable {
        /// RE2
        public var match = ""
        /// `\1` for groups.
        public var rewrite = ""
        public init() {}
    }
}
