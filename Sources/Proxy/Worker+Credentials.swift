// The certificates of TLS listeners and of upstream TLS, as one worker uses them: each worker makes
// its own contexts, at the first connection that needs one (OpenSSL 3.0 is slow when threads share
// a context).
public import Mesh
public import TLS
import Telemetry

extension Worker {
    public struct Credentials: Sendable, Equatable {
        /// By `<listener name>/<chain name>`; a chain without an entry cannot be served now.
        public var servers: [String: TLSServerSettings] = [:]
        /// By `UpstreamTLS.credentialKey`; an endpoint without an entry cannot be reached now.
        public var clients: [String: TLSClientSettings] = [:]

        public init() {}
    }

    /// As `adopt(_:bindings:)`, with the certificates that belong to `next`.
    public func adopt(_ next: Snapshot, bindings: [Binding], credentials: Credentials) {
        replaceCredentials(credentials)
        adopt(next, bindings: bindings)
    }

    /// New certificates for new connections. Open ones stay, but for those of clients that would
    /// not be let in any more.
    public func replaceCredentials(_ next: Credentials) {
        var changed: Set<String> = []
        for (name, settings) in next.servers
        where settings.clientCertificates != .ignored && credentials.servers[name] != settings {
            changed.insert(name)
        }
        contexts = contexts.filter { name, _ in
            next.servers[name] != nil && next.servers[name] == credentials.servers[name]
        }
        clientContexts = clientContexts.filter { key, _ in
            next.clients[key] != nil && next.clients[key] == credentials.clients[key]
        }
        credentials = next
        for case let cluster? in clusters {
            for endpoint in cluster.endpoints { endpoint.credentialsChanged() }
            for endpoint in cluster.originals.values { endpoint.credentialsChanged() }
            for endpoint in cluster.dynamic?.endpoints ?? [] { endpoint.credentialsChanged() }
        }
        guard !changed.isEmpty else { return }
        for listener in listeners.values {
            let name = listener.spec.name
            if listener.spec.chains.contains(where: { changed.contains("\(name)/\($0.name)") }) {
                listener.reconsiderClients()
            }
        }
    }

    /// The context of a chain; nil where its certificate is missing or cannot be used.
    func context(of chain: FilterChain, on listener: Listener) -> TLSContext? {
        let name = "\(listener.spec.name)/\(chain.name)"
        if let known = contexts[name] { return known }
        guard let credential = credentials.servers[name] else { return nil }
        do throws(TLSError) {
            let context = try TLSContext(server: credential, ticketKeys: settings.ticketKeys)
            contexts[name] = context
            return context
        } catch {
            // The control thread has tried the same settings and said why they do not work.
            return nil
        }
    }

    /// The context for connections to an endpoint; nil where what it needs is missing or broken.
    func context(of tls: UpstreamTLS) -> TLSContext? {
        let key = tls.credentialKey
        if let known = clientContexts[key] { return known }
        guard let credential = credentials.clients[key] else { return nil }
        do throws(TLSError) {
            let context = try TLSContext(client: credential)
            clientContexts[key] = context
            return context
        } catch {
            return nil
        }
    }
}
