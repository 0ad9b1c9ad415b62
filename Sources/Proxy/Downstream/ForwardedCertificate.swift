// One element of `x-forwarded-client-cert`: what this hop saw of its client's certificate.
// Made once a connection. The form is Envoy's; what Envoy leaves unescaped is escaped here, because
// names in a certificate are its owner's words and must not become fields or elements of their own.
import PKI

struct ForwardedCertificate {
    private let certificate: Certificate
    private let names: [GeneralName]
    private let by: String

    /// - Parameter by: the URI of this side's own certificate, empty for none.
    init(of certificate: Certificate, names: [GeneralName], by: String) {
        self.certificate = certificate
        self.names = names
        self.by = by
    }

    /// `By=spiffe://...;Hash=<sha256>;Subject="";URI=spiffe://...`
    func element(withCertificate: Bool) -> [UInt8] {
        var out: [UInt8] = []
        if !by.isEmpty {
            append("By=", value: by, to: &out)
            out.append(Self.semicolon)
        }
        out += "Hash=".utf8
        out += Hex.text(certificate.fingerprint).utf8
        if withCertificate {
            out += ";Cert=\"".utf8
            appendEncoded(certificate.pem, to: &out)
            out.append(Self.quote)
        }
        // These two are there even where they say nothing.
        out += ";Subject=\"".utf8
        appendSubject(to: &out)
        out.append(Self.quote)
        let uris = names.compactMap { if case .uri(let text) = $0 { text } else { nil } }
        if uris.isEmpty { out += ";URI=".utf8 }
        for uri in uris {
            out.append(Self.semicolon)
            append("URI=", value: uri, to: &out)
        }
        for case .dns(let name) in names {
            out.append(Self.semicolon)
            append("DNS=", value: name, to: &out)
        }
        return out
    }

    private static let semicolon = UInt8(ascii: ";")
    private static let quote = UInt8(ascii: "\"")
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Quoted where the value holds what separates elements.
    private func append(_ key: String, value: String, to out: inout [UInt8]) {
        out += key.utf8
        let needsQuotes = value.utf8.contains { $0 == 0x2c || $0 == 0x3b || $0 == 0x3d }
        if needsQuotes { out.append(Self.quote) }
        for byte in value.utf8 {
            // A URI has none of these; a text that claims to be one may.
            if byte <= 0x20 || byte >= 0x7f || byte == Self.quote || byte == 0x5c {
                out += [0x25, Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]]
            } else {
                out.append(byte)
            }
        }
        if needsQuotes { out.append(Self.quote) }
    }

    /// RFC 2253 has escaped quotes and control characters already; what is beyond ASCII becomes
    /// `\C3\A9`, as Envoy writes it.
    private func appendSubject(to out: inout [UInt8]) {
        for byte in certificate.subject.utf8 {
            if byte < 0x20 || byte >= 0x7f {
                out += [0x5c, Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]]
            } else {
                out.append(byte)
            }
        }
    }

    /// As a query component (RFC 3986 section 2.1).
    private func appendEncoded(_ pem: [UInt8], to out: inout [UInt8]) {
        for byte in pem {
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: " "), UInt8(ascii: "+"), UInt8(ascii: "/"),
                UInt8(ascii: "="):
                out += [0x25, Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]]
            default: out.append(byte)
            }
        }
    }
}
