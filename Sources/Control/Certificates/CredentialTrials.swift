// Tries certificates before any worker is told of them: a context is made of each once, and what
// OpenSSL has to say against it is known before the first client comes.
// Kept from one configuration to the next, for a key of RSA takes a millisecond to check and there
// may be ten thousand.
internal import Mesh
internal import TLS

/// Used on the control thread.
final class CredentialTrials {
    private var results: [TLSServerSettings: TLSError?] = [:]
    /// Those that were asked for since `forgetUnused`.
    private var used: Set<TLSServerSettings> = []

    func check(
        _ settings: TLSServerSettings, of termination: TLSTermination
    ) throws(CredentialFailure) {
        used.insert(settings)
        let result: TLSError?
        if let known = results[settings] {
            result = known
        } else {
            result = Self.problem(with: settings)
            results[settings] = .some(result)
        }
        guard let result else { return }
        let names = termination.credentials.map { "\($0)" }.joined(separator: ", ")
        throw CredentialFailure(names, "\(result)")
    }

    /// Lets go of keys that no chain has any more.
    func forgetUnused() {
        results = results.filter { used.contains($0.key) }
        used = []
    }

    private static func problem(with settings: TLSServerSettings) -> TLSError? {
        do throws(TLSError) {
            _ = try TLSContext(server: settings, ticketKeys: [])
            return nil
        } catch {
            return error
        }
    }
}
