// A certificate's serial number: a positive integer of at most 20 bytes (RFC 5280 4.1.2.2).

public struct SerialNumber: Sendable, Hashable, CustomStringConvertible {
    public static let bytesMax = 20
    /// Bits of a number made here. Guessing one ahead, which is what collision attacks on the
    /// signature's hash need, is out of reach with 64; 128 also keep two CAs apart.
    public static let randomBits = 128

    /// Big-endian, without zeros in front.
    public let bytes: [UInt8]

    /// - Parameter bytes: big-endian; zeros in front are dropped.
    public init(_ bytes: [UInt8]) {
        self.bytes = Array(bytes.drop { $0 == 0 })
    }

    /// - Parameter text: hexadecimal digits of either case, colons allowed, `0x` allowed.
    public init?(_ text: String) {
        var digits = text
        if digits.hasPrefix("0x") || digits.hasPrefix("0X") { digits.removeFirst(2) }
        if !digits.contains(":"), digits.utf8.count % 2 == 1 { digits = "0" + digits }
        guard let bytes = Hex.bytes(digits), !bytes.isEmpty, bytes.count <= 21 else { return nil }
        self.init(bytes)
        guard !self.bytes.isEmpty, self.bytes.count <= SerialNumber.bytesMax else { return nil }
    }

    /// Fresh from the system's generator.
    public static func random() throws(PKIError) -> SerialNumber {
        while true {
            let serial = SerialNumber(try Random.bytes(randomBits / 8))
            // Zero is not a serial number; it comes once in 2^128.
            if !serial.bytes.isEmpty { return serial }
        }
    }

    /// Lower-case hexadecimal digits, two a byte.
    public var description: String { bytes.isEmpty ? "00" : Hex.text(bytes) }
}
