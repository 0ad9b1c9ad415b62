// A certificate authority that lives in one folder.
// Everything that decides is in the folder: several processes can issue from it at once, one can
// rotate it while another serves, and a copy of it is a backup.
public import PKI

/// Used by one thread at a time; other threads and processes open their own.
public final class Authority {
    /// The folder, as it was named.
    public let path: String
    public let trustDomain: TrustDomain
    let folder: Folder
    let ledger: Ledger
    let passphrase: [UInt8]?
    /// The signing certificate and key, for as long as they are the current ones.
    var signer: Signer?

    init(
        folder: Folder, ledger: Ledger, trustDomain: TrustDomain, passphrase: [UInt8]?
    ) {
        path = folder.path
        self.folder = folder
        self.ledger = ledger
        self.trustDomain = trustDomain
        self.passphrase = passphrase
    }

    /// - Parameter passphrase: opens the private keys, which are only needed to sign.
    /// - Throws: `.notAnAuthority` where `init` was never run, or never came to its end.
    public static func open(
        path: String, passphrase: [UInt8]? = nil
    ) throws(AuthorityError) -> Authority {
        let folder = Folder(path: path)
        guard try folder.has(AuthorityFile.ledger) else { throw .notAnAuthority(path: path) }
        let ledger = try Ledger(path: folder.path(of: AuthorityFile.ledger))
        guard let name = try ledger.setting(.trustDomain) else {
            throw .notAnAuthority(path: path)
        }
        try ledger.finishFiles(in: folder)
        try ledger.sweepFiles(in: folder)
        do throws(PKIError) {
            return Authority(
                folder: folder, ledger: ledger, trustDomain: try TrustDomain(name),
                passphrase: passphrase)
        } catch {
            throw .pki(error)
        }
    }

    /// Key files that others than their owner can read.
    public var exposedKeys: [String] {
        [AuthorityFile.issuerKey, AuthorityFile.rootKey, AuthorityFile.tokenKey].filter {
            folder.isExposed($0)
        }
        .map { folder.path(of: $0) }
    }
}
