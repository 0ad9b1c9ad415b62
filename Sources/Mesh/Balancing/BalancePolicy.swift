// What only some clusters say about the choice of an endpoint: priorities and places, hashing,
// warm-up, panic. One object, so that a cluster that says nothing costs a pointer and a request to
// it one comparison.

public final class BalancePolicy: Sendable {
    /// By priority, the first first; every priority has an endpoint.
    public let priorities: [PriorityLevel]
    /// Why the endpoints stand as they do; nil where they all stand together.
    public let ordering: Ordering?
    public let hash: HashSettings?
    public let warmup: Warmup?
    /// Below this share of available endpoints, in percent, a priority asks all of them
    /// (outlierDetection.minHealthPercent); 0: never.
    public let panicPercent: UInt32

    public struct HashSettings: Sendable, Equatable {
        public let key: HashKey
        public let algorithm: HashTable.Algorithm
    }

    public init(
        priorities: [PriorityLevel], ordering: Ordering? = nil, hash: HashSettings? = nil,
        warmup: Warmup? = nil, panicPercent: UInt32 = 0
    ) {
        self.priorities = priorities
        self.ordering = ordering
        self.hash = hash
        self.warmup = warmup
        self.panicPercent = panicPercent
    }

    /// What decides who stands where.
    public enum Ordering: Sendable, Equatable {
        /// By place, seen from this proxy's; `to` is the region that stands in for its own.
        case failover(to: String?)
        /// By labels that are the same as this proxy's.
        case labels([String])
        /// Shares by place.
        case distribute
        /// By region, and within the own by place as far as each can bear it.
        case zones(failover: String?)
    }

    /// Slow start of endpoints that join a cluster (Istio's `warmup`, Envoy's slow_start_config).
    public struct Warmup: Sendable, Equatable {
        public let durationMs: UInt64
        /// Of its weight, 0 to 1.
        public let minimumShare: Double
        /// 1 is linear; more is faster in the beginning.
        public let aggression: Double

        public init(durationMs: UInt64, minimumShare: Double = 0.1, aggression: Double = 1) {
            self.durationMs = durationMs
            self.minimumShare = minimumShare
            self.aggression = aggression
        }

        /// Of its weight, after `time` of the whole, 0 to 1 (Envoy applySlowStartFactor).
        public func share(at time: Double) -> Double {
            max(minimumShare, Self.power(max(time, 1 / Double(durationMs)), 1 / aggression))
        }

        /// `base` to the power of `exponent`, both in 0...1: the product of those square roots of
        /// square roots that the exponent's binary digits name.
        private static func power(_ base: Double, _ exponent: Double) -> Double {
            var result = exponent >= 1 ? base : 1
            var root = base
            var rest = exponent >= 1 ? 0 : exponent
            while rest > 0 {
                root = root.squareRoot()
                rest *= 2
                if rest >= 1 {
                    result *= root
                    rest -= 1
                }
                if root == 1 { break }
            }
            return result
        }
    }
}

/// Endpoints that are asked before those of the next level.
public struct PriorityLevel: Sendable {
    /// One, unless shares are laid down by place.
    public let groups: [EndpointGroup]
    /// Of a cluster that hashes.
    public let table: HashTable?
    /// How the groups share the level, by who is available; nil: by their weights.
    public let zones: ZoneShares?

    public init(
        groups: [EndpointGroup], table: HashTable? = nil, zones: ZoneShares? = nil
    ) {
        self.groups = groups
        self.table = table
        self.zones = zones
    }
}

/// Endpoints among which the cluster's balancer chooses.
public struct EndpointGroup: Sendable, Equatable {
    /// Places among the cluster's endpoints, ascending.
    public let members: [Int]
    /// Its share of the level, among the other groups'.
    public let weight: UInt32

    public init(members: [Int], weight: UInt32 = 1) {
        self.members = members
        self.weight = weight
    }
}

extension Cluster {
    /// Where `endpoint` stands in line: 0 is asked first. Of one that is never asked it is the
    /// number of priorities.
    public func priority(of endpoint: Endpoint) -> Int {
        guard let balance, let place = endpoints.firstIndex(where: { $0 === endpoint }) else {
            return 0
        }
        return balance.priority(of: place) ?? balance.priorities.count
    }
}

extension BalancePolicy {
    /// Alike but for the tables, which follow from the rest and the endpoints.
    func isSame(as other: BalancePolicy) -> Bool {
        ordering == other.ordering && hash == other.hash && warmup == other.warmup
            && panicPercent == other.panicPercent
            && priorities.map(\.groups) == other.priorities.map(\.groups)
            && priorities.map(\.zones) == other.priorities.map(\.zones)
    }

    static func areSame(_ one: BalancePolicy?, _ other: BalancePolicy?) -> Bool {
        guard let one, let other else { return one == nil && other == nil }
        return one === other || one.isSame(as: other)
    }

    /// The priority of the endpoint in a place; nil for one that is never asked.
    public func priority(of place: Int) -> Int? {
        priorities.firstIndex { level in level.groups.contains { $0.members.contains(place) } }
    }
}
