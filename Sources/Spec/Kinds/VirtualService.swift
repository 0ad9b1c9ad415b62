// Istio's VirtualService: which request goes where, and what happens to it on the way.
// Fields and defaults follow networking/v1alpha3/virtual_service.proto; the rules' types have files
// of their own.

public final class VirtualService: Resource {
    public static let kind = "VirtualService"
    public let metadata: Metadata
    public let source: SourceLocation
    /// Lower case, otherwise as written; empty for a delegate.
    public let hosts: [Located<String>]
    /// As written: `name`, `namespace/name`, `./name`, `mesh`. Empty means `mesh` alone.
    public let gateways: [Located<String>]
    public let http: [HTTPRoute]
    public let tls: [TLSRoute]
    public let tcp: [TCPRoute]
    /// `.`, `*`, `~` or names of namespaces; empty means `*`.
    public let exportTo: [String]

    public init(
        metadata: Metadata, source: SourceLocation, hosts: [Located<String>] = [],
        gateways: [Located<String>] = [], http: [HTTPRoute] = [], tls: [TLSRoute] = [],
        tcp: [TCPRoute] = [], exportTo: [String] = []
    ) {
        self.metadata = metadata
        self.source = source
        self.hosts = hosts
        self.gateways = gateways
        self.http = http
        self.tls = tls
        self.tcp = tcp
        self.exportTo = exportTo
    }

    /// Another VirtualService's rules refer to it; it has no hosts of its own.
    public var isDelegate: Bool { hosts.isEmpty }
}
