// The listening sockets of the process: one a worker and listener, bound before anything is told.
// Binding is what can fail, so it comes first and all together: a configuration that needs an
// address somebody else has is refused whole, and not half taken over.
internal import Mesh
internal import Net
internal import Proxy

final class ListenerSockets {
    /// By `ListenerSpec.name`: what the workers listen on.
    private(set) var addresses: [String: SocketAddress] = [:]
    private let workerCount: Int
    /// Where the workload makes its calls, when that is a namespace of its own.
    private let workloadSockets: SocketSupply?

    init(workerCount: Int, workloadSockets: SocketSupply? = nil) {
        self.workerCount = workerCount
        self.workloadSockets = workloadSockets
    }

    /// Sockets that are bound and belong to nobody yet.
    struct Fresh: ~Copyable {
        fileprivate var descriptors: [(listener: String, number: Int32, worker: Int)] = []
        fileprivate var addresses: [String: SocketAddress] = [:]

        var count: Int { addresses.count }

        deinit {
            for descriptor in descriptors { Socket.close(descriptor.number) }
        }

        /// What each worker gets; the sockets are theirs from now on.
        fileprivate consuming func release(workerCount: Int) -> [[Worker.Binding]] {
            var bindings = [[Worker.Binding]](repeating: [], count: workerCount)
            for descriptor in descriptors {
                bindings[descriptor.worker].append(
                    Worker.Binding(
                        listener: descriptor.listener, descriptor: descriptor.number))
            }
            descriptors = []
            return bindings
        }
    }

    /// Binds what `listeners` need and is not bound yet. Nothing stays bound where one fails.
    func bind(_ listeners: [ListenerSpec]) throws(BindFailure) -> Fresh {
        var fresh = Fresh()
        for listener in listeners where listener.isBound && addresses[listener.name] == nil {
            let wanted = try Self.address(of: listener)
            do throws(NetError) {
                let place = listener.direction == .outbound ? workloadSockets : nil
                try bind(listener.name, to: wanted, in: place, into: &fresh)
            } catch {
                throw BindFailure(
                    address: wanted, declaredPort: listener.declaredPort, reason: error)
            }
        }
        return fresh
    }

    /// Takes the sockets over for good. - Returns: what each worker gets.
    func commit(_ fresh: consuming Fresh, of listeners: [ListenerSpec]) -> [[Worker.Binding]] {
        let names = Set(listeners.map(\.name))
        addresses = addresses.filter { names.contains($0.key) }
        addresses.merge(fresh.addresses) { $1 }
        return fresh.release(workerCount: workerCount)
    }

    private static func address(of listener: ListenerSpec) throws(BindFailure) -> SocketAddress {
        if let address = SocketAddress(host: listener.bind, port: listener.port) {
            return address
        }
        throw BindFailure(
            address: .unix(listener.bind), declaredPort: listener.declaredPort,
            reason: .invalidAddress)
    }

    private func bind(
        _ name: String, to wanted: SocketAddress, in place: SocketSupply?, into fresh: inout Fresh
    ) throws(NetError) {
        if case .unix = wanted {
            // A path can be bound once: the workers share the one socket.
            let socket = try Socket.listen(on: wanted, sharesPort: false)
            for worker in 0..<workerCount {
                fresh.descriptors.append((name, socket.duplicate().release(), worker))
            }
            fresh.addresses[name] = wanted
            return
        }
        if place == nil { try refuseToShare(wanted) }
        var address = wanted
        for worker in 0..<workerCount {
            let socket = try Socket.listen(on: address, sharesPort: true, in: place)
            // Port 0: all get the one that the system chose for the first.
            address = Socket.localAddress(socket.raw) ?? address
            fresh.descriptors.append((name, socket.release(), worker))
        }
        fresh.addresses[name] = address
    }

    /// With SO_REUSEPORT a second gateway of the same user could bind the first one's port and
    /// take every other connection from it. Without the option the system says no.
    private func refuseToShare(_ address: SocketAddress) throws(NetError) {
        let isOwnPort = addresses.values.contains { $0.port == address.port }
        guard address.port != 0, !isOwnPort else { return }
        _ = try Socket.listen(on: address, sharesPort: false)
    }
}

extension NetError {
    /// EINVAL of `bind`.
    fileprivate static var invalidAddress: NetError { NetError(call: "bind", errno: 22) }
}
