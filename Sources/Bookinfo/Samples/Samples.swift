// The small services of Istio's other tutorials, in one thread beside Bookinfo's.
// Circuit breaking, mirroring and TCP need servers that can be slow, can fail, and say what reached
// them; with these inside nobody has to install any.
import HTTP
public import Net

/// `start` and `stop` are called from one thread, the owner's.
public final class Samples {
    private var thread: LoopThread?

    public init() {}

    /// Binds every address, then starts to serve. On an error nothing is left bound.
    /// - Parameters:
    ///   - addresses: where each listens; who is not in it does not run. Port 0 takes a free one.
    ///   - sidecar: where details sends its calls; nowhere answers without one.
    ///   - outsideRoots: the authority of the outside's certificates, PEM.
    /// - Returns: the addresses as bound.
    @discardableResult
    public func start(
        _ addresses: [SampleWorkload: SocketAddress], sidecar: SocketAddress = .v4(0, port: 0),
        outsideRoots: [UInt8] = []
    ) throws(BookinfoError) -> [SampleWorkload: SocketAddress] {
        var sockets: [SampleWorkload: ListeningSocket] = [:]
        for (workload, address) in addresses {
            do throws(NetError) {
                sockets[workload] = try ListeningSocket(on: address)
            } catch {
                throw .cannotBind(workload.name, address, error)
            }
        }
        let bound = sockets
        do throws(NetError) {
            thread = try LoopThread.start(name: "samples") {
                SampleTown(loop: $0, bound, sidecar: sidecar, outsideRoots: outsideRoots)
            }
        } catch {
            throw .cannotStartThread(error)
        }
        return bound.mapValues(\.address)
    }

    /// Ends all services and waits for their thread; requests under way are cut off.
    public func stop() { thread.take()?.stop() }

    deinit { thread.take()?.stop() }
}

/// The services on their loop, made on its thread and living as long as it.
private final class SampleTown {
    private var servers: [HTTPServer] = []
    private var echoes: [EchoListener] = []

    init(
        loop: Loop, _ sockets: [SampleWorkload: ListeningSocket], sidecar: SocketAddress,
        outsideRoots: [UInt8]
    ) {
        for (workload, socket) in sockets {
            // Only memory for watching a socket can be missing here; connections to this service
            // wait then, as they would for any process out of memory.
            do throws(NetError) {
                switch workload {
                case .httpbinV1, .httpbinV2:
                    let httpbin = Httpbin(name: workload.name, loop: loop)
                    try serve(httpbin, as: "httpbin", at: socket, on: loop)
                case .detailsV2:
                    let details = ExternalDetails(
                        sidecar: sidecar, client: HTTPClient(loop: loop))
                    try serve(details, as: "bookinfo", at: socket, on: loop)
                case .outside:
                    let outside = Outside(roots: outsideRoots)
                    try serve(outside, as: "outside", at: socket, on: loop)
                case .tcpEchoV1, .tcpEchoV2:
                    let prefix = workload == .tcpEchoV1 ? "one " : "two "
                    let echo = EchoListener(socket, prefix: Array(prefix.utf8), loop: loop)
                    try echo.start()
                    echoes.append(echo)
                }
            } catch {
                continue
            }
        }
    }

    private func serve(
        _ application: any Application, as name: String, at socket: ListeningSocket, on loop: Loop
    ) throws(NetError) {
        let server = HTTPServer(loop: loop, name: name) { application.serve($0, $1) }
        try server.serve(socket)
        servers.append(server)
    }
}
