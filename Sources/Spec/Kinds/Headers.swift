// Header operations of a rule or of one of its destinations (Istio Headers).
// A class, because most rules have none and should pay one pointer.

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
