// Why a TLS server has no certificate: which Secret or file, what is wrong with it, who asked.
// Said in the log, at /listeners and by a metric, for the client sees a handshake that ends.
internal import Mesh

struct CredentialProblem: Hashable {
    /// `0.0.0.0_443`
    let listener: String
    /// `https.443.https.web.default`
    let chain: String
    /// The Gateway's server.
    let origin: Origin
    /// `Secret istio-system/web`, or the path of a file.
    let credential: String
    let reason: String
}

/// As `CredentialProblem`, before it is known whose it is.
struct CredentialFailure: Error {
    let credential: String
    let reason: String

    init(_ credential: String, _ reason: String) {
        self.credential = credential
        self.reason = reason
    }
}
