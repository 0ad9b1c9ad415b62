// Happy Eyeballs (RFC 8305 section 5): where a name has several addresses and one does not answer
// at once, the next is dialled beside it; the first that connects is taken, the others are closed.
// TCP decides: a peer that does not come to terms over TLS would not at its other address either.
import Net

extension Opening {
    /// Attempts under way at the same time; a name may have any number of addresses.
    private static let attemptsMax = 4

    /// One attempt failed: whether there is another, under way or begun now.
    func goesOn(after error: DialFailure, at address: SocketAddress) -> Bool {
        latestError = error
        endpoint.avoid(address)
        return dialAnother() || socket.isOpen || !attempts.isEmpty
    }

    /// Dials the next address there is; false where there is none, or enough are dialled.
    @discardableResult
    func dialAnother() -> Bool {
        loop.timers.cancel(attemptTimer)
        guard !tried.isEmpty, attempts.count + (socket.isOpen ? 1 : 0) < Self.attemptsMax else {
            return false
        }
        while let next = endpoint.anotherAddress(than: tried) {
            tried.append(next)
            do throws(DialFailure) {
                if socket.isOpen {
                    attempts.append(try Attempt(of: self, at: next))
                } else {
                    try dial(next)
                }
                scheduleAttempt()
                return true
            } catch {
                latestError = error
                endpoint.avoid(next)
            }
        }
        return false
    }

    func scheduleAttempt() {
        guard !tried.isEmpty else { return }
        attemptTimer = loop.timers.schedule(
            afterMs: worker.settings.limits.attemptDelayMs, target: self, tag: Timer.nextAddress)
    }

    /// TCP stands at `address`. Who was dialled before and has not answered yet is passed over for
    /// a while, or every connection would wait for it anew.
    func endRace() {
        closeAttempts()
        for slower in tried.prefix(while: { $0 != address }) { endpoint.avoid(slower) }
    }

    func closeAttempts() {
        loop.timers.cancel(attemptTimer)
        for attempt in attempts { attempt.close() }
        attempts.removeAll()
    }

    fileprivate func attemptStands(_ attempt: Attempt, _ readiness: Readiness) {
        socket.close(loop)
        attempts.removeAll { $0 === attempt }
        address = attempt.address
        let raw = attempt.takeDescriptor()
        loop.hand(descriptor: raw, to: self)
        adopt(raw)
        ready(readiness)
    }

    fileprivate func attemptFailed(_ attempt: Attempt, _ error: DialFailure) {
        attempts.removeAll { $0 === attempt }
        attempt.close()
        if !goesOn(after: error, at: attempt.address) { failed() }
    }
}

/// A socket on its way to one of the other addresses.
final class Attempt: Pollable {
    private let opening: Opening
    let address: SocketAddress
    private var descriptor: Int32

    fileprivate init(of opening: Opening, at address: SocketAddress) throws(DialFailure) {
        self.opening = opening
        self.address = address
        descriptor = try opening.connect(to: address)
        super.init()
        do throws(NetError) {
            try opening.loop.add(self, descriptor: descriptor, for: .stream)
        } catch {
            Socket.close(descriptor)
            throw .connect(error.reason)
        }
    }

    override func ready(_ readiness: Readiness) {
        guard !readiness.isDisjoint(with: [.writable, .error, .hangup]) else { return }
        let code = Socket.pendingError(descriptor)
        if code == 0 {
            opening.attemptStands(self, readiness)
        } else {
            opening.attemptFailed(self, .connect(NetError.text(code)))
        }
    }

    func takeDescriptor() -> Int32 {
        defer { descriptor = -1 }
        return descriptor
    }

    func close() {
        guard descriptor >= 0 else { return }
        opening.loop.forget(descriptor: descriptor)
        Socket.close(takeDescriptor())
    }
}
