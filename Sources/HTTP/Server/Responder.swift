// The right to answer one request, now or later.
// A handler that has to ask others first keeps it; one that forgets about it answers 500, so that
// no client waits for ever.

/// Used on the loop's thread alone. Answers to a client that has left go nowhere.
public final class Responder {
    private enum State { case fresh, streaming, done }

    private let connection: ServerConnection
    private let isHead: Bool
    private var state = State.fresh

    init(_ connection: ServerConnection, isHead: Bool) {
        self.connection = connection
        self.isHead = isHead
    }

    deinit {
        guard connection.server.isOnLoop else { return }
        switch state {
        case .fresh:
            connection.answer(.text("no answer\n", status: 500), isHead: isHead)
        case .streaming:
            // The body must not look complete.
            connection.abandon()
        case .done: break
        }
    }

    /// False once the client has left; then there is no need to go on working.
    public var isConnected: Bool { connection.isOpen }

    /// Answers with a whole response. Only the first answer counts.
    public func send(_ response: ServerResponse) {
        guard state == .fresh else { return }
        state = .done
        connection.answer(response, isHead: isHead)
    }

    /// Begins a response whose body follows in pieces, of a length not known yet. The response's
    /// own body is the first piece.
    public func begin(_ response: ServerResponse) {
        guard state == .fresh else { return }
        state = .streaming
        connection.beginStream(response, isHead: isHead)
    }

    public func write(_ bytes: [UInt8]) {
        guard state == .streaming, !isHead else { return }
        connection.writeStream(bytes)
    }

    public func end() {
        guard state == .streaming else { return }
        state = .done
        connection.endStream(isHead: isHead)
    }

    /// Answers with a body that is made while it is sent: `next` is called for another piece
    /// whenever the client has taken all so far, until it returns nil. However long the body, one
    /// piece of it is held.
    public func stream(_ response: ServerResponse, pulling next: @escaping () -> [UInt8]?) {
        guard state == .fresh else { return }
        begin(response)
        state = .done
        connection.pullStream(next, isHead: isHead)
    }

    /// Bytes written that the client has not taken yet; for who produces faster than clients read.
    public var pendingBytes: Int { connection.pendingBytes }
}
