// The demo application: Istio's Bookinfo as six HTTP services in one thread.
// It behaves like the original, texts and timeouts and the deliberate bug included, so that every
// tutorial written for Istio shows what it says; it needs no container and starts in milliseconds.
import HTTP
public import Net

/// `start`, `stop` and `services` are called from one thread, the owner's.
public final class Bookinfo {
    /// A service and the address it was bound to.
    public struct Running: Sendable {
        public let service: BookinfoService
        public let address: SocketAddress
        public var name: String { service.name }
        public var version: String { service.version }
    }

    private let configuration: BookinfoConfiguration
    private var thread: LoopThread?
    /// Empty before `start` and after `stop`.
    public private(set) var services: [Running] = []

    public init(_ configuration: BookinfoConfiguration = BookinfoConfiguration()) {
        self.configuration = configuration
    }

    /// Binds all six addresses, then starts to serve. On an error nothing is left bound.
    public func start() throws(BookinfoError) {
        if !services.isEmpty { return }
        var sockets: [BookinfoService: ListeningSocket] = [:]
        for service in BookinfoService.allCases {
            let address = configuration.addresses[service] ?? service.defaultAddress()
            do throws(NetError) {
                sockets[service] = try ListeningSocket(on: address)
            } catch {
                throw .cannotBind("\(service.name) \(service.version)", address, error)
            }
        }
        let running = BookinfoService.allCases.compactMap { service in
            sockets[service].map { Running(service: service, address: $0.address) }
        }
        let directory = Directory(configuration, running)
        let bound = sockets
        do throws(NetError) {
            thread = try LoopThread.start(name: "bookinfo") { loop in
                Town(loop: loop, directory: directory, sockets: bound)
            }
        } catch {
            throw .cannotStartThread(error)
        }
        services = running
    }

    /// Ends all services and waits for their thread; requests under way are cut off.
    public func stop() {
        services = []
        thread.take()?.stop()
    }

    deinit {
        thread.take()?.stop()
    }
}
