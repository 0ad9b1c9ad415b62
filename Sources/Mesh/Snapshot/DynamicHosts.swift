// Where requests go by the host that they name: what a cluster without endpoints of its own knows
// of endpoints it has not met yet.
// ServiceEntries of resolution DYNAMIC_DNS, and any host at all for a forward proxy under ALLOW_ANY
// (Envoy's dynamic forward proxy).

public final class DynamicHosts: Sendable {
    /// Addresses that an object lists, with its ports: who lists an address means it.
    public struct Exception: Sendable, Hashable {
        public let block: AddressBlock
        public let ports: [UInt16]

        public init(block: AddressBlock, ports: [UInt16]) {
            self.block = block
            self.ports = ports
        }
    }

    /// What each of them is like but for its address: workload, TLS, origin.
    public let template: Endpoint
    /// The names that may be looked up, `*.wikipedia.org`; nil: any, and addresses as well.
    public let pattern: String?
    /// nil: the one that the request names.
    public let port: UInt16?
    /// Addresses that are dialled though no name may lead there; see `AddressHazard`.
    public let exceptions: [Exception]

    public init(
        template: Endpoint, pattern: String?, port: UInt16?, exceptions: [Exception] = []
    ) {
        self.template = template
        self.pattern = pattern
        self.port = port
        self.exceptions = exceptions
    }

    /// - Parameter host: lower case; an IP literal without brackets.
    public func admits(_ host: String) -> Bool {
        pattern.map { HostName.isWithin(host, $0) } ?? true
    }

    /// Whether some object lists the address, given as `AddressBlock` has it.
    public func excepts(_ high: UInt64, _ low: UInt64, port: UInt16) -> Bool {
        exceptions.contains { $0.ports.contains(port) && $0.block.contains(high, low) }
    }

    func isSame(as other: DynamicHosts) -> Bool {
        self === other
            || template.isSame(as: other.template) && pattern == other.pattern
                && port == other.port && exceptions == other.exceptions
    }

    static func areAlike(_ one: DynamicHosts?, _ two: DynamicHosts?) -> Bool {
        switch (one, two) {
        case (nil, nil): true
        case (let one?, let two?): one.isSame(as: two)
        default: false
        }
    }
}
