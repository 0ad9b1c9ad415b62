// The first message of a TLS connection, read without answering it: which server name and which
// protocols the client asks for decides who handles the connection.
public import Net

/// What a ClientHello asks for (RFC 8446 section 4.1.2).
public struct ClientHello: Equatable, Sendable {
    /// Lower case; nil where the client sent none.
    public var serverName: String?
    public var applicationProtocols: [String] = []

    public enum Outcome: Equatable, Sendable {
        case needMore
        case complete(ClientHello)
        /// Not TLS, or not a ClientHello.
        case invalid
    }

    /// More than any client sends: post-quantum key shares make about 2 KB.
    public static let bytesMax = 16 * 1024

    /// Reads from the connection's first byte; call again with more until it is decided.
    public static func parse(_ bytes: ByteView) -> Outcome {
        // The hello may be spread over several records (RFC 8446 section 5.1).
        var message: [UInt8] = []
        var offset = 0
        var length: Int?
        while true {
            guard offset < bytes.count else { return grown(bytes) }
            guard bytes[offset] == 22 else { return .invalid }
            if offset + 1 < bytes.count, bytes[offset + 1] != 3 { return .invalid }
            guard offset + 5 <= bytes.count else { return grown(bytes) }
            let record = Int(bytes[offset + 3]) << 8 | Int(bytes[offset + 4])
            guard record > 0, record <= 16_384 + 256 else { return .invalid }
            let here = min(record, bytes.count - offset - 5)
            message.append(contentsOf: bytes.slice(offset + 5, here).array)
            if length == nil, message.count >= 4 {
                guard message[0] == 1 else { return .invalid }
                length = Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3])
                guard let length, length <= bytesMax else { return .invalid }
            }
            if let length, message.count >= length + 4 {
                return message.withView { body in
                    var hello = ClientHello()
                    return hello.read(body.slice(4, length)) ? .complete(hello) : .invalid
                }
            }
            guard here == record else { return grown(bytes) }
            offset += 5 + record
        }
    }

    private static func grown(_ bytes: ByteView) -> Outcome {
        bytes.count > bytesMax + 256 ? .invalid : .needMore
    }

    /// legacy_version(2) random(32) session_id cipher_suites compression extensions
    private mutating func read(_ body: ByteView) -> Bool {
        var reader = Reader(body)
        guard reader.skip(34), reader.skipVector(lengthBytes: 1),
            reader.skipVector(lengthBytes: 2), reader.skipVector(lengthBytes: 1)
        else { return false }
        // TLS 1.2 allows a hello without extensions.
        guard reader.offset < body.count else { return true }
        guard let extensions = reader.vector(lengthBytes: 2) else { return false }
        var list = Reader(extensions)
        while list.offset < extensions.count {
            guard let type = list.number(bytes: 2), let value = list.vector(lengthBytes: 2) else {
                return false
            }
            switch type {
            case 0: guard readServerName(value) else { return false }
            case 16: guard readProtocols(value) else { return false }
            default: break
            }
        }
        return true
    }

    /// RFC 6066 section 3: a list with one host_name in it.
    private mutating func readServerName(_ value: ByteView) -> Bool {
        var reader = Reader(value)
        guard let names = reader.vector(lengthBytes: 2) else { return false }
        var list = Reader(names)
        while list.offset < names.count {
            guard let type = list.number(bytes: 1), let name = list.vector(lengthBytes: 2) else {
                return false
            }
            guard type == 0 else { continue }
            guard serverName == nil, name.count > 0, name.count <= 255 else { return false }
            for index in 0..<name.count {
                guard name[index] > 0x20, name[index] < 0x7f else { return false }
            }
            serverName = name.string.lowercased()
        }
        return true
    }

    /// RFC 7301 section 3.1.
    private mutating func readProtocols(_ value: ByteView) -> Bool {
        var reader = Reader(value)
        guard let names = reader.vector(lengthBytes: 2) else { return false }
        var list = Reader(names)
        while list.offset < names.count {
            guard let name = list.vector(lengthBytes: 1), name.count > 0 else { return false }
            applicationProtocols.append(name.string)
        }
        return true
    }

    /// Reads numbers and length-prefixed vectors, never beyond the end.
    private struct Reader {
        private let bytes: ByteView
        private(set) var offset = 0

        init(_ bytes: ByteView) {
            self.bytes = bytes
        }

        mutating func number(bytes count: Int) -> Int? {
            guard offset + count <= bytes.count else { return nil }
            var value = 0
            for index in offset..<offset + count { value = value << 8 | Int(bytes[index]) }
            offset += count
            return value
        }

        mutating func skip(_ count: Int) -> Bool {
            guard offset + count <= bytes.count else { return false }
            offset += count
            return true
        }

        mutating func vector(lengthBytes: Int) -> ByteView? {
            guard let count = number(bytes: lengthBytes), offset + count <= bytes.count else {
                return nil
            }
            defer { offset += count }
            return bytes.slice(offset, count)
        }

        mutating func skipVector(lengthBytes: Int) -> Bool {
            vector(lengthBytes: lengthBytes) != nil
        }
    }
}
