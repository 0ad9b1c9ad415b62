// Issues certificates to applicants, many at a time: two commits of the ledger for all of them.
// A token is used up in the commit that reserves its certificate's serial number. So neither a
// crash nor a second process lets it buy two, and a request that is refused costs no token.
public import PKI

extension Authority {
    /// - Returns: a result for each, in their order: one that is refused holds up no other.
    /// - Throws: where the ledger or the folder fails, and nobody got anything.
    public func enrol(
        _ enrolments: [Enrolment], at now: UnixTime = .now
    ) throws(AuthorityError) -> [EnrolmentResult] {
        var results: [EnrolmentResult] = []
        results.reserveCapacity(enrolments.count)
        var rest = enrolments[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(AuthorityLimits.batchMax))
            guard let part = try enrol(batch, by: try currentSigner(), at: now) else {
                // Somebody rotated the authority since its key was read.
                signer = nil
                continue
            }
            results += part
            rest = rest.dropFirst(batch.count)
        }
        return results
    }

    /// nil where the signer is not the current one any more.
    private func enrol(
        _ enrolments: [Enrolment], by signer: Signer, at now: UnixTime
    ) throws(AuthorityError) -> [EnrolmentResult]? {
        var drafts = enrolments.map { enrolment in
            Draft(enrolment, authority: self, issuer: signer.issuer.certificate, now: now)
        }
        let isCurrent = try ledger.write { () throws(AuthorityError) in
            guard try ledger.setting(.issuer) == signer.key else { return false }
            for index in drafts.indices {
                guard case .template(let template) = drafts[index].state else { continue }
                let enrolment = drafts[index].enrolment
                if let refusal = try refusal(of: enrolment.proof, at: now) {
                    drafts[index].state = .refused(refusal)
                    continue
                }
                try ledger.reserve(
                    LedgerEntry(
                        template: template, issuer: signer.key, kind: enrolment.request.kind,
                        name: enrolment.request.name))
            }
            return true
        }
        guard isCurrent else { return nil }
        for index in drafts.indices { drafts[index].sign(by: signer) }
        try ledger.write { () throws(AuthorityError) in
            for draft in drafts {
                if case .issued(let issued) = draft.state { try ledger.settle(issued.certificate) }
            }
            try ledger.forgetTokens(expiredBefore: now)
        }
        return drafts.map(\.result)
    }

    /// Inside of `write`.
    private func refusal(
        of proof: Enrolment.Proof, at now: UnixTime
    ) throws(AuthorityError) -> AuthorityError? {
        switch proof {
        case .token(let token):
            return try ledger.use(token, at: now) ? nil : .tokenRefused(.used(id: token.id))
        case .certificate(let serial):
            guard let reason = try ledger.revocationReason(of: serial) else { return nil }
            return .revoked(serial, reason)
        }
    }
}

/// An enrolment on its way to a certificate, or to a refusal.
private struct Draft {
    enum State {
        case template(CertificateTemplate)
        case issued(IssuedCertificate)
        case refused(AuthorityError)
    }

    let enrolment: Enrolment
    var state: State

    init(_ enrolment: Enrolment, authority: Authority, issuer: Certificate, now: UnixTime) {
        self.enrolment = enrolment
        do throws(AuthorityError) {
            state = .template(
                try enrolment.request.template(
                    trustDomain: authority.trustDomain, issuer: issuer, now: now))
        } catch {
            state = .refused(error)
        }
    }

    mutating func sign(by signer: Signer) {
        guard case .template(let template) = state else { return }
        do throws(PKIError) {
            let certificate = try signer.issuer.sign(template, for: enrolment.request.key)
            state = .issued(
                IssuedCertificate(
                    certificate: certificate,
                    intermediates: signer.certificates.intermediates,
                    roots: signer.certificates.roots, isCutShort: false))
        } catch {
            state = .refused(.pki(error))
        }
    }

    var result: EnrolmentResult {
        switch state {
        case .issued(let issued): .success(issued)
        case .refused(let error): .failure(error)
        case .template:
            .failure(.pki(.library(operation: "sign a certificate", reason: "unsigned")))
        }
    }
}
