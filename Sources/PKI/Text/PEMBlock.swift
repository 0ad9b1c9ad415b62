// One object between BEGIN and END lines, as RFC 7468 writes it.
// Read here and not by OpenSSL, because the error should name the line, and text between blocks
// (people paste `openssl x509 -text` output) is allowed while a damaged block never is.

public struct PEMBlock: Sendable, Equatable {
    public let label: PEMLabel
    /// The decoded bytes. For a legacy encrypted key these are the ciphertext.
    public let der: [UInt8]
    /// Whether the block has RFC 1421 headers (`Proc-Type: 4,ENCRYPTED`), as old keys have.
    let isLegacyEncrypted: Bool

    public init(_ label: PEMLabel, der: [UInt8]) {
        self.label = label
        self.der = der
        isLegacyEncrypted = false
    }

    init(_ label: PEMLabel, der: [UInt8], isLegacyEncrypted: Bool) {
        self.label = label
        self.der = der
        self.isLegacyEncrypted = isLegacyEncrypted
    }

    /// The block as text: 64 columns, a newline at the end.
    public var text: [UInt8] {
        var bytes = Array("-----BEGIN \(label.rawValue)-----\n".utf8)
        let encoded = Base64.encode(der)
        for start in stride(from: 0, to: encoded.count, by: 64) {
            bytes += encoded[start..<min(start + 64, encoded.count)]
            bytes.append(UInt8(ascii: "\n"))
        }
        bytes += "-----END \(label.rawValue)-----\n".utf8
        return bytes
    }
}
