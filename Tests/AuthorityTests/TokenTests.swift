// Enrolment tokens: what they say, and every way in which one is worth nothing.
import PKI
import Testing

@testable import Authority

@Suite("enrolment tokens") struct TokenTests {
    private let now = UnixTime(1_800_000_000)
    private let identity: SPIFFEID
    private let key: PrivateKey

    init() throws {
        identity = try WorkloadName(namespace: "default", serviceAccount: "reviews")
            .identity(in: .clusterLocal)
        key = try PrivateKey.generate(.ed25519)
    }

    private func token(lifetime: Int64 = 3600) -> EnrolmentToken {
        EnrolmentToken(
            id: "00ff", identity: identity, issuedAt: now, expiresAt: now + lifetime)
    }

    private func read(
        _ text: String, at time: UnixTime? = nil, domain: TrustDomain = .clusterLocal,
        key other: PrivateKey? = nil
    ) throws -> EnrolmentToken {
        try EnrolmentToken(
            Array(text.utf8), key: (other ?? key).publicKey, trustDomain: domain,
            at: time ?? now)
    }

    @Test("what was signed is what is read")
    func roundTrip() throws {
        let text = try token().text(signedBy: key)
        #expect(try read(text) == token())
        #expect(try read(text, at: now + 3599) == token())
    }

    @Test("it is a JSON Web Token that others can look into")
    func form() throws {
        let parts = try token().text(signedBy: key).split(separator: ".")
        let header = try #require(Base64URL.decode(Array(parts[0].utf8)))
        let claims = try #require(Base64URL.decode(Array(parts[1].utf8)))
        #expect(String(decoding: header, as: UTF8.self).hasPrefix(#"{"alg":"EdDSA","kid":""#))
        #expect(
            String(decoding: claims, as: UTF8.self)
                == #"{"aud":"istio-ca","exp":1800003600,"iat":1800000000,"iss":"cluster.local","#
                + #""jti":"00ff","sub":"spiffe://cluster.local/ns/default/sa/reviews"}"#)
    }

    @Test("one that is over, or from the future, is refused")
    func time() throws {
        let text = try token().text(signedBy: key)
        #expect(throws: TokenError.expired(now + 3600)) { try read(text, at: now + 3600) }
        #expect(try read(text, at: now - 120).id == "00ff")
        #expect(throws: TokenError.notYetValid(now)) { try read(text, at: now - 121) }
    }

    @Test("one for another audience is refused, though it is signed")
    func audience() throws {
        let text = try token().text(signedBy: key, audience: "istiod")
        #expect(throws: TokenError.wrongAudience("istiod")) { try read(text) }
    }

    @Test("one of another authority, or of another trust domain, is refused")
    func foreign() throws {
        let text = try token().text(signedBy: key)
        let other = try PrivateKey.generate(.ed25519)
        #expect(throws: TokenError.notSigned) { try read(text, key: other) }
        let domain = try TrustDomain("other.test")
        #expect(throws: TokenError.wrongTrustDomain(identity)) { try read(text, domain: domain) }
    }

    @Test("no byte of it can be changed, nor one be added")
    func everyByte() throws {
        let text = Array(try token().text(signedBy: key).utf8)
        for index in text.indices {
            for byte in [UInt8(ascii: "A"), UInt8(ascii: "."), UInt8(ascii: "="), text[index] ^ 1]
            where byte != text[index] {
                var bent = text
                bent[index] = byte
                #expect(throws: TokenError.self, "byte \(index)") {
                    try read(String(decoding: bent, as: UTF8.self))
                }
            }
            #expect(throws: TokenError.self) {
                try read(String(decoding: text[..<index], as: UTF8.self))
            }
        }
        for more in ["=", "A", ".", " ", "\n"] {
            #expect(throws: TokenError.self) {
                try read(String(decoding: text, as: UTF8.self) + more)
            }
        }
    }

    @Test("claims in another spelling are refused, even signed")
    func spelling() throws {
        let header = try token().text(signedBy: key).split(separator: ".")[0]
        func signed(_ claims: String) throws -> String {
            let message =
                "\(header)."
                + String(
                    decoding: Base64URL.encode(Array(claims.utf8)), as: UTF8.self)
            let signature = try key.signature(of: Array(message.utf8))
            return message + "." + String(decoding: Base64URL.encode(signature), as: UTF8.self)
        }
        let good =
            #"{"aud":"istio-ca","exp":1800003600,"iat":1800000000,"iss":"cluster.local","#
            + #""jti":"00ff","sub":"spiffe://cluster.local/ns/default/sa/reviews"}"#
        #expect(try read(signed(good)).id == "00ff")
        for bad in [
            good.replacing(",", with: ", "), good.replacing("1800003600", with: "01800003600"),
            good.replacing("1800003600", with: "-1"), good.replacing("1800003600", with: "1e9"),
            good.replacing(#""00ff""#, with: #""00\u0066f""#), String(good.dropLast()),
            good.replacing(#""jti":"00ff","#, with: ""), "{}", "[]", "",
            good.replacing("00ff", with: #"00ff","jti":"00fe"#),
            good.replacing("spiffe://cluster.local/ns", with: "spiffe://cluster.local//ns"),
        ] {
            #expect(throws: TokenError.malformed, "\(bad)") { try read(signed(bad)) }
        }
    }

    @Test("the key is the owner's, is kept, and is encrypted where the others are")
    func keyFile() throws {
        let scratch = try Scratch()
        let authority = try scratch.authority { $0.passphrase = Array("open sesame".utf8) }
        let first = try authority.tokenKey()
        #expect(try scratch.mode("token-key.pem") == 0o600)
        #expect(
            String(decoding: try scratch.text("token-key.pem"), as: UTF8.self)
                .contains("ENCRYPTED"))
        #expect(try authority.tokenKey().publicKey == first.publicKey)
        #expect(throws: AuthorityError.self) {
            try Authority.open(path: scratch.certs).token(for: identity)
        }
    }

    @Test("more than a day, and a foreign identity, are refused")
    func bounds() throws {
        let kept = try Scratch().authorityKept()
        let long = Lifetime(seconds: 86401)
        #expect(
            throws: AuthorityError.tokenTooLong(long, max: AuthorityLimits.tokenLifetimeMax)
        ) { try kept.authority.token(for: identity, lifetime: long) }
        let foreign = try WorkloadName(namespace: "a", serviceAccount: "b")
            .identity(in: TrustDomain("other.test"))
        #expect(throws: AuthorityError.self) { try kept.authority.token(for: foreign) }
    }
}
