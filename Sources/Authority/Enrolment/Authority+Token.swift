// Makes enrolment tokens, and the key that signs them.
// A key of its own: what signs certificates signs nothing else, and who takes this one away makes
// every token that is out worthless without touching a certificate.
public import PKI

extension Authority {
    /// A token with which one workload can enrol, once.
    ///
    /// - Throws: `.lifetimeTooLong` and `.wrongTrustDomain`.
    public func token(
        for identity: SPIFFEID, lifetime: Lifetime = AuthorityLimits.tokenLifetime,
        at now: UnixTime = .now
    ) throws(AuthorityError) -> (text: String, token: EnrolmentToken) {
        guard lifetime <= AuthorityLimits.tokenLifetimeMax else {
            throw .tokenTooLong(lifetime, max: AuthorityLimits.tokenLifetimeMax)
        }
        guard identity.trustDomain == trustDomain else {
            throw .wrongTrustDomain(identity, expected: trustDomain)
        }
        let key = try tokenKey()
        return try AuthorityError.wrapping { () throws(PKIError) in
            let token = EnrolmentToken(
                id: Hex.text(try SerialNumber.random().bytes), identity: identity, issuedAt: now,
                expiresAt: now + lifetime.seconds)
            return (try token.text(signedBy: key), token)
        }
    }

    /// The key, made at its first use. The ledger has its identifier, so that every process that
    /// serves learns of a new one.
    func tokenKey() throws(AuthorityError) -> PrivateKey {
        try settled { () throws(AuthorityError) in
            let key: PrivateKey
            if folder.contains(AuthorityFile.tokenKey) {
                key = try self.key(in: AuthorityFile.tokenKey)
                guard key.kind == .ed25519 else {
                    throw .badFile(
                        path: folder.path(of: AuthorityFile.tokenKey),
                        .unsupportedKey("a key of another kind than Ed25519"))
                }
            } else {
                let made = try AuthorityError.wrapping { () throws(PKIError) in
                    let made = try PrivateKey.generate(.ed25519)
                    return (key: made, text: try made.pem(passphrase: passphrase))
                }
                key = made.key
                try folder.replace(AuthorityFile.tokenKey, with: made.text, access: .owner)
            }
            let identifier = try AuthorityError.wrapping { () throws(PKIError) in
                Hex.text(try key.publicKey.identifier)
            }
            if try ledger.setting(.tokenKey) != identifier {
                try ledger.set(.tokenKey, identifier)
            }
            return key
        }
    }
}
