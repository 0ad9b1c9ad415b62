// Tokens as text: JSON Web Tokens (RFC 7519) in the one spelling that is made here.
// Reading takes nothing but that spelling. There is no choice of algorithm to be led astray by
// (RFC 8725 section 3.1), and no second text for one token.
internal import PKI

extension EnrolmentToken {
    /// - Parameter key: the authority's token key, Ed25519.
    func text(
        signedBy key: PrivateKey, audience: String = EnrolmentToken.audience
    ) throws(PKIError) -> String {
        let header = EnrolmentToken.header(for: try key.publicKey)
        let message = header + [UInt8(ascii: ".")] + Base64URL.encode(claims(audience))
        let signature = try key.signature(of: message)
        let whole = message + [UInt8(ascii: ".")] + Base64URL.encode(signature)
        return String(decoding: whole, as: UTF8.self)
    }

    /// Reads a token and checks everything that needs no ledger.
    init(
        _ text: [UInt8], key: PublicKey, trustDomain: TrustDomain, at now: UnixTime
    ) throws(TokenError) {
        guard text.count <= EnrolmentToken.bytesMax else { throw .malformed }
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .map(Array.init)
        guard parts.count == 3, let claims = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw .malformed }
        guard parts[0] == EnrolmentToken.header(for: key),
            key.accepts(signature, of: parts[0] + [UInt8(ascii: ".")] + parts[1])
        else { throw .notSigned }
        // From here on the words are the authority's own.
        guard let values = TokenClaims.parse(claims), case .text(let audience)? = values["aud"],
            case .text(let id)? = values["jti"], case .text(let subject)? = values["sub"],
            case .number(let issued)? = values["iat"], case .number(let expires)? = values["exp"],
            let identity = try? SPIFFEID(subject)
        else { throw .malformed }
        self.id = id
        self.identity = identity
        issuedAt = UnixTime(issued)
        expiresAt = UnixTime(expires)
        guard self.claims(audience) == claims else { throw .malformed }
        guard audience == EnrolmentToken.audience else { throw .wrongAudience(audience) }
        guard identity.trustDomain == trustDomain else { throw .wrongTrustDomain(identity) }
        guard now < expiresAt else { throw .expired(expiresAt) }
        guard issuedAt <= now + AuthorityLimits.backdateSeconds else {
            throw .notYetValid(issuedAt)
        }
    }

    private static func header(for key: PublicKey) -> [UInt8] {
        let identifier = Hex.text(key.identifier)
        return Base64URL.encode(
            Array(#"{"alg":"EdDSA","kid":"\#(identifier)","typ":"JWT"}"#.utf8))
    }

    /// Names in alphabetical order. No value has a character in it that JSON would escape.
    private func claims(_ audience: String) -> [UInt8] {
        let text =
            #"{"aud":"\#(audience)","exp":\#(expiresAt.seconds),"iat":\#(issuedAt.seconds),"#
            + #""iss":"\#(identity.trustDomain)","jti":"\#(id)","sub":"\#(identity)"}"#
        return Array(text.utf8)
    }
}
