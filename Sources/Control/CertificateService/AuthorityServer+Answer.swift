// From calls to certificates: who asks, for which key, and then all of them to the authority.
internal import Authority
internal import Net
internal import PKI

/// A call whose caller is known and whose request is sound.
private struct Candidate {
    let call: ServiceCall
    let identity: SPIFFEID
    let enrolment: Enrolment
}

extension AuthorityServer {
    /// As Istio's CA says it, whatever the reason: who is refused is not told why.
    private static let refusal = GRPCStatus(.unauthenticated, "request authenticate failure")

    func answer(_ calls: [ServiceCall]) {
        refresh()
        let now = now
        counts.requests += UInt64(calls.count)
        var candidates: [Candidate] = []
        candidates.reserveCapacity(calls.count)
        for call in calls where !call.stream.isOver {
            do throws(GRPCStatus) {
                candidates.append(try candidate(call, at: now))
            } catch {
                call.stream.end(error)
            }
        }
        guard !candidates.isEmpty else { return }
        counts.batches += 1
        do throws(AuthorityError) {
            let results = try registrar.authority.enrol(candidates.map(\.enrolment), at: now)
            for (candidate, result) in zip(candidates, results) { answer(candidate, result) }
        } catch {
            counts.signingFailures += UInt64(candidates.count)
            complain("\(error)")
            // Nothing was issued: whoever asks again may find the ledger free.
            for candidate in candidates {
                candidate.call.stream.end(
                    GRPCStatus(.unavailable, "CSR signing error (the ledger is not to be had)"))
            }
        }
    }

    // MARK: - Who, and for which key

    private func candidate(
        _ call: ServiceCall, at now: UnixTime
    ) throws(GRPCStatus) -> Candidate {
        let applicant = try authenticate(call, at: now)
        let message: CertificateRequestMessage
        do {
            message = try CertificateRequestMessage(call.message)
        } catch {
            counts.requestFailures += 1
            throw GRPCStatus(.invalidArgument, "the message is no IstioCertificateRequest")
        }
        let key: PublicKey
        do throws(PKIError) {
            key = try SigningRequest.provenKey(pem: message.csr)
        } catch {
            counts.requestFailures += 1
            throw GRPCStatus(.invalidArgument, "CSR signing error (\(error))")
        }
        // As Istio: nothing asked for, or nonsense, is the usual.
        let asked = message.validityDuration
        return Candidate(
            call: call, identity: applicant.identity,
            enrolment: Enrolment(
                applicant, key: key, lifetime: asked > 0 ? Lifetime(seconds: asked) : nil))
    }

    private func authenticate(
        _ call: ServiceCall, at now: UnixTime
    ) throws(GRPCStatus) -> Applicant {
        do {
            // A token that is shown counts, whatever certificate stands beside it: who is to
            // become somebody else must be able to.
            switch call.stream.credentials {
            case .bearer(let token): return try registrar.applicant(token: token, at: now)
            case .other: throw TokenError.malformed
            case .none: break
            }
            if let applicant = try call.connection.applicant(by: registrar, at: now) {
                return applicant
            }
            throw refused(call, "neither a token nor a certificate")
        } catch let status as GRPCStatus {
            throw status
        } catch {
            throw refused(call, "\(error)")
        }
    }

    private func refused(_ call: ServiceCall, _ reason: String) -> GRPCStatus {
        counts.authenticationFailures += 1
        if chatter.allows(atMs: loop.nowMs) {
            log.warning("ca", "refused: \(reason)", [("peer", "\(call.connection.peer)")])
        }
        return Self.refusal
    }

    // MARK: - Answers

    private func answer(_ candidate: Candidate, _ result: EnrolmentResult) {
        switch result {
        case .success(let issued):
            counts.issued += 1
            var how = "certificate"
            if case .token = candidate.enrolment.proof {
                counts.tokensUsed += 1
                how = "token"
            }
            candidate.call.connection.becameKnown()
            let chain = [issued.certificate.pem] + tail.entries(of: issued)
            candidate.call.stream.answer(CertificateResponseMessage(chain: chain).bytes)
            if chatter.allows(atMs: loop.nowMs) {
                log.info(
                    "ca", "issued \(candidate.identity)",
                    [
                        ("serial", "\(issued.certificate.serial)"),
                        ("until", "\(issued.certificate.notAfter)"), ("by", how),
                        ("peer", "\(candidate.call.connection.peer)"),
                    ])
            }
        case .failure(let error):
            candidate.call.stream.end(status(of: error, candidate))
        }
    }

    /// The codes of Istio's CA: errors of the request are the caller's, all others ours.
    private func status(of error: AuthorityError, _ candidate: Candidate) -> GRPCStatus {
        switch error {
        case .tokenRefused, .revoked:
            return refused(candidate.call, "\(error)")
        case .lifetimeTooLong(let asked, let max):
            counts.signingFailures += 1
            return GRPCStatus(
                .invalidArgument,
                "CSR signing error (requested TTL \(asked) is greater than the max allowed TTL "
                    + "\(max))")
        case .wrongTrustDomain, .tooManyNames:
            counts.signingFailures += 1
            return GRPCStatus(.invalidArgument, "CSR signing error (\(error))")
        default:
            counts.signingFailures += 1
            complain("\(candidate.identity): \(error)")
            return GRPCStatus(.internal, "CSR signing error (\(error))")
        }
    }
}
