// A small configuration written as YAML, compiled, and asked: what every test here starts from.
// It goes through the reader and the data plane's own look-ups, so that a test says what a user
// would write and what a request would meet.
import Mesh
import Spec
import Testing

struct World {
    let objects: ObjectSet
    let node: Node
    let result: CompileResult

    /// Documents without `apiVersion` get the one of their kind; reading must not fail.
    init(
        _ documents: String..., node: Node = Node(), previous: Snapshot? = nil,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        let text = documents.flatMap { $0.components("\n---\n") }.map(Self.completed)
            .joined(separator: "\n---\n")
        let file = ParsedFile(reading: Array(text.utf8), file: "world.yaml")
        for problem in file.diagnostics where problem.isError {
            Issue.record("\(problem)", sourceLocation: sourceLocation)
        }
        self.init(ObjectSet(file.objects), node: node, previous: previous)
    }

    init(_ objects: ObjectSet, node: Node = Node(), previous: Snapshot? = nil) {
        self.objects = objects
        self.node = node
        result = compile(objects, node: node, version: 1, previous: previous)
    }

    var snapshot: Snapshot { result.snapshot ?? .empty }
    var diagnostics: [Diagnostic] { result.diagnostics }
    var warnings: [Diagnostic] { diagnostics.filter { $0.severity == .warning } }

    /// Whether something was said that contains all of `words`.
    func says(_ words: String..., severity: Diagnostic.Severity = .warning) -> Bool {
        diagnostics.contains { finding in
            finding.severity == severity
                && words.allSatisfy { finding.description.contains($0) }
        }
    }

    func listener(_ port: UInt16) -> ListenerSpec? {
        snapshot.routing.listeners.first { $0.declaredPort == port && $0.direction != .inbound }
    }

    func inbound(_ port: UInt16) -> ListenerSpec? {
        snapshot.routing.listeners.first { $0.declaredPort == port && $0.direction == .inbound }
    }

    func table(_ port: UInt16 = 80) -> RouteTable? {
        guard case .http(let table) = listener(port)?.kind else { return nil }
        return table
    }

    func tcp(_ port: UInt16) -> Mesh.TCPRoute? {
        guard case .tcp(let route) = listener(port)?.kind else { return nil }
        return route
    }

    func host(_ authority: String, port: UInt16 = 80) -> VirtualHost? {
        let bytes = Array(authority.utf8)
        return table(port)?.virtualHost(for: bytes.span)
    }

    /// The route the data plane would take.
    func route(
        _ target: String = "/", host authority: String = "example.com", method: String = "GET",
        scheme: String = "http", headers: [String: String] = [:], port: UInt16 = 80
    ) -> Route? {
        guard let table = table(port) else { return nil }
        let path = Array(target.prefix { $0 != "?" }.utf8)
        let query = Array(target.drop { $0 != "?" }.dropFirst().utf8)
        let (method, authority) = (Array(method.utf8), Array(authority.utf8))
        let scheme = Array(scheme.utf8)
        let request = RouteRequest(
            path: path.span, query: query.span, method: method.span, authority: authority.span,
            scheme: scheme.span)
        guard let place = table.place(for: authority.span) else { return nil }
        return table.find(at: place, for: request, headers: Fields(headers))
            .map { table.route($0.number, at: place) }
    }

    /// The cluster names with their weights, of the route the data plane would take.
    func clusters(
        _ target: String = "/", host: String = "example.com", method: String = "GET",
        headers: [String: String] = [:], port: UInt16 = 80
    ) -> [String] {
        let route = route(target, host: host, method: method, headers: headers, port: port)
        guard case .forward(let forward) = route?.action else { return [] }
        return forward.destinations.map(\.clusterName)
    }

    func cluster(_ name: String) -> Cluster? { snapshot.clusters.first { $0.name == name } }

    /// `10.0.0.1:80 10.0.0.2:80`
    func endpoints(_ cluster: String) -> String? {
        self.cluster(cluster)?.endpoints.map(\.addressText).joined(separator: " ")
    }

