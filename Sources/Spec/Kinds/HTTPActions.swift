// What an HTTP rule does besides forwarding: redirect, answer by itself, rewrite, change headers.
// One file, because each is a handful of fields and they are read together.

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

public struct HTTPDirectResponse: Sendable {
    public var position = Position()
    public var status: UInt16 = 0
    /// Nil where no body is given.
    public var body: [UInt8]?
    public init() {}
}

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

/// Header operations of a rule or of one of its destinations.
public final class Headers: Sendable {
    public let request: Operations
    public let response: Operations

    public init(request: Operations = Operations(), response: Operations = Operations()) {
        self.request = request
        self.response = response
    }

    public struct Operations: Sendable {
        /// In the order written.
        public var set: [Pair] = []
        public var add: [Pair] = []
        public var remove: [Located<String>] = []
        public init() {}
        public var isEmpty: Bool {
            return set.isEmpty && add.isEmpty && remove.isEmpty
        }
    }

    public struct Pair: Sendable {
        public var position = Position()
        public var name = ""
        /// Envoy's format: `%OPERATOR%`, `%%` for a percent sign.
        public var value = ""
        public init() {}
    }
}
