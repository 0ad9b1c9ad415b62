// The files of an authority, under the names of Istio's `cacerts` secret.
// The same names, so that a folder of Istio's plugs in here and one of ours plugs in there.

enum AuthorityFile {
    /// The certificate that signs, and its key.
    static let issuerCertificate = "ca-cert.pem"
    static let issuerKey = "ca-key.pem"
    /// The certificates that are trusted: one, or two while a root is being replaced.
    static let roots = "root-cert.pem"
    /// From the signing certificate up to its root.
    static let chain = "cert-chain.pem"
    /// One revocation list of each issuer.
    static let lists = "ca-crl.pem"
    /// Not one of Istio's, whose roots live elsewhere; it can live in a safe.
    static let rootKey = "root-key.pem"
    static let ledger = "ca.db"
    /// Signs enrolment tokens.
    static let tokenKey = "token-key.pem"

    /// Signing keys that were replaced, for as long as their revocation lists are needed.
    static func retiredKey(_ identifier: String) -> String { "retired-\(identifier)-key.pem" }

    /// What `init` must not find. The ledger is not among them: it says itself whether it is used.
    static let made = [issuerCertificate, issuerKey, roots, chain, lists, rootKey]

    static func access(of name: String) -> Folder.Access {
        name.hasSuffix("-key.pem") ? .owner : .everybody
    }

    /// What is written beside a workload's key, with Istio's names for files on a machine.
    static let workloadChain = "cert-chain.pem"
    static let workloadKey = "key.pem"
    static let workloadRoots = "root-cert.pem"
}
