// The hosts of one Gateway server, ready to be met by ten thousand VirtualServices.
// Exact names are hashed: comparing every host with every host would take seconds.

struct ServerHosts {
    private struct Names {
        private var exact: Set<String> = []
        private var exactInOrder: [String] = []
        private var wildcards: [String] = []

        mutating func insert(_ name: String) {
            if HostName.isWild(name) {
                if !wildcards.contains(name) { wildcards.append(name) }
            } else if exact.insert(name).inserted {
                exactInOrder.append(name)
            }
        }

        func meet(_ name: String, into result: inout [String]) {
            let isCovered =
                exact.contains(name) || wildcards.contains { HostName.isWithin(name, $0) }
            if isCovered, !result.contains(name) { result.append(name) }
            guard HostName.isWild(name) else { return }
            for names in [exactInOrder, wildcards] {
                for other in names where HostName.isWithin(other, name) {
                    if !result.contains(other) { result.append(other) }
                }
            }
        }
    }

    /// Every host without its namespace, lower case, in the order written.
    let names: [String]
    private var anyNamespace = Names()
    private var byNamespace: [String: Names] = [:]

    /// `written` are `dns`, `namespace/dns`, `./dns` or `*/dns`.
    init(_ written: [String], namespace: String) {
        var names: [String] = []
        for host in written {
            let (scope, name) = Self.parts(of: host, namespace: namespace)
            names.append(name)
            if let scope {
                byNamespace[scope, default: Names()].insert(name)
            } else {
                anyNamespace.insert(name)
            }
        }
        self.names = names
    }

    /// The domains under which a VirtualService in `namespace` with `hosts` is served: of each pair
    /// that overlaps the more specific one. Empty means that it is not bound to this server.
    func intersection(with hosts: [String], namespace: String) -> [String] {
        var result: [String] = []
        for host in hosts {
            anyNamespace.meet(host, into: &result)
            byNamespace[namespace]?.meet(host, into: &result)
        }
        return result
    }

    /// TCP servers ask only whether hosts overlap, in either direction.
    func overlaps(_ hosts: [String], namespace: String) -> Bool {
        !intersection(with: hosts, namespace: namespace).isEmpty
    }

    /// Whether the namespace is what keeps `hosts` away.
    func excludesNamespaceOnly(_ hosts: [String], namespace: String) -> Bool {
        !overlaps(hosts, namespace: namespace)
            && names.contains { name in hosts.contains { HostName.overlaps($0, name) } }
    }

    private static func parts(
        of written: String, namespace: String
    ) -> (scope: String?, name: String) {
        guard let slash = written.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            return (nil, HostName.lowercased(written))
        }
        let scope = String(written[..<slash])
        let name = HostName.lowercased(String(written[written.index(after: slash)...]))
        return (scope == "*" ? nil : scope == "." ? namespace : scope, name)
    }
}
