// The few numbers that must hold for the whole process and not for one loop alone.
import Synchronization

public final class ProcessCounts: Sendable {
    private let connections = Atomic<Int>(0)
    /// Of clusters that have any, by name.
    let limits = SharedDirectory<String, ClusterLimits>()
    let health = SharedDirectory<String, ClusterHealth>()

    public init() {}

    /// Client connections open now.
    public var connectionCount: Int { connections.load(ordering: .relaxed) }

    /// Takes one of `max` places; false when there is none.
    func takeConnection(max: Int) -> Bool {
        let taken = connections.wrappingAdd(1, ordering: .relaxed).newValue
        if taken > max {
            connections.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    func giveConnection() {
        connections.wrappingSubtract(1, ordering: .relaxed)
    }
}
