// A name server of the tests' own: it answers by UDP and TCP whatever a test wants it to, and
// counts what it is asked.
import Foundation
import Net
import Synchronization
import Testing

/// Runs on threads of its own until it goes.
final class NameServer: Sendable {
    enum Answer: Sendable {
        /// IPv4 or IPv6 literals, behind an alias where there is one.
        case addresses([String], ttl: UInt32, alias: (name: String, ttl: UInt32)? = nil)
        /// RCODE; 0 for an empty answer.
        case code(UInt8)
        case silence
        /// By UDP: come again by TCP. By TCP: these.
        case truncated([String], ttl: UInt32)
    }

    enum Kind: UInt16, Sendable {
        case a = 1
        case aaaa = 28
    }

    typealias Book = @Sendable (String, Kind) -> Answer

    let address: SocketAddress
    private let book: Mutex<Book>
    private let asked = Mutex<[String: Int]>([:])
    private let udp: Int32
    private let tcp: Descriptor

    init(_ book: @escaping Book) throws {
        self.book = Mutex(book)
        let any = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        tcp = try Socket.listen(on: any, sharesPort: false)
        address = try #require(Socket.localAddress(tcp.raw))
        udp = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        // struct sockaddr_in: family, then port and address in network order.
        let port = address.port
        var own: [UInt8] = [2, 0, UInt8(port >> 8), UInt8(port & 255), 127, 0, 0, 1]
        own += [UInt8](repeating: 0, count: 8)
        let bound = unsafe own.withUnsafeBytes { bytes in
            unsafe bind(
                udp, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count))
        }
        try #require(bound == 0)
        // Silence ends the threads' waiting now and then, so that they see that the test is over.
        var limit = timeval(tv_sec: 0, tv_usec: 50_000)
        unsafe setsockopt(
            udp, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let descriptor = udp
        Thread.detachNewThread { [weak self] in
            while Self.serve(descriptor, for: { self }) {}
            close(descriptor)
        }
        let listening = tcp.raw
        Thread.detachNewThread { [weak self] in
            while self != nil {
                guard case .connection(let raw, _) = Socket.accept(listening) else {
                    usleep(2_000)
                    continue
                }
                self?.serveStream(raw)
                close(raw)
            }
        }
    }

    func answer(_ book: @escaping Book) { self.book.withLock { $0 = book } }

    /// How often `name` was asked for, whatever the kind.
    func count(_ name: String) -> Int { asked.withLock { $0[name] ?? 0 } }

    /// False when the server is gone.
    private static func serve(_ descriptor: Int32, for owner: () -> NameServer?) -> Bool {
        var query = [UInt8](repeating: 0, count: 1500)
        var peer = [UInt8](repeating: 0, count: 128)
        var length = socklen_t(peer.count)
        let count = unsafe peer.withUnsafeMutableBytes { bytes in
            unsafe recvfrom(
                descriptor, &query, query.count, 0,
                bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard let server = owner() else { return false }
        guard count > 12 else { return true }
        guard let reply = server.reply(to: Array(query.prefix(count)), isStream: false) else {
            return true
        }
        unsafe peer.withUnsafeBytes { bytes in
            _ = unsafe sendto(
                descriptor, reply, reply.count, 0,
                bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), length)
        }
        return true
    }

    private func serveStream(_ raw: Int32) {
        _ = fcntl(raw, F_SETFL, 0)
        var head = [UInt8](repeating: 0, count: 2)
        guard unsafe recv(raw, &head, 2, Int32(MSG_WAITALL)) == 2 else { return }
        let size = Int(head[0]) << 8 | Int(head[1])
        var query = [UInt8](repeating: 0, count: size)
        guard unsafe recv(raw, &query, size, Int32(MSG_WAITALL)) == size,
            let reply = reply(to: query, isStream: true)
        else { return }
        // In two pieces: who reads one at a time must be told of the second.
        let whole = [UInt8(reply.count >> 8), UInt8(reply.count & 255)] + reply
        _ = unsafe send(raw, Array(whole.prefix(7)), 7, 0)
        usleep(20_000)
        let rest = Array(whole.dropFirst(7))
        _ = unsafe send(raw, rest, rest.count, 0)
    }

    private func reply(to query: [UInt8], isStream: Bool) -> [UInt8]? {
        var offset = 12
        var labels: [String] = []
        while offset < query.count, query[offset] != 0 {
            let size = Int(query[offset])
            labels.append(
                String(decoding: query[(offset + 1)..<(offset + 1 + size)], as: UTF8.self))
            offset += 1 + size
        }
        let end = offset + 5
        guard end <= query.count,
            let kind = Kind(rawValue: UInt16(query[offset + 1]) << 8 | UInt16(query[offset + 2]))
        else { return nil }
        let name = labels.joined(separator: ".").lowercased()
        asked.withLock { $0[name, default: 0] += 1 }
        let book = book.withLock { $0 }
        let question = Array(query[12..<end])
        switch book(name, kind) {
        case .silence: return nil
        case .code(let code):
            return Self.head(query, code: code, count: 0) + question
        case .truncated(_, _) where !isStream:
            return Self.head(query, code: 0, count: 0, isTruncated: true) + question
        case .truncated(let addresses, let ttl):
            return Self.answer(query, question, addresses, ttl, alias: nil)
        case .addresses(let addresses, let ttl, let alias):
            return Self.answer(query, question, addresses, ttl, alias: alias)
        }
    }

    private static func answer(
        _ query: [UInt8], _ question: [UInt8], _ addresses: [String], _ ttl: UInt32,
        alias: (name: String, ttl: UInt32)?
    ) -> [UInt8] {
        var records: [UInt8] = []
        var owner: [UInt8] = [0xc0, 12]
        if let alias {
            var target: [UInt8] = []
            for label in alias.name.split(separator: ".") {
                target += [UInt8(label.utf8.count)] + Array(label.utf8)
            }
            target.append(0)
            records += owner + [0, 5, 0, 1] + bytes(alias.ttl)
            records += [0, UInt8(target.count)] + target
            owner = target
        }
        for text in addresses {
            let (kind, data) = raw(text)
            records += owner + [0, kind, 0, 1] + bytes(ttl) + [0, UInt8(data.count)] + data
        }
        let count = addresses.count + (alias == nil ? 0 : 1)
        return head(query, code: 0, count: count) + question + records
    }

    private static func head(
        _ query: [UInt8], code: UInt8, count: Int, isTruncated: Bool = false
    ) -> [UInt8] {
        [query[0], query[1], isTruncated ? 0x83 : 0x81, 0x80 | code, 0, 1]
            + [UInt8(count >> 8), UInt8(count & 255), 0, 0, 0, 0]
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
    }

    private static func raw(_ text: String) -> (UInt8, [UInt8]) {
        switch SocketAddress(host: text, port: 0) {
        case .v4(let value, _): (1, bytes(value))
        case .v6(let high, let low, _):
            (
                28,
                [high, low].flatMap { half in
                    (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
                }
            )
        default: preconditionFailure("no address: \(text)")
        }
    }
}
