// An X.509 certificate (RFC 5280).
// OpenSSL keeps it; what it says is read from there on demand, so that signing one, which nobody
// may ever read in this process, costs nothing beyond its bytes.
internal import COpenSSL

/// Immutable, and shared freely between threads: OpenSSL counts its references.
@safe
public final class Certificate: @unchecked Sendable {
    /// An `X509` of which one reference is ours.
    package let raw: OpaquePointer

    /// Takes over one reference.
    package init(owning raw: OpaquePointer) {
        unsafe self.raw = raw
    }

    /// - Parameter der: one certificate and nothing after it.
    /// - Throws: `.malformed`, also where an extension is broken or there twice.
    public init(der: [UInt8]) throws(PKIError) {
        let decoded = unsafe OpenSSLBytes.object(
            in: der, decode: { unsafe d2i_X509(nil, $0, $1) }, free: { unsafe X509_free($0) })
        guard let decoded = unsafe decoded else { throw OpenSSLFailure.malformed(.certificate) }
        unsafe raw = decoded
        // Has OpenSSL read every extension it knows, and remember whether one was broken.
        _ = unsafe X509_check_purpose(raw, -1, 0)
        ERR_clear_error()
        if unsafe X509_get_extension_flags(raw) & UInt32(EXFLAG_INVALID) != 0 {
            throw .malformed(.certificate, reason: "one of its extensions is broken")
        }
    }

    deinit { unsafe X509_free(raw) }

    /// Every certificate of a PEM text, in order.
    ///
    /// - Throws: `.missing` where there is none.
    public static func parse(pem: [UInt8]) throws(PKIError) -> [Certificate] {
        var certificates: [Certificate] = []
        for block in try PEMBlock.parse(pem) where block.label == .certificate {
            certificates.append(try Certificate(der: block.der))
        }
        guard !certificates.isEmpty else { throw .missing(.certificate) }
        return certificates
    }

    public var der: [UInt8] {
        unsafe OpenSSLBytes.encoded { unsafe i2d_X509(raw, $0) }
    }

    public var pem: [UInt8] { PEMBlock(.certificate, der: der).text }

    /// SHA-256 of `der`.
    public var fingerprint: [UInt8] { Digest.sha256.hash(der) }
}

extension Certificate: Equatable {
    public static func == (left: Certificate, right: Certificate) -> Bool {
        left === right || left.der == right.der
    }
}
