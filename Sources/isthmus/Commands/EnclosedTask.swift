// The command of `isthmus run` beside its proxy: started when the proxy serves, told the signals,
// and the end of both when it ends.
import Control
import Mesh
import Net

final class EnclosedTask {
    /// Where questions for names are redirected to, inside.
    static let namesPort: UInt16 = 15053
    private static let names = SocketAddress.v4(0x7f00_0001, port: namesPort)

    private let enclosure: Enclosure
    private let command: String
    private let servers: [SocketAddress]
    private let log: Log
    private var answerer: NameAnswerer?
    /// How the command ended, as a shell counts it.
    private(set) var status: Int32 = 0

    /// - Parameter servers: asked for names that are not the mesh's, one after the other.
    init(_ enclosure: Enclosure, command: String, servers: [SocketAddress], log: Log) {
        self.enclosure = enclosure
        self.command = command
        self.servers = servers
        self.log = log
    }

    func start(beside process: ProxyProcess) {
        do throws(NetError) {
            try answerNames(beside: process)
            try enclosure.run(on: process.loop) { [unowned self, unowned process] word in
                heard(word, beside: process)
            }
        } catch {
            log.error("run", "the command could not be started: \(error)")
            process.finish(.failure)
            return
        }
        process.whenTold = { [unowned self] number, isFromTerminal in
            // A terminal has told the command itself.
            if !isFromTerminal { enclosure.signal(number) }
            return true
        }
    }

    private func answerNames(beside process: ProxyProcess) throws(NetError) {
        guard enclosure.datagram >= 0, let sockets = enclosure.sockets else { return }
        try Socket.bind(enclosure.datagram, to: Self.names)
        let answerer = try NameAnswerer(
            enclosure.datagram, names: process.meshNames, servers: servers, loop: process.loop)
        try answerer.listen(Socket.listen(on: Self.names, sharesPort: false, in: sockets))
        process.whenAdopted = { [unowned answerer] in answerer.names = NameTable(of: $0) }
        self.answerer = answerer
    }

    private func heard(_ word: Enclosure.Word, beside process: ProxyProcess) {
        switch word {
        case .running(let number):
            log.info("run", "the command runs", [("pid", "\(number)")])
            return
        case .failed(let code):
            log.error("run", "\(command): \(NetError.text(code))")
            // Its end follows, with the status a shell would give.
            return
        case .ended(let status):
            self.status = status
        case .lost:
            log.error("run", "the command's keeper has ended, and the command with it")
            status = 1
        }
        process.whenTold = nil
        process.finish(.success)
    }
}
