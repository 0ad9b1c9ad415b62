// The resolver inside a workload's namespace: names of the mesh are answered here, all others by
// the servers of the host, whose packets go through as they are.
// What it answers is the present snapshot's; a question is one datagram in and one out.
public import Mesh
public import Net

/// Lives on the loop of whoever started it.
public final class NameAnswerer: Pollable {
    /// What a resolver without EDNS(0) may send and take; with it, up to 4096 is usual.
    private static let datagramBytesMax = 4096
    /// Questions to servers under way; those beyond are dropped, and their clients ask again.
    private static let errandsMax = 512
    private static let batchMax = 64

    private let loop: Loop
    private let descriptor: Int32
    private let servers: [SocketAddress]
    private var errands = 0
    private var gate: NameGate?
    public var names: NameTable

    /// - Parameters:
    ///   - descriptor: a UDP socket that is bound; the answerer owns it from now on.
    ///   - servers: asked one after the other for what the mesh does not know.
    public init(
        _ descriptor: Int32, names: NameTable, servers: [SocketAddress], loop: Loop
    ) throws(NetError) {
        self.loop = loop
        self.descriptor = descriptor
        self.servers = servers
        self.names = names
        super.init()
        try loop.addLevelTriggered(self, descriptor: descriptor, for: .readable)
    }

    /// Takes questions by TCP as well (RFC 7766): for answers that are too long for a datagram.
    public func listen(_ socket: consuming Descriptor) throws(NetError) {
        gate = try NameGate(socket, answerer: self, loop: loop)
    }

    override public func ready(_ readiness: Readiness) {
        var bytes: [UInt8] = []
        for _ in 0..<Self.batchMax {
            guard
                let client = DatagramSocket.receive(
                    descriptor, into: &bytes, max: Self.datagramBytesMax)
            else { return }
            if let answer = answer(bytes) {
                DatagramSocket.send(descriptor, answer, to: client)
            } else {
                ask(bytes, for: client)
            }
        }
    }

    /// nil for what is not the mesh's to answer.
    func answer(_ bytes: [UInt8]) -> [UInt8]? {
        guard let question = NameQuestion(bytes) else { return nil }
        let known = names.addresses(of: question.name)
        return known.isEmpty ? nil : question.answer(known)
    }

    /// The server that is asked first, for questions by TCP.
    var server: SocketAddress? { servers.first }

    private func ask(_ bytes: [UInt8], for client: SocketAddress) {
        guard errands < Self.errandsMax, bytes.count >= NameQuestion.headerBytes else { return }
        errands += 1
        NameErrand(bytes, servers: servers, loop: loop) { [weak self] answer in
            guard let self else { return }
            errands -= 1
            if let answer = answer ?? NameQuestion(bytes)?.failure() {
                DatagramSocket.send(descriptor, answer, to: client)
            }
        }.start()
    }
}
