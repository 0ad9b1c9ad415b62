// A signing certificate made elsewhere, with what Istio's `cacerts` puts beside it.
public import PKI

public struct PluggedAuthority: Sendable {
    public let issuer: Issuer
    /// Between the issuer and the root; roots among them are ignored.
    public let chain: [Certificate]
    public let roots: [Certificate]
    public let lists: [RevocationList]

    /// The two sets of names under which Istio takes such files.
    private static let layouts = [
        (
            certificate: AuthorityFile.issuerCertificate, key: AuthorityFile.issuerKey,
            roots: AuthorityFile.roots, chain: AuthorityFile.chain
        ),
        (certificate: "tls.crt", key: "tls.key", roots: "ca.crt", chain: "tls.crt"),
    ]

    /// Reads `ca-cert.pem ca-key.pem root-cert.pem cert-chain.pem [ca-crl.pem]`, or
    /// `tls.crt tls.key ca.crt`.
    ///
    /// - Parameter passphrase: for an encrypted key.
    /// - Throws: also where the certificate does not lead to the roots, or may not sign.
    public init(
        path: String, passphrase: [UInt8]?, at now: UnixTime = .now
    ) throws(AuthorityError) {
        let folder = Folder(path: path)
        let layout =
            PluggedAuthority.layouts.first { folder.contains($0.certificate) }
            ?? PluggedAuthority.layouts[0]
        func parse<Value>(
            _ name: String, _ body: ([UInt8]) throws(PKIError) -> Value
        ) throws(AuthorityError) -> Value {
            guard let bytes = try folder.read(name) else {
                throw .file(
                    operation: "read", path: folder.path(of: name), code: 0,
                    reason: "there is no such file")
            }
            do throws(PKIError) {
                return try body(bytes)
            } catch {
                throw .badFile(path: folder.path(of: name), error)
            }
        }
        let certificates = try parse(layout.certificate) { bytes throws(PKIError) in
            try Certificate.parse(pem: bytes)
        }
        let certificate = certificates[0]
        issuer = try parse(layout.key) { bytes throws(PKIError) in
            try Issuer(
                certificate: certificate, key: PrivateKey(pem: bytes, passphrase: passphrase))
        }
        roots = try parse(layout.roots) { bytes throws(PKIError) in
            try Certificate.parse(pem: bytes)
        }
        var chain = Array(certificates.dropFirst())
        if folder.contains(layout.chain) {
            chain += try parse(layout.chain) { bytes throws(PKIError) in
                try Certificate.parse(pem: bytes)
            }
        }
        self.chain = chain.filter { !$0.isSelfIssued && $0 != certificate }
        if folder.contains(AuthorityFile.lists) {
            lists = try parse(AuthorityFile.lists) { bytes throws(PKIError) in
                try RevocationList.parse(pem: bytes)
            }
        } else {
            lists = []
        }
        try check(path: folder.path(of: layout.certificate), at: now)
    }

    private func check(path: String, at now: UnixTime) throws(AuthorityError) {
        let certificate = issuer.certificate
        func refuse(_ reason: VerificationError.Reason) -> AuthorityError {
            .untrusted(path: path, VerificationError(reason, certificate: certificate.label))
        }
        guard certificate.isAuthority, certificate.keyUsage?.contains(.keyCertSign) ?? true else {
            throw refuse(.notAuthority)
        }
        do throws(VerificationError) {
            let store: TrustStore
            do throws(PKIError) {
                store = try TrustStore(roots: roots)
            } catch {
                throw VerificationError(.other(code: 0, "\(error)"))
            }
            try store.verify(certificate, intermediates: chain, at: now)
        } catch {
            throw .untrusted(path: path, error)
        }
    }
}
