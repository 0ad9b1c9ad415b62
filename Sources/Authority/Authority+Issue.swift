// Issues certificates: reserves a serial in the ledger, signs, and marks it issued.
// In that order a crash can waste a serial, but never give one out twice or lose one.
public import PKI

extension Authority {
    /// - Throws: `.lifetimeTooLong` and other refusals before anything is written.
    public func issue(
        _ request: LeafRequest, at now: UnixTime = .now
    ) throws(AuthorityError) -> IssuedCertificate {
        let issued = try issue([request], at: now)
        guard let first = issued.first else { throw .ledgerBusy(path: ledger.database.path) }
        return first
    }

    /// Issues several certificates with two commits of the ledger, whatever their number; all or
    /// none of the requests must be good.
    ///
    /// - Parameter requests: at most `AuthorityLimits.batchMax` at once go into one commit.
    public func issue(
        _ requests: [LeafRequest], at now: UnixTime = .now
    ) throws(AuthorityError) -> [IssuedCertificate] {
        var issued: [IssuedCertificate] = []
        var rest = requests[...]
        while !rest.isEmpty {
            let batch = rest.prefix(AuthorityLimits.batchMax)
            guard let part = try issue(batch, by: try currentSigner(), at: now) else {
                // Somebody rotated the authority since its key was read.
                signer = nil
                continue
            }
            issued += part
            rest = rest.dropFirst(batch.count)
        }
        return issued
    }

    /// nil where the signer is not the current one any more.
    private func issue(
        _ requests: ArraySlice<LeafRequest>, by signer: Signer, at now: UnixTime
    ) throws(AuthorityError) -> [IssuedCertificate]? {
        var templates: [CertificateTemplate] = []
        for request in requests {
            templates.append(
                try request.template(
                    trustDomain: trustDomain, issuer: signer.issuer.certificate, now: now))
        }
        let isCurrent = try ledger.write { () throws(AuthorityError) in
            guard try ledger.setting(.issuer) == signer.key else { return false }
            for (request, template) in zip(requests, templates) {
                try ledger.reserve(
                    LedgerEntry(
                        template: template, issuer: signer.key, kind: request.kind,
                        name: request.name))
            }
            return true
        }
        guard isCurrent else { return nil }
        var issued: [IssuedCertificate] = []
        for (request, template) in zip(requests, templates) {
            let certificate = try AuthorityError.wrapping { () throws(PKIError) in
                try signer.issuer.sign(template, for: request.key)
            }
            let asked = request.lifetime.map { now + $0.seconds }
            issued.append(
                IssuedCertificate(
                    certificate: certificate,
                    intermediates: signer.certificates.intermediates,
                    roots: signer.certificates.roots,
                    isCutShort: asked.map { $0 > template.notAfter } ?? false))
        }
        try ledger.write { () throws(AuthorityError) in
            for one in issued { try ledger.settle(one.certificate) }
        }
        return issued
    }
}
