// What can go wrong with the authority, in words for whoever runs it.
// Each case knows what kind of trouble it is, so that the command can end with the right code.
public import PKI

public enum AuthorityError: Error, Equatable, Sendable {
    /// What the command's exit code is chosen by.
    public enum Kind: Sendable {
        case usage, badData, inputOutput, notPermitted, other
    }

    /// There is something in the folder already.
    case exists(path: String)
    case notAnAuthority(path: String)
    /// A file operation failed: which, on what, with the C library's code and words.
    case file(operation: String, path: String, code: Int32, reason: String)
    /// A file holds something that is not what it should be.
    case badFile(path: String, PKIError)
    case ledger(path: String, reason: String)
    /// Another process held the ledger longer than anybody should.
    case ledgerBusy(path: String)
    case ledgerTooNew(path: String, version: Int64)
    case pki(PKIError)
    case untrusted(path: String, VerificationError)
    case lifetimeTooLong(Lifetime, max: Lifetime)
    case tokenTooLong(Lifetime, max: Lifetime)
    case tokenRefused(TokenError)
    case tooManyNames(Int)
    case issuerExpired(UnixTime)
    case wrongTrustDomain(SPIFFEID, expected: TrustDomain)
    case unknownSerial(SerialNumber)
    case notIssuedHere(path: String)
    case notALeaf(path: String)
    case alreadyRevoked(SerialNumber, RevocationReason)
    case revoked(SerialNumber, RevocationReason)
    case issuerInUse(SerialNumber)
    case rootKeyAbsent(path: String)
    /// The old root is still needed: how many certificates, and until when.
    case rootInUse(count: Int, until: UnixTime)
    case noRotation
    case rotationUnfinished
}

extension AuthorityError {
    public var kind: Kind {
        switch self {
        case .lifetimeTooLong, .tokenTooLong, .tooManyNames: .usage
        case .file(_, _, let code, _):
            AuthorityError.isPermission(code) ? .notPermitted : .inputOutput
        case .ledger, .ledgerBusy, .ledgerTooNew: .inputOutput
        case .notAnAuthority: .inputOutput
        case .badFile, .untrusted, .unknownSerial, .notIssuedHere, .notALeaf, .wrongTrustDomain:
            .badData
        case .pki(let error):
            if case .library = error { .other } else { .badData }
        default: .other
        }
    }
}

extension AuthorityError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .exists(let path):
            "\(path) exists; nothing is ever overwritten, so choose another folder or move it away"
        case .notAnAuthority(let path):
            "there is no certificate authority in \(path); make one with `isthmus ca init`, take "
                + "one over with `isthmus ca init --cacerts`, or name another folder with --dir"
        case .file(let operation, let path, _, let reason):
            "cannot \(operation) \(path): \(reason)"
        case .badFile(let path, let error):
            "\(path): \(error)"
        case .ledger(let path, let reason):
            "\(path): \(reason)"
        case .ledgerBusy(let path):
            "\(path): another process is writing to it and does not finish; try again"
        case .ledgerTooNew(let path, let version):
            "\(path) was written by a newer isthmus (version \(version)); use that one"
        case .pki(let error):
            "\(error)"
        case .untrusted(let path, let error):
            "\(path): \(error)"
        case .lifetimeTooLong(let asked, let max):
            "a lifetime of \(asked) is more than the \(max) allowed; short lives are what makes a "
                + "stolen key harmless: ask for less, and renew"
        case .tokenTooLong(let asked, let max):
            "a token of \(asked) is more than the \(max) allowed; whoever finds it can enrol with "
                + "it, so make it when it is needed"
        case .tokenRefused(let error):
            "\(error)"
        case .tooManyNames(let count):
            "\(count) names in one certificate are more than the \(AuthorityLimits.namesMax) "
                + "allowed; issue several"
        case .issuerExpired(let time):
            "the authority's own certificate expired at \(time); make a new one with "
                + "`isthmus ca rotate`"
        case .wrongTrustDomain(let identity, let expected):
            "\(identity) is not in this authority's trust domain, \(expected)"
        case .unknownSerial(let serial):
            "no certificate with serial \(serial) is in the ledger; `isthmus ca list` shows all"
        case .notIssuedHere(let path):
            "\(path): the certificate was not issued by this authority"
        case .notALeaf(let path):
            "\(path): the certificate is an authority's own; use `isthmus ca rotate`"
        case .alreadyRevoked(let serial, let reason):
            "certificate \(serial) is revoked already (\(reason.title)), and that is final"
        case .revoked(let serial, let reason):
            "certificate \(serial) is revoked (\(reason.title)) and cannot be renewed; issue a "
                + "new one with `isthmus ca issue` once you know why it was"
        case .issuerInUse(let serial):
            "\(serial) is the certificate this authority signs with; first replace it with "
                + "`isthmus ca rotate`, then revoke it"
        case .rootKeyAbsent(let path):
            "this needs the root's private key: put it back at \(path), or give it with "
                + "--root-key FILE"
        case .rootInUse(let count, let until):
            "the old root is still needed by \(count) certificate\(count == 1 ? "" : "s"), the "
                + "last until \(until); renew them, wait, or give --force"
        case .noRotation:
            "no root rotation is under way; begin one with `isthmus ca rotate --root`"
        case .rotationUnfinished:
            "a root rotation is under way; end it first with `isthmus ca rotate --finish`"
        }
    }
}
