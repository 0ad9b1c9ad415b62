// Revokes certificates. It is final, and the lists say so before the command returns.
public import PKI

extension Authority {
    /// What to revoke.
    public enum RevocationTarget: Sendable {
        case serial(SerialNumber)
        /// Also one that is not in the ledger, where this authority's key signed it.
        case certificate(Certificate, path: String)
    }

    /// - Returns: the entry, revoked.
    @discardableResult
    public func revoke(
        _ target: RevocationTarget, reason: RevocationReason, at now: UnixTime = .now
    ) throws(AuthorityError) -> LedgerEntry {
        try settled { () throws(AuthorityError) in
            // The keys first: nothing may be half revoked because a passphrase was missing.
            let signers = try signers()
            let serial = try known(target, signers: signers)
            guard let entry = try ledger.entry(serial) else { throw .unknownSerial(serial) }
            if case .revoked(_, let old) = entry.state { throw .alreadyRevoked(serial, old) }
            if entry.kind == .root { throw .issuerInUse(serial) }
            if entry.kind == .intermediate {
                let issuer = try readCertificates().issuer
                if issuer.serial == serial { throw .issuerInUse(serial) }
                guard signers[entry.issuer] != nil else {
                    throw .rootKeyAbsent(path: folder.path(of: AuthorityFile.rootKey))
                }
            }
            _ = try ledger.revoke(serial, at: now, reason: reason)
            let lists = try lists(signedBy: signers, at: now)
            try folder.replace(AuthorityFile.lists, with: lists, access: .everybody)
            return try ledger.entry(serial) ?? entry
        }
    }

    /// The target's serial number, in the ledger for certain.
    private func known(
        _ target: RevocationTarget, signers: [String: Issuer]
    ) throws(AuthorityError) -> SerialNumber {
        switch target {
        case .serial(let serial):
            return serial
        case .certificate(let certificate, let path):
            let serial = certificate.serial
            let key = try issuer(of: certificate, path: path).key
            if try ledger.entry(serial) == nil {
                // Issued by this key before it was plugged in here.
                guard !certificate.isAuthority else { throw .notALeaf(path: path) }
                let template = CertificateTemplate(
                    serial: serial, names: certificate.names, notBefore: certificate.notBefore,
                    notAfter: certificate.notAfter, keyUsage: certificate.keyUsage ?? [])
                try ledger.reserve(
                    LedgerEntry(
                        template: template, issuer: key, kind: .workload,
                        name: certificate.label))
                try ledger.settle(certificate)
            }
            return serial
        }
    }

    /// Which of this authority's keys signed a certificate.
    func issuer(
        of certificate: Certificate, path: String
    ) throws(AuthorityError) -> IssuerEntry {
        for entry in try ledger.everyIssuer() {
            if let key = try? entry.certificate.publicKey, certificate.isSigned(by: key) {
                return entry
            }
        }
        throw .notIssuedHere(path: path)
    }
}
