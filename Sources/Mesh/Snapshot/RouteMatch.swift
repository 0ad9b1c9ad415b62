// What one match block asks of a request. The common case, a path and nothing else, is decided
// without touching `conditions`.

public struct RouteMatch: Sendable, Equatable {
    public enum Path: Sendable, Equatable {
        /// No uri at all: everything.
        case any
        case exact([UInt8])
        /// A raw string prefix: `/foo` matches `/foobar`.
        case prefix([UInt8])
        /// RE2, the whole path.
        case regex(Regex)
    }

    public let path: Path
    /// Exact and prefix only; the bytes in `path` are lower case then.
    public let ignoresPathCase: Bool
    /// All of them must hold.
    public let conditions: [RouteCondition]

    public init(path: Path, ignoresPathCase: Bool = false, conditions: [RouteCondition] = []) {
        self.path = path
        self.ignoresPathCase = ignoresPathCase
        self.conditions = conditions
    }
}

public enum RouteCondition: Sendable, Equatable {
    case method(StringMatcher)
    case scheme(StringMatcher)
    /// Host including any port, as sent.
    case authority(StringMatcher)
    /// `name` is lower case. Repeated fields are joined with `,` first; absent never matches.
    case header(name: [UInt8], StringMatcher)
    /// Negated; an absent field makes it true.
    case withoutHeader(name: [UInt8], StringMatcher)
    /// The first parameter of that name; undecoded.
    case queryParameter(name: [UInt8], StringMatcher)
    /// `:path` as a header key: the path with its query.
    case pathAndQuery(StringMatcher)
    /// `withoutHeaders` with a pseudo header as its key.
    indirect case not(RouteCondition)
    /// A configured match that this proxy cannot decide yet (JWT claims): never true.
    case never(reason: String)
}

public enum StringMatcher: Sendable, Equatable {
    case exact([UInt8])
    case prefix([UInt8])
    case regex(Regex)
    /// `{}`: the field is there, whatever it says.
    case present
}
