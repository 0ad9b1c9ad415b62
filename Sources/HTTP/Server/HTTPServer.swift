// A small HTTP/1.1 server for what serves people: the admin port, health checks, the demo.
// Requests arrive whole and answers may be sent later; it shares the codec with the data plane,
// which never runs through here.
public import Net

/// Lives on one loop's thread.
public final class HTTPServer {
    public typealias Handler = (ServerRequest, Responder) -> Void

    public let limits: ServerLimits
    /// The value of the `server` field; nil for none.
    public let name: String?
    unowned let loop: Loop
    /// nil once the loop has ended: what is still alive then must not touch it.
    private weak var livingLoop: Loop?
    let handler: Handler
    private var listeners: [ServerListener] = []
    private var date = HTTPDate()
    /// Connections open now.
    public internal(set) var connectionCount = 0
    private(set) var isStopping = false

    /// - Parameter handler: called on the loop's thread with every request.
    public init(
        loop: Loop, limits: ServerLimits = ServerLimits(), name: String? = nil,
        handler: @escaping Handler
    ) {
        self.loop = loop
        livingLoop = loop
        self.limits = limits
        self.name = name
        self.handler = handler
    }

    /// Serves connections to a socket, until `stop`.
    public func serve(_ socket: ListeningSocket) throws(NetError) {
        let listener = ServerListener(socket, server: self)
        try listener.start()
        listeners.append(listener)
    }

    /// Binds and serves an address. - Returns: the address, with the port the system chose.
    @discardableResult
    public func listen(on address: SocketAddress) throws(NetError) -> SocketAddress {
        let socket = try ListeningSocket(on: address)
        try serve(socket)
        return socket.address
    }

    /// Takes no more connections and closes those without a request under way; the others close
    /// once they are answered.
    public func stop() {
        isStopping = true
        for listener in listeners { listener.stop() }
        listeners = []
        loop.forEachWatched { pollable in
            if let connection = pollable as? ServerConnection, connection.server === self {
                connection.serverIsStopping()
            }
        }
    }

    var isOnLoop: Bool { livingLoop != nil }

    func appendDate(to out: inout Buffer) {
        date.append(to: &out, wallNs: loop.wallNs)
    }
}
