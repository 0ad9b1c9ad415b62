// A question for a name's addresses, as a resolver sends it, and the answer to it.
// RFC 1035 section 4, and no more of it than one question takes: whatever else is asked goes on to
// a server, byte for byte.
internal import Mesh

struct NameQuestion: Equatable {
    enum Kind: Equatable {
        case a, aaaa
        /// A name of ours has no such records.
        case other
    }

    /// As asked, without the root's dot; in whatever case.
    let name: String
    let kind: Kind
    private let head: [UInt8]
    private let recursionDesired: Bool

    /// What an answer costs nobody to ask for again: services come and go.
    static let ttlSeconds: UInt32 = 5
    static let headerBytes = 12
    private static let labelBytesMax = 63
    private static let nameBytesMax = 255

    /// nil for what is no plain question: an answer, another operation, several questions, a name
    /// that is compressed, too long or cut off.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.headerBytes, bytes[2] & 0xf8 == 0, bytes[4] == 0, bytes[5] == 1
        else { return nil }
        var labels: [String] = []
        var index = Self.headerBytes
        while true {
            guard index < bytes.count else { return nil }
            let length = Int(bytes[index])
            index += 1
            if length == 0 { break }
            guard length <= Self.labelBytesMax, index + length <= bytes.count,
                index + length - Self.headerBytes <= Self.nameBytesMax
            else { return nil }
            labels.append(String(decoding: bytes[index..<index + length], as: UTF8.self))
            index += length
        }
        guard index + 4 <= bytes.count, bytes[index + 2] == 0, bytes[index + 3] == 1 else {
            return nil
        }
        kind =
            switch (bytes[index], bytes[index + 1]) {
            case (0, 1): .a
            case (0, 28): .aaaa
            default: .other
            }
        name = labels.joined(separator: ".")
        head = Array(bytes[..<(index + 4)])
        recursionDesired = bytes[2] & 1 == 1
    }

    /// The records of the question's kind among `addresses`; an answer without records where there
    /// are none, for the name is there all the same (RFC 2308 section 2.2).
    func answer(_ addresses: [AddressBlock]) -> [UInt8] {
        let records = addresses.filter { address in
            kind == (address.isIPv4 ? .a : .aaaa)
        }
        var bytes = reply(code: 0, answers: records.count)
        for address in records {
            // The name is where the question has it: a pointer to behind the header.
            bytes += [0xc0, UInt8(Self.headerBytes)]
            bytes += kind == .a ? [0, 1, 0, 1] : [0, 28, 0, 1]
            bytes += stride(from: 24, through: 0, by: -8).map {
                UInt8(truncatingIfNeeded: Self.ttlSeconds >> UInt32($0))
            }
            let words = address.isIPv4 ? [] : [address.high]
            let data =
                words.flatMap { word in Self.octets(word, 8) }
                + Self.octets(address.low, address.isIPv4 ? 4 : 8)
            bytes += [0, UInt8(data.count)] + data
        }
        return bytes
    }

    /// SERVFAIL: nobody who was asked has answered.
    func failure() -> [UInt8] { reply(code: 2, answers: 0) }

    private func reply(code: UInt8, answers: Int) -> [UInt8] {
        var bytes = head
        // QR, and AA: nobody knows these names better. RD as asked, RA.
        bytes[2] = 0x84 | (recursionDesired ? 1 : 0)
        bytes[3] = 0x80 | code
        bytes[6] = UInt8(truncatingIfNeeded: answers >> 8)
        bytes[7] = UInt8(truncatingIfNeeded: answers)
        for index in 8..<Self.headerBytes { bytes[index] = 0 }
        return bytes
    }

    private static func octets(_ word: UInt64, _ count: Int) -> [UInt8] {
        stride(from: (count - 1) * 8, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: word >> UInt64($0))
        }
    }
}

extension AddressBlock {
    fileprivate var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }
}
