// A certificate signing request (PKCS#10, RFC 2986).
// It proves that whoever asks holds the private key, and that is all that is believed of it: the
// names in it are for people to read, and the authority decides them by itself, as Istio's does.
internal import COpenSSL

/// Immutable, and shared freely between threads.
@safe
public final class SigningRequest: @unchecked Sendable {
    /// An `X509_REQ` that is ours alone.
    private let raw: OpaquePointer

    private init(owning raw: OpaquePointer) {
        unsafe self.raw = raw
    }

    deinit { unsafe X509_REQ_free(raw) }

    /// - Throws: `.malformed`. The signature is not looked at: see `provenKey`.
    public init(der: [UInt8]) throws(PKIError) {
        let decoded = unsafe OpenSSLBytes.object(
            in: der, decode: { unsafe d2i_X509_REQ(nil, $0, $1) },
            free: { unsafe X509_REQ_free($0) })
        guard let decoded = unsafe decoded else {
            throw OpenSSLFailure.malformed(.certificateRequest)
        }
        unsafe raw = decoded
    }

    /// The one request of a PEM text.
    public convenience init(pem: [UInt8]) throws(PKIError) {
        try self.init(der: SigningRequest.der(inPEM: pem))
    }

    static func der(inPEM pem: [UInt8]) throws(PKIError) -> [UInt8] {
        let labels: [PEMLabel] = [.certificateRequest, .newCertificateRequest]
        let block = try PEMBlock.parse(pem).first { labels.contains($0.label) }
        guard let block else { throw .missing(.certificateRequest) }
        return block.der
    }

    /// Asks for a certificate.
    public init(
        key: PrivateKey, subject: DistinguishedName = .empty
    ) throws(PKIError) {
        guard let made = unsafe X509_REQ_new() else {
            throw OpenSSLFailure.library("make a certificate request")
        }
        unsafe raw = made
        let digest = unsafe key.kind.digest.flatMap { unsafe $0.fetched }
        guard unsafe X509_REQ_set_version(raw, 0) == 1,
            unsafe subject.withName({ unsafe X509_REQ_set_subject_name(raw, $0) }),
            unsafe X509_REQ_set_pubkey(raw, key.raw) == 1,
            unsafe X509_REQ_sign(raw, key.raw, digest) > 0
        else { throw OpenSSLFailure.library("sign a certificate request") }
    }

    public var der: [UInt8] {
        unsafe OpenSSLBytes.encoded { unsafe i2d_X509_REQ(raw, $0) }
    }

    public var pem: [UInt8] { PEMBlock(.certificateRequest, der: der).text }

    /// As RFC 2253 writes it.
    public var subject: String {
        unsafe OpenSSLBytes.text(ofName: X509_REQ_get_subject_name(raw))
    }

    /// The key asked for, where the request is signed with it (RFC 2986 section 3).
    ///
    /// - Throws: `.badSignature`, or `.unsupportedKey`.
    public var provenKey: PublicKey {
        get throws(PKIError) {
            guard let key = unsafe X509_REQ_get_pubkey(raw) else {
                throw OpenSSLFailure.malformed(.certificateRequest)
            }
            let proven = try unsafe PublicKey(owning: key)
            defer { ERR_clear_error() }
            guard unsafe X509_REQ_verify(raw, proven.raw) == 1 else {
                throw .badSignature(.certificateRequest)
            }
            return proven
        }
    }
}
