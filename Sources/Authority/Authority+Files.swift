// Reads the authority's certificates and keys.
internal import PKI

/// The certificates in the folder, which always belong together.
struct AuthorityCertificates {
    let issuer: Certificate
    /// Between the issuer and the root, nearest first.
    let above: [Certificate]
    let roots: [Certificate]

    /// What a leaf is sent with.
    var intermediates: [Certificate] {
        (issuer.isSelfIssued ? [] : [issuer]) + above
    }
}

/// Who signs now.
struct Signer {
    let issuer: Issuer
    /// The identifier of its key, hexadecimal.
    let key: String
    let certificates: AuthorityCertificates
}

extension Authority {
    /// As they are at one moment: no other process puts files into place while they are read.
    func certificates() throws(AuthorityError) -> AuthorityCertificates {
        try settled { () throws(AuthorityError) in try readCertificates() }
    }

    /// Runs `body` as the only writer, and after what a crash may have left to do was done.
    func settled<Result>(
        _ body: () throws(AuthorityError) -> Result
    ) throws(AuthorityError) -> Result {
        while true {
            try ledger.finishFiles(in: folder)
            let result = try ledger.write { () throws(AuthorityError) -> Result? in
                // Another process may have decided on new files just now.
                try ledger.hasUnfinishedFiles() ? nil : try body()
            }
            if let result { return result }
        }
    }

    /// Inside of `settled`.
    func readCertificates() throws(AuthorityError) -> AuthorityCertificates {
        guard let issuer = try certificates(in: AuthorityFile.issuerCertificate).first else {
            throw .badFile(path: AuthorityFile.issuerCertificate, .missing(.certificate))
        }
        let roots = try certificates(in: AuthorityFile.roots)
        let chain =
            folder.contains(AuthorityFile.chain) ? try certificates(in: AuthorityFile.chain) : []
        return AuthorityCertificates(
            issuer: issuer, above: chain.filter { !$0.isSelfIssued && $0 != issuer },
            roots: roots)
    }

    func certificates(in name: String) throws(AuthorityError) -> [Certificate] {
        let bytes = try required(name)
        return try reading(name) { () throws(PKIError) in try Certificate.parse(pem: bytes) }
    }

    func required(_ name: String) throws(AuthorityError) -> [UInt8] {
        guard let bytes = try folder.read(name) else {
            throw .file(
                operation: "read", path: folder.path(of: name), code: 0,
                reason: "it is missing; restore it from your backup")
        }
        return bytes
    }

    func key(in name: String) throws(AuthorityError) -> PrivateKey {
        let bytes = try required(name)
        return try reading(name) { () throws(PKIError) in
            try PrivateKey(pem: bytes, passphrase: passphrase)
        }
    }

    /// Names the file in what goes wrong with it.
    func reading<Result>(
        _ name: String, _ body: () throws(PKIError) -> Result
    ) throws(AuthorityError) -> Result {
        do throws(PKIError) {
            return try body()
        } catch {
            throw .badFile(path: folder.path(of: name), error)
        }
    }

    /// The current signing certificate with its key, read once and again after a rotation.
    func currentSigner() throws(AuthorityError) -> Signer {
        if let signer { return signer }
        let made = try settled { () throws(AuthorityError) in
            let certificates = try readCertificates()
            let key = try key(in: AuthorityFile.issuerKey)
            let issuer = try reading(AuthorityFile.issuerKey) { () throws(PKIError) in
                try Issuer(certificate: certificates.issuer, key: key)
            }
            return Signer(
                issuer: issuer, key: certificates.issuer.issuerKey, certificates: certificates)
        }
        signer = made
        return made
    }
}

extension AuthorityError {
    /// Calls into PKI whose trouble concerns no file.
    static func wrapping<Result>(
        _ body: () throws(PKIError) -> Result
    ) throws(AuthorityError) -> Result {
        do throws(PKIError) {
            return try body()
        } catch {
            throw .pki(error)
        }
    }
}
