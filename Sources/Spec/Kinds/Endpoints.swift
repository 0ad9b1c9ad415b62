// Kubernetes' Endpoints: the addresses behind the Service of the same namespace and name.
// Superseded by EndpointSlice in Kubernetes, still what people write by hand.

public final class Endpoints: Resource {
    public static let kind = "Endpoints"
    public let metadata: Metadata
    public let source: SourceLocation
    public let subsets: [Subset]

    public init(metadata: Metadata, source: SourceLocation, subsets: [Subset] = []) {
        self.metadata = metadata
        self.source = source
        self.subsets = subsets
    }

    /// Every address serves every port.
    public struct Subset: Sendable {
        public var position = Position()
        public var addresses: [Address] = []
        public var notReadyAddresses: [Address] = []
        public var ports: [EndpointPort] = []
        public init() {}
    }

    public struct Address: Sendable {
        public var position = Position()
        public var ip = ""
        public var hostname = ""
        public var nodeName = ""
        /// The pod behind the address, where one is named.
        public var targetRef: ObjectKey?
        public init() {}
    }
}
