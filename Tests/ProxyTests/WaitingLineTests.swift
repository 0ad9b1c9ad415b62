// The order in which requests are served that wait, and the numbers that workers share.
import Net
import Telemetry
import Testing

@testable import Proxy

@Suite("waiting lines and tallies")
struct WaitingLineTests {
    /// Streams that stand in lines and do nothing else; made on a worker's loop, where they belong.
    private func onLoop(
        _ body: @escaping @Sendable (() -> WaitingStream) -> [String]
    ) throws -> [String] {
        let (rig, _) = try Rig.forwarding()
        return try rig.onLoop { worker in
            let endpoint = worker.cluster(at: 0).endpoints[0]
            return body { WaitingStream(endpoint: endpoint, worker: worker) }
        }
    }

    @Test("first come, first served")
    func order() throws {
        let faults = try onLoop { make in
            var line = WaitingLine()
            let streams = (0..<300).map { _ in make() }
            for stream in streams { line.append(stream) }
            var faults: [String] = []
            for (place, stream) in streams.enumerated() {
                guard let first = line.first(), first === stream else {
                    faults.append("another one at \(place)")
                    break
                }
                line.remove(first)
            }
            if !line.isEmpty || line.first() != nil { faults.append("somebody is left") }
            return faults
        }
        #expect(faults == [])
    }

    @Test("whoever leaves is skipped, wherever it stood, and the others keep their order")
    func leaving() throws {
        let faults = try onLoop { make in
            var faults: [String] = []
            var line = WaitingLine()
            var model: [WaitingStream] = []
            var state: UInt32 = 7
            func draw(below count: Int) -> Int {
                state = state &* 1_664_525 &+ 1_013_904_223
                return Int(state >> 16) % count
            }
            for step in 0..<20_000 {
                switch draw(below: 5) {
                case 0, 1, 2:
                    let stream = make()
                    line.append(stream)
                    model.append(stream)
                case 3 where !model.isEmpty:
                    let stream = model.remove(at: draw(below: model.count))
                    if !line.remove(stream) { faults.append("not found at \(step)") }
                    if line.remove(stream) { faults.append("found twice at \(step)") }
                default:
                    let first = line.first()
                    if first !== model.first { faults.append("order at \(step)") }
                    if let first {
                        line.remove(first)
                        model.removeFirst()
                    }
                }
                if line.count != model.count { faults.append("count at \(step)") }
            }
            let rest = line.removeAll()
            if !rest.elementsEqual(model, by: ===) { faults.append("the rest") }
            if !line.isEmpty { faults.append("not empty") }
            return faults
        }
        #expect(faults.prefix(3) == [])
    }

    @Test("threads together never take more places than there are, and lose none")
    func tally() async {
        let limits = ClusterLimits()
        let endpoint = EndpointLimits()
        let most = ClusterLimits()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<20_000 {
                        guard endpoint.takeConnection(of: limits, max: 3) else { continue }
                        most.connections.add(limits.connections.value > 3 ? 1 : 0)
                        endpoint.giveConnection(of: limits)
                    }
                }
            }
        }
        #expect(most.connections.value == 0)
        #expect(limits.connections.value == 0)
        #expect(endpoint.connections.value == 0)
        let taken = [limits.requests.take(max: 1), limits.requests.take(max: 1)]
        #expect(taken == [true, false])
    }

    @Test("an endpoint that nobody is connected to may have one connection in any case")
    func oneAtLeast() {
        let cluster = ClusterLimits()
        let (one, other) = (EndpointLimits(), EndpointLimits())
        #expect(one.takeConnection(of: cluster, max: 1))
        #expect(!one.takeConnection(of: cluster, max: 1))
        #expect(other.takeConnection(of: cluster, max: 1))
        #expect(!other.takeConnection(of: cluster, max: 1))
        one.giveConnection(of: cluster)
        #expect(one.takeConnection(of: cluster, max: 1))
        #expect(cluster.connections.value == 2)
    }

    @Test("what is shared lasts as long as somebody uses it")
    func directory() {
        let directory = SharedDirectory<String, ClusterLimits>()
        let first = directory.enter("a") { ClusterLimits() }
        #expect(directory.enter("a") { ClusterLimits() } === first)
        #expect(directory.enter("b") { ClusterLimits() } !== first)
        directory.leave("a")
        #expect(directory.enter("a") { ClusterLimits() } === first)
        directory.leave("a")
        directory.leave("a")
        #expect(directory.enter("a") { ClusterLimits() } !== first)
        #expect(directory.count == 2)
    }
}
