// What a peer's certificate says that is checked beyond its chain.

public struct PeerFacts: Sendable, Equatable {
    /// DNS names, URIs, mail and IP addresses of the subjectAltName, in its order.
    public var alternativeNames: [String] = []
    /// Of these the URIs: a DNS name that reads like one is none.
    public var uris: [String] = []
    /// Of these the IP addresses, as `canonicalAddress` has them.
    public var addresses: [String] = []
    /// SHA-256 of the public key, base64, as `verifyCertificateSpki` has it.
    public var publicKeyPin = ""
    /// SHA-256 of the certificate, lower-case hex, as `verifyCertificateHash` has it.
    public var certificatePin = ""

    public init() {}

    /// RFC 4648 section 4.
    static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let one = UInt32(bytes[index]) << 16
            let two = index + 1 < bytes.count ? UInt32(bytes[index + 1]) << 8 : 0
            let three = index + 2 < bytes.count ? UInt32(bytes[index + 2]) : 0
            let word = one | two | three
            text.append(digits[Int(word >> 18)])
            text.append(digits[Int(word >> 12 & 63)])
            text.append(index + 1 < bytes.count ? digits[Int(word >> 6 & 63)] : 0x3d)
            text.append(index + 2 < bytes.count ? digits[Int(word & 63)] : 0x3d)
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }
}
