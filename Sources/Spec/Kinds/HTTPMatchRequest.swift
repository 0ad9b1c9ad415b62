// One match block of an HTTP rule; all its conditions must hold.
// The path is what nearly every block asks about and stands in the open, the rest shares a box.

public struct HTTPMatchRequest: Sendable {
    public var position = Position()
    public var uri: StringMatch?
    /// Exact and prefix only.
    public var ignoreUriCase = false
    /// Nil where the block asks about the path alone.
    public var conditions: Box<Conditions>?

    public init() {}

    /// The conditions a block seldom has.
    public struct Conditions: Sendable {
        public var name = ""
        public var scheme: StringMatch?
        public var method: StringMatch?
        /// Compared with the host as sent, with its port.
        public var authority: StringMatch?
        /// In the order written; names as written.
        public var headers: [NamedMatch] = []
        public var withoutHeaders: [NamedMatch] = []
        public var queryParams: [NamedMatch] = []
        /// Decided when the configuration is compiled: the listener's port.
        public var port: UInt16?
        /// Overrides the VirtualService's list for this block.
        public var gateways: [Located<String>] = []
        public var sourceLabels: [String: String] = [:]
        public var sourceNamespace = ""
        public var statPrefix = ""
        public init() {}
    }

    public var name: String { conditions?.value.name ?? "" }
    public var scheme: StringMatch? { conditions?.value.scheme }
    public var method: StringMatch? { conditions?.value.method }
    public var authority: StringMatch? { conditions?.value.authority }
    public var headers: [NamedMatch] { conditions?.value.headers ?? [] }
    public var withoutHeaders: [NamedMatch] { conditions?.value.withoutHeaders ?? [] }
    public var queryParams: [NamedMatch] { conditions?.value.queryParams ?? [] }
    public var port: UInt16? { conditions?.value.port }
    public var gateways: [Located<String>] { conditions?.value.gateways ?? [] }
    public var sourceLabels: [String: String] { conditions?.value.sourceLabels ?? [:] }
    public var sourceNamespace: String { conditions?.value.sourceNamespace ?? "" }
    public var statPrefix: String { conditions?.value.statPrefix ?? "" }
}
