// The certificates of TLS listeners, as one worker uses them: each worker makes its own contexts,
// at the first connection that needs one (OpenSSL 3.0 is slow when threads share a context).
public import Mesh
public import TLS
import Telemetry

extension Worker {
    /// By `<listener name>/<chain name>`; a chain without an entry cannot be served now.
    public typealias Credentials = [String: TLSServerSettings]

    /// As `adopt(_:bindings:)`, with the certificates that belong to `next`.
    public func adopt(_ next: Snapshot, bindings: [Binding], credentials: Credentials) {
        replaceCredentials(credentials)
        adopt(next, bindings: bindings)
    }

    /// New certificates for new connections; open ones stay as they are.
    public func replaceCredentials(_ next: Credentials) {
        for (name, settings) in next where credentials[name] != settings {
            contexts[name] = nil
        }
        for name in contexts.keys where next[name] == nil { contexts[name] = nil }
        credentials = next
    }

    /// The context of a chain; nil where its certificate is missing or cannot be used.
    func context(of chain: FilterChain, on listener: Listener) -> TLSContext? {
        let name = "\(listener.spec.name)/\(chain.name)"
        if let known = contexts[name] { return known }
        guard let credential = credentials[name] else { return nil }
        do throws(TLSError) {
            let context = try TLSContext(server: credential, ticketKeys: settings.ticketKeys)
            contexts[name] = context
            return context
        } catch {
            // The control thread has tried the same settings and said why they do not work.
            return nil
        }
    }
}
