// Tries certificates before any worker is told of them: a context is made of each once, and what
// OpenSSL has to say against it is known before the first client comes.
// Kept from one configuration to the next, for a key of RSA takes a millisecond to check and there
// may be ten thousand.
internal import Mesh
internal import TLS

/// Used on the control thread.
final class CredentialTrials {
    private var results: [Trial: TLSError?] = [:]
    /// Those that were asked for since `forgetUnused`.
    private var used: Set<Trial> = []

    private enum Trial: Hashable {
        case server(TLSServerSettings)
        case client(TLSClientSettings)
    }

    func check(
        _ settings: TLSServerSettings, of termination: TLSTermination
    ) throws(CredentialFailure) {
        guard let problem = result(of: .server(settings)) else { return }
        let names = termination.credentials.map { "\($0)" }.joined(separator: ", ")
        throw CredentialFailure(names, "\(problem)")
    }

    func check(_ settings: TLSClientSettings, of tls: UpstreamTLS) throws(CredentialFailure) {
        guard let problem = result(of: .client(settings)) else { return }
        throw CredentialFailure(tls.identity.map { "\($0)" } ?? "\(tls.trust)", "\(problem)")
    }

    private func result(of trial: Trial) -> TLSError? {
        used.insert(trial)
        if let known = results[trial] { return known }
        let result = Self.problem(with: trial)
        results[trial] = .some(result)
        return result
    }

    /// Lets go of keys that no chain has any more.
    func forgetUnused() {
        results = results.filter { used.contains($0.key) }
        used = []
    }

    private static func problem(with trial: Trial) -> TLSError? {
        do throws(TLSError) {
            switch trial {
            case .server(let settings): _ = try TLSContext(server: settings, ticketKeys: [])
            case .client(let settings): _ = try TLSContext(client: settings)
            }
            return nil
        } catch {
            return error
        }
    }
}
