// Makes the revocation lists: one for each issuer whose certificates may still be out.
public import PKI

extension Authority {
    /// Makes fresh lists of everything that is revoked and puts them in place.
    ///
    /// - Returns: the lists' PEM text.
    @discardableResult
    public func refreshLists(at now: UnixTime = .now) throws(AuthorityError) -> [UInt8] {
        try settled { () throws(AuthorityError) in
            let forgotten = try pruneIssuers(at: now)
            let lists = try lists(signedBy: try signers(), at: now)
            try folder.replace(AuthorityFile.lists, with: lists, access: .everybody)
            for name in forgotten { try folder.remove(name) }
            return lists
        }
    }

    /// Everybody whose key is in the folder, by key identifier. Inside of `settled`.
    func signers() throws(AuthorityError) -> [String: Issuer] {
        var signers: [String: Issuer] = [:]
        let current = try ledger.setting(.issuer)
        let root = try ledger.setting(.root)
        for entry in try ledger.issuers() {
            let name: String
            if entry.key == current {
                name = AuthorityFile.issuerKey
            } else if entry.key == root {
                name = AuthorityFile.rootKey
            } else {
                name = AuthorityFile.retiredKey(entry.key)
            }
            guard folder.contains(name) else { continue }
            let key = try key(in: name)
            signers[entry.key] = try reading(name) { () throws(PKIError) in
                try Issuer(certificate: entry.certificate, key: key)
            }
        }
        return signers
    }

    /// New lists of these signers, and the last ones of those whose key is elsewhere. Inside of
    /// `write`.
    func lists(
        signedBy signers: [String: Issuer], at now: UnixTime
    ) throws(AuthorityError) -> [UInt8] {
        let everybody = try ledger.everyIssuer()
        let present = try presentLists().map { (list: $0, owner: $0.owner(among: everybody)) }
        var text: [UInt8] = []
        for entry in try ledger.issuers() {
            let old = present.first { $0.owner == entry.key }?.list
            guard let signer = signers[entry.key] else {
                text += old?.pem ?? []
                continue
            }
            // The list's file is replaced before the ledger commits: after a crash in between,
            // the file has the higher number.
            let number = max(UInt64(clamping: entry.listNumber), old?.smallNumber ?? 0) + 1
            let lifetime =
                entry.role == .root
                ? AuthorityLimits.rootListLifetime : AuthorityLimits.listLifetime
            let revocations = try ledger.revocations(
                of: entry.key, expiringAfter: now - lifetime.seconds)
            let list = try AuthorityError.wrapping { () throws(PKIError) in
                try RevocationList.signed(
                    revocations, by: signer, number: number,
                    thisUpdate: now - AuthorityLimits.backdateSeconds,
                    nextUpdate: now + lifetime.seconds)
            }
            try ledger.setListNumber(Int64(clamping: number), of: entry.key)
            text += list.pem
        }
        // Lists of authorities above a plugged-in one are not ours to make or to drop.
        for (list, owner) in present where owner == nil { text += list.pem }
        return text
    }

    /// The lists in the folder.
    func presentLists() throws(AuthorityError) -> [RevocationList] {
        guard let bytes = try folder.read(AuthorityFile.lists) else { return [] }
        return try reading(AuthorityFile.lists) { () throws(PKIError) in
            try RevocationList.parse(pem: bytes)
        }
    }
}

extension RevocationList {
    /// The key of the issuer whose list it is; nil where it is none of these. An issuer without a
    /// key identifier, as some old tools make them, is known by its signature.
    func owner(among issuers: [IssuerEntry]) -> String? {
        let identifier = Hex.text(authorityKeyIdentifier)
        let owner = issuers.first { entry in
            if !identifier.isEmpty { return entry.key == identifier }
            guard let key = try? entry.certificate.publicKey else { return false }
            return isSigned(by: key)
        }
        return owner?.key
    }

    /// The number, where it fits; ours do.
    var smallNumber: UInt64? {
        let bytes = number.drop { $0 == 0 }
        guard bytes.count <= 8 else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
