// A certificate revocation list, version 2 (RFC 5280 section 5).
internal import COpenSSL

/// Immutable, and shared freely between threads.
@safe
public final class RevocationList: @unchecked Sendable {
    /// An `X509_CRL` of which one reference is ours.
    package let raw: OpaquePointer

    init(owning raw: OpaquePointer) {
        unsafe self.raw = raw
    }

    /// - Parameter der: one list and nothing after it.
    public init(der: [UInt8]) throws(PKIError) {
        let decoded = unsafe OpenSSLBytes.object(
            in: der, decode: { unsafe d2i_X509_CRL(nil, $0, $1) },
            free: { unsafe X509_CRL_free($0) })
        guard let decoded = unsafe decoded else {
            throw OpenSSLFailure.malformed(.revocationList)
        }
        unsafe raw = decoded
    }

    deinit { unsafe X509_CRL_free(raw) }

    /// Every list of a PEM text; none is not an error, for a file of lists may be empty.
    public static func parse(pem: [UInt8]) throws(PKIError) -> [RevocationList] {
        var lists: [RevocationList] = []
        for block in try PEMBlock.parse(pem) where block.label == .revocationList {
            lists.append(try RevocationList(der: block.der))
        }
        return lists
    }

    public var der: [UInt8] {
        unsafe OpenSSLBytes.encoded { unsafe i2d_X509_CRL(raw, $0) }
    }

    public var pem: [UInt8] { PEMBlock(.revocationList, der: der).text }

    public var issuer: String {
        unsafe OpenSSLBytes.text(ofName: X509_CRL_get_issuer(raw))
    }

    public var thisUpdate: UnixTime {
        unsafe OpenSSLTime.read(X509_CRL_get0_lastUpdate(raw))
    }

    /// When the next list is due at the latest; verifiers refuse the list afterwards.
    public var nextUpdate: UnixTime {
        unsafe OpenSSLTime.read(X509_CRL_get0_nextUpdate(raw))
    }

    /// The list's number, big-endian; empty where it has none (RFC 5280 section 5.2.3).
    public var number: [UInt8] {
        guard let value = unsafe X509_CRL_get_ext_d2i(raw, NID_crl_number, nil, nil) else {
            return []
        }
        let integer = unsafe value.assumingMemoryBound(to: ASN1_INTEGER.self)
        defer { unsafe ASN1_INTEGER_free(integer) }
        return unsafe OpenSSLInteger.bytes(integer)
    }

    /// Which of the issuer's keys signed it; empty where it does not say.
    public var authorityKeyIdentifier: [UInt8] {
        guard let value = unsafe X509_CRL_get_ext_d2i(raw, NID_authority_key_identifier, nil, nil)
        else { return [] }
        let identifier = unsafe value.assumingMemoryBound(to: AUTHORITY_KEYID.self)
        defer { unsafe AUTHORITY_KEYID_free(identifier) }
        return unsafe OpenSSLBytes.content(identifier.pointee.keyid)
    }

    /// Whether the list's signature was made with this key.
    public func isSigned(by key: PublicKey) -> Bool {
        defer { ERR_clear_error() }
        return unsafe X509_CRL_verify(raw, key.raw) == 1
    }
}