    private static func completed(_ document: String) -> String {
        if document.isEmpty || document.contains("apiVersion:") { return document }
        let kind =
            document.split(separator: "\n").first { $0.hasPrefix("kind: ") }?
            .dropFirst("kind: ".count) ?? ""
        let version =
            switch kind {
            case "Service", "Pod", "Endpoints", "Secret": "v1"
            case "EndpointSlice": "discovery.k8s.io/v1"
            case "PeerAuthentication": "security.istio.io/v1"
            default: "networking.istio.io/v1"
            }
        return "apiVersion: \(version)\n\(document)"
    }
}

/// Header fields of a test's request; names in lower case.
struct Fields: HeaderSource {
    private let values: [[UInt8]: [UInt8]]

    init(_ fields: [String: String]) {
        values = Dictionary(
            uniqueKeysWithValues: fields.map { (Array($0.key.utf8), Array($0.value.utf8)) })
    }

    func withValue<R>(of name: [UInt8], _ body: (borrowing Span<UInt8>?) -> R) -> R {
        guard let value = values[name] else { return body(nil) }
        return body(value.span)
    }
}

extension RouteTable {
    /// The name of the virtual host for an authority.
    func find(_ authority: String) -> String? {
        let bytes = Array(authority.utf8)
        return virtualHost(for: bytes.span)?.name
    }
}

extension Regex {
    func matches(_ text: String) -> Bool { matches(Array(text.utf8)) }

    func matches(_ text: [UInt8]) -> Bool { matchesFully(text.span) }
}

extension String {
    func components(_ separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }

    func indented(_ count: Int) -> String {
        let blanks = String(repeating: " ", count: count)
        return split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : blanks + $0 }.joined(separator: "\n")
    }
}

/// Pieces that most worlds have in common.
enum Piece {
    static func gateway(
        _ name: String = "gw", namespace: String = "default", hosts: String = "\"*\"",
        port: Int = 80, protocolName: String = "HTTP", extra: String = ""
    ) -> String {
        """
        kind: Gateway
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: \(port), name: p\(port), protocol: \(protocolName)}
            hosts: [\(hosts)]
        \(extra.indented(4))
        """
    }

    /// `http` is the list under `spec.http`, not indented.
    static func virtualService(
        _ name: String = "vs", namespace: String = "default", hosts: String = "\"*\"",
        gateways: String = "gw", http: String, extra: String = ""
    ) -> String {
        """
        kind: VirtualService
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
          hosts: [\(hosts)]
          gateways: [\(gateways)]
        \(extra.indented(2))
          http:
        \(http.indented(2))
        """
    }

    static func service(
        _ name: String, namespace: String = "default", ports: String = "{name: http, port: 80}",
        extra: String = ""
    ) -> String {
        """
        kind: Service
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
          selector: {app: \(name)}
          ports: [\(ports)]
        \(extra.indented(2))
        """
    }

    /// A STATIC one with a port for HTTP.
    static func serviceEntry(
        _ name: String, host: String, address: String = "10.0.0.1", extra: String = ""
    ) -> String {
        """
        kind: ServiceEntry
        metadata: {name: \(name)}
        spec:
          hosts: [\(host)]
          ports: [{number: 80, name: http, protocol: HTTP}]
          resolution: STATIC
          endpoints: [{address: \(address)}]
        \(extra.indented(2))
        """
    }

    static func workload(
        _ name: String, app: String, version: String = "v1", namespace: String = "default",
        address: String, extra: String = ""
    ) -> String {
        """
        kind: WorkloadEntry
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
          address: \(address)
          labels: {app: \(app), version: \(version)}
        \(extra.indented(2))
        """
    }

    /// `- route: [{destination: {host: a}}]`
    static func to(_ host: String) -> String { "- route: [{destination: {host: \(host)}}]" }

    /// A service with one workload behind it.
    static func served(_ name: String, namespace: String = "default") -> String {
        service(name, namespace: namespace) + "\n---\n"
            + workload("\(name)-1", app: name, namespace: namespace, address: "10.0.0.1")
    }

    static let a = "outbound|80||a.default.svc.cluster.local"
    static let b = "outbound|80||b.default.svc.cluster.local"
}
