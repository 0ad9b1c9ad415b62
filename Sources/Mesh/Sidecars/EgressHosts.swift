// The `hosts` of an egress listener: which services and VirtualServices a workload sees there.
// It narrows what is configured and is no wall: Istio's documentation says so, too.
internal import Spec

struct EgressHosts: Equatable {
    private struct Pattern: Equatable {
        /// Nil for every namespace.
        var namespace: String?
        /// Lower case; exact, `*.suffix` or `*`.
        var host: String
    }

    private let patterns: [Pattern]

    /// Everything: what a workload without a Sidecar sees.
    static let all = EgressHosts(patterns: [Pattern(namespace: nil, host: "*")])

    private init(patterns: [Pattern]) { self.patterns = patterns }

    /// What any of them includes.
    init(union all: [EgressHosts]) { patterns = all.flatMap(\.patterns) }

    /// - Parameter namespace: of the Sidecar, which `.` means.
    init(_ written: [Located<String>], namespace: String) {
        patterns = written.compactMap { host in
            let parts = host.value.split(
                separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] != "~" else { return nil }
            return Pattern(
                namespace: parts[0] == "*" ? nil : parts[0] == "." ? namespace : String(parts[0]),
                host: HostName.lowercased(String(parts[1])))
        }
    }

    /// Of a Gateway's server, where a name alone is one of any namespace.
    init(_ server: Gateway.Server, namespace: String) {
        patterns = server.hosts.map { host in
            let parts = host.value.split(
                separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let scope = parts.count == 2 ? parts[0] : "*"
            return Pattern(
                namespace: scope == "*" ? nil : scope == "." ? namespace : String(scope),
                host: HostName.lowercased(String(parts[parts.count - 1])))
        }
    }

    func include(_ service: RegisteredService) -> Bool {
        patterns.contains {
            ($0.namespace == nil || $0.namespace == service.namespace)
                && HostName.isWithin(service.host, $0.host)
        }
    }

    /// A VirtualService is seen where one of its hosts is.
    func include(_ service: AttachedVirtualService) -> Bool {
        patterns.contains { pattern in
            (pattern.namespace == nil || pattern.namespace == service.object.namespace)
                && service.hosts.contains { HostName.overlaps($0, pattern.host) }
        }
    }
}
