// What can be wrong with keys, certificates, requests and lists.
// One closed enum, so that a caller can tell a wrong passphrase from a broken file, and OpenSSL's
// own words are kept where they say more than ours.

public enum PKIError: Error, Equatable, Sendable {
    /// The bytes are not what they should be: what was read, and what is wrong with it.
    case malformed(PEMLabel, reason: String)
    /// There is no PEM block of this kind in the text.
    case missing(PEMLabel)
    /// The key is encrypted and no passphrase was given.
    case passphraseNeeded
    case wrongPassphrase
    /// A kind or size of key that is not made or accepted here.
    case unsupportedKey(String)
    /// The private key is not the one the certificate was made for.
    case keyMismatch
    /// The signature over the object was not made with the key it should be.
    case badSignature(PEMLabel)
    /// A name that may not stand in a certificate, and why.
    case badName(String, reason: String)
    /// OpenSSL refused something that should not fail, with its reason.
    case library(operation: String, reason: String)
}

extension PKIError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let label, let reason):
            "not a \(label.noun) that can be read: \(reason)"
        case .missing(let label):
            "no \(label.noun) in it: expected a line \"-----BEGIN \(label.rawValue)-----\""
        case .passphraseNeeded:
            "the private key is encrypted: give its passphrase (--passphrase-file FILE)"
        case .wrongPassphrase:
            "the passphrase does not open the private key"
        case .unsupportedKey(let kind):
            "\(kind) is not supported: use one of "
                + KeyAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
        case .keyMismatch:
            "the private key does not belong to the certificate"
        case .badSignature(let label):
            "the signature of the \(label.noun) does not verify"
        case .badName(let name, let reason):
            "\"\(name)\" \(reason)"
        case .library(let operation, let reason):
            "OpenSSL could not \(operation): \(reason)"
        }
    }
}
