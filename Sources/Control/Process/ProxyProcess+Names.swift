// Host names of a configuration that is about to go live: looked up before requests need them.
// A service whose name is still being looked up would answer its first requests with 503.
internal import Mesh
internal import Net
internal import Proxy

extension ProxyProcess {
    /// How long a configuration waits for names that are new in it. Who does not answer by then
    /// does not keep everything else waiting.
    private static let namesWaitMs: UInt64 = 2_000

    /// Takes a configuration whose sockets are bound once every new name was answered, at once
    /// where there is none. What the workers need of the answers is told to them before.
    func takeWithNames(
        _ snapshot: Snapshot, _ reading: ConfigurationReading, bindings: [[Worker.Binding]]
    ) {
        isAdopting = true
        let wanted = snapshot.names
        names.add(wanted)
        names.whenAnswered(wanted, withinMs: Self.namesWaitMs) { [unowned self] in
            guard drain == nil, !listenersAreDrained else {
                isAdopting = false
                for binding in bindings.joined() { Socket.close(binding.descriptor) }
                return
            }
            take(snapshot, reading, bindings: bindings)
        }
    }
}
