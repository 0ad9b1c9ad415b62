// One question on its way to the host's servers, until one of them answers or none has.
// A socket of its own for each, so that its port tells the answer from a forged one (RFC 5452).
internal import Net

final class NameErrand: Pollable {
    /// For one server: as long as resolvers wait for their first (resolv.conf's `timeout`, halved).
    private static let patienceMs: UInt64 = 2_500
    private static let answerBytesMax = 4096

    private let question: [UInt8]
    private var servers: ArraySlice<SocketAddress>
    private let loop: Loop
    private var descriptor: Int32 = -1
    private var timer = TimerID.none
    private var finished: (([UInt8]?) -> Void)?

    /// - Parameter finished: called once, with the answer as it came.
    init(
        _ question: [UInt8], servers: [SocketAddress], loop: Loop,
        finished: @escaping ([UInt8]?) -> Void
    ) {
        self.question = question
        self.servers = servers[...]
        self.loop = loop
        self.finished = finished
    }

    func start() {
        while let server = servers.popFirst() {
            guard let socket = try? DatagramSocket.connect(to: server) else { continue }
            descriptor = socket.release()
            guard DatagramSocket.send(descriptor, question),
                (try? loop.addLevelTriggered(self, descriptor: descriptor, for: .readable)) != nil
            else {
                Socket.close(descriptor)
                continue
            }
            timer = loop.timers.schedule(afterMs: Self.patienceMs, target: self, tag: 0)
            return
        }
        end(nil)
    }

    override func ready(_ readiness: Readiness) {
        var bytes: [UInt8] = []
        guard
            DatagramSocket.receive(descriptor, into: &bytes, max: Self.answerBytesMax) != nil
        else {
            // Nobody listens there.
            if readiness.contains(.error) { next() }
            return
        }
        guard bytes.count >= NameQuestion.headerBytes, bytes[0] == question[0],
            bytes[1] == question[1]
        else { return }
        leave()
        end(bytes)
    }

    override func timerFired(tag: UInt8) {
        timer = .none
        next()
    }

    private func next() {
        leave()
        start()
    }

    private func leave() {
        loop.timers.cancel(timer)
        loop.remove(descriptor: descriptor)
        Socket.close(descriptor)
        descriptor = -1
    }

    private func end(_ answer: [UInt8]?) {
        let told = finished
        finished = nil
        told?(answer)
    }
}
