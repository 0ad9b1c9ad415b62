// The choice among weighted destinations: once for a request, once for a TCP connection.
// Drawn anew each time, so that shares hold whatever comes in whatever order.
import Mesh
import Net

extension Worker {
    /// The place of one of `destinations`, with probability in proportion to its weight.
    /// - Parameter totalWeight: the sum of their weights.
    func draw(_ destinations: [WeightedDestination], totalWeight: UInt32) -> Int {
        guard destinations.count > 1 else { return 0 }
        var index = 0
        var ticket = random.below(totalWeight)
        while index < destinations.count - 1, ticket >= destinations[index].weight {
            ticket -= destinations[index].weight
            index += 1
        }
        return index
    }
}
