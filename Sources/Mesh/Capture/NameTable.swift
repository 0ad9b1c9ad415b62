// The names a captured workload can call, with their addresses: what a resolver beside it answers.
// A name leads to an address that tells which service a connection is for; whether anybody is there
// is the data plane's business.
internal import Spec

/// Names of the mesh by address.
public struct NameTable: Sendable {
    /// By lower-case name without a last dot.
    private var known: [String: [AddressBlock]] = [:]
    /// Suffixes of wildcard hosts with addresses, `.example.com`.
    private var wild: [(suffix: String, addresses: [AddressBlock])] = []

    /// - Parameter snapshot: of a sidecar that was compiled for redirection; any other has none.
    public init(of snapshot: Snapshot) {
        self = snapshot.meshNames ?? NameTable()
    }

    private init() {}

    init(_ registry: ServiceRegistry, node: Node) {
        let automatic = AutomaticAddresses(
            registry.services.filter(\.wantsAutomaticAddress).map(\.host))
        let seen = registry.services.filter { $0.visibility.includes(node.namespace) }
        let near = seen.filter { $0.namespace == node.namespace }
        let far = seen.filter { $0.namespace != node.namespace }
        for service in near + far {
            var addresses = service.writtenAddresses.compactMap { AddressBlock($0) }
                .filter(\.isOneAddress)
            if addresses.isEmpty, let given = automatic.addresses[service.host] {
                addresses = AddressBlock(given).map { [$0] } ?? []
            }
            guard !addresses.isEmpty else { continue }
            if HostName.isWild(service.host) {
                wild.append((String(service.host.dropFirst()), addresses))
                continue
            }
            let names = ServiceDomains.domains(
                of: service, seenFrom: node.namespace, domain: node.domain)
            for name in names where known[Self.plain(name)] == nil {
                known[Self.plain(name)] = addresses
            }
        }
        wild.sort { $0.suffix.utf8.count > $1.suffix.utf8.count }
    }

    /// None for names that are not the mesh's.
    /// - Parameter name: in any case, with or without the root's dot.
    public func addresses(of name: String) -> [AddressBlock] {
        let asked = Self.plain(name.lowercased())
        if let exact = known[asked] { return exact }
        return wild.first { asked.hasSuffix($0.suffix) && asked != $0.suffix }?.addresses ?? []
    }

    public var count: Int { known.count + wild.count }

    private static func plain(_ name: String) -> String {
        name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}
