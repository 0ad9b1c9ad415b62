// Whether a reload comes to what a fresh start with the same files would come to.
// Routes, clusters and endpoints are taken over where nothing they are made of has changed: a field
// that such a comparison forgets would have no effect until somebody starts the proxy anew.
import Mesh
import Spec
import Testing

@Suite("reloads")
struct ReloadTests {
    private static let captured: Node = {
        var node = MeshWorld.sidecar()
        node.capture = Capture(inboundBind: nil)
        node.locality = "r/z1"
        return node
    }()

    private static let nodes: [String: Node] = [
        "captured": captured,
        "sidecar": {
            var node = MeshWorld.sidecar()
            node.locality = "r/z1"
            return node
        }(),
        "gateway": Node(locality: "r/z1", hasIdentity: true),
    ]

    struct Change: Sendable, CustomTestStringConvertible {
        let field: String
        /// Whose snapshot it changes.
        let node: String
        /// `#` is where the two texts stand.
        let document: String
        let before: String
        let after: String
        var testDescription: String { "\(field), \(node)" }
    }

    private static func entry(_ fields: String) -> String {
        """
        kind: ServiceEntry
        metadata: {name: db}
        spec: {hosts: [db.example], \(fields)}
        """
    }

    private static let port = "ports: [{number: 3306, name: p, protocol: TCP}]"
    private static let endpoints = "endpoints: [{address: 10.0.0.1}]"

    private static func policy(_ fields: String) -> String {
        entry("resolution: STATIC, \(port), \(endpoints)") + "\n---\n"
            + "kind: DestinationRule\nmetadata: {name: db}\n"
            + "spec: {host: db.example, trafficPolicy: {\(fields)}}"
    }

    private static func rule(_ fields: String) -> String {
        entry("resolution: STATIC, \(port), \(endpoints)") + "\n---\n"
            + "kind: VirtualService\nmetadata: {name: db}\nspec: {hosts: [db.example], \(fields)}"
    }

    private static func sidecar(_ fields: String) -> String {
        entry("resolution: STATIC, \(port), \(endpoints)") + "\n---\n"
            + "kind: Sidecar\nmetadata: {name: own}\nspec: {\(fields)}"
    }

    private static func change(
        _ field: String, _ node: String, _ document: String, _ before: String, _ after: String
    ) -> Change {
        Change(field: field, node: node, document: document, before: before, after: after)
    }

    static let changes: [Change] = [
        change(
            "addresses: blocks", "captured",
            entry("resolution: STATIC, \(port), \(endpoints), addresses: [#]"), "10.2.0.0/16",
            "10.3.0.0/16"),
        change(
            "addresses: a block, from none", "captured",
            entry("resolution: STATIC, \(port), \(endpoints), addresses: [#]"), "", "10.3.0.0/16"),
        change(
            "addresses", "captured",
            entry("resolution: STATIC, \(port), \(endpoints), addresses: [#]"), "10.2.0.1",
            "10.3.0.1"),
        change("resolution", "captured", entry("resolution: #, \(port)"), "NONE", "DNS"),
        change("resolution", "sidecar", entry("resolution: #, \(port)"), "DNS_ROUND_ROBIN", "DNS"),
        change(
            "location", "sidecar", entry("resolution: DNS, \(port), location: #"), "MESH_EXTERNAL",
            "MESH_INTERNAL"),
        change(
            "an automatic address", "captured",
            entry("resolution: DNS, \(port)").replacing(
                "name: db",
                with: "name: db, labels: {networking.istio.io/enable-autoallocate-ip: '#'}"),
            "true", "false"),
        change(
            "targetPort of DYNAMIC_DNS", "sidecar",
            """
            kind: ServiceEntry
            metadata: {name: wild}
            spec:
              hosts: ['*.wild.example']
              resolution: DYNAMIC_DNS
              ports: [{number: 443, name: p, protocol: TLS, targetPort: #}]
            """, "8443", "9443"),
        change(
            "addresses that names may lead to", "sidecar",
            """
            kind: ServiceEntry
            metadata: {name: wild}
            spec:
              hosts: ['*.wild.example']
              resolution: DYNAMIC_DNS
              ports: [{number: 443, name: p, protocol: TLS}]
            ---
            \(entry("resolution: STATIC, \(port), \(endpoints), addresses: [#]"))
            """, "10.0.0.0/8", "10.0.0.0/9"),
        change(
            "tunnel.targetHost", "sidecar", policy("tunnel: {targetHost: #, targetPort: 443}"),
            "a.example", "b.example"),
        change(
            "tunnel.targetPort", "sidecar",
            policy("tunnel: {targetHost: a.example, targetPort: #}"), "443", "444"),
        change(
            "tunnel.protocol", "sidecar",
            policy("tunnel: {targetHost: a.example, targetPort: 443, protocol: #}"), "CONNECT",
            "POST"),
        change(
            "retryBudget.budgetInterval", "sidecar",
            policy("retryBudget: {budgetInterval: #}"), "10s", "11s"),
        change(
            "loadBalancer.simple", "captured", policy("loadBalancer: {simple: #}"), "PASSTHROUGH",
            "RANDOM"),
        change(
            "zoneAwareLbSetting", "sidecar",
            policy("loadBalancer: {zoneAwareLbSetting: {enabled: #}}"), "false", "true"),
        change("proxyProtocol", "sidecar", policy("proxyProtocol: {version: #}"), "V1", "V2"),
        change(
            "tls.sni", "sidecar", policy("tls: {mode: SIMPLE, sni: #}"), "a.example", "b.example"),
        change(
            "destinationSubnets of tcp", "captured",
            rule(
                "tcp: [{match: [{destinationSubnets: [#]}], "
                    + "route: [{destination: {host: db.example}}]}]"), "10.0.0.0/8", "10.0.0.0/9"),
        change(
            "statPrefix", "gateway",
            """
            \(entry("resolution: STATIC, \(port), \(endpoints)").replacing("TCP", with: "HTTP"))
            ---
            kind: Gateway
            metadata: {name: gw}
            spec:
              selector: {istio: ingressgateway}
              servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
            ---
            kind: VirtualService
            metadata: {name: way}
            spec:
              hosts: [x.example]
              gateways: [gw]
              http:
              - match: [{uri: {prefix: /}, statPrefix: #}]
                route: [{destination: {host: db.example}}]
            """, "one", "two"),
        change(
            "a server's protocol", "gateway",
            """
            kind: Gateway
            metadata: {name: gw}
            spec:
              selector: {istio: ingressgateway}
              servers: [{port: {number: 80, name: http, protocol: #}, hosts: ['*']}]
            """, "HTTP", "HTTP_PROXY"),
        change(
            "outboundTrafficPolicy", "sidecar", sidecar("outboundTrafficPolicy: {mode: #}"),
            "ALLOW_ANY", "REGISTRY_ONLY"),
        change(
            "outboundTrafficPolicy", "captured", sidecar("outboundTrafficPolicy: {mode: #}"),
            "ALLOW_ANY", "REGISTRY_ONLY"),
        change(
            "egress hosts", "sidecar", sidecar("egress: [{hosts: ['#']}]"), "./db.example",
            "./other.example"),
        change(
            "ingress tls", "sidecar",
            sidecar(
                "ingress: [{port: {number: 8443, name: in, protocol: HTTPS}, "
                    + "defaultEndpoint: 127.0.0.1:80, tls: {mode: SIMPLE, privateKey: /k, "
                    + "serverCertificate: #}}]") + "\n---\n" + Piece.mtls("DISABLE"), "/a.pem",
            "/b.pem"),
    ]

    private static func world(_ change: Change, _ text: String, after previous: Snapshot? = nil)
        -> World
    {
        World(
            Piece.caller, change.document.replacing("#", with: text),
            node: nodes[change.node] ?? Node(), previous: previous)
    }

    @Test("a changed field acts as after a start with it", arguments: changes)
    func changed(_ change: Change) {
        let old = Self.world(change, change.before)
        let fresh = Self.world(change, change.after)
        let reloaded = Self.world(change, change.after, after: old.snapshot)
        let expected = Shape.lines(of: fresh.snapshot)
        #expect(!expected.difference(from: Shape.lines(of: old.snapshot)).isEmpty)
        let missing = expected.difference(from: Shape.lines(of: reloaded.snapshot))
        #expect(missing.isEmpty)
        #expect(reloaded.diagnostics.map(\.description) == fresh.diagnostics.map(\.description))
    }

    private static let moved = "# a line\n# and another\n"

    @Test("places are told as after a start, though only lines were added", arguments: changes)
    func moved(_ change: Change) {
        let old = Self.world(change, change.before)
        let document = change.document.replacing("#", with: change.before)
        let node = Self.nodes[change.node] ?? Node()
        let fresh = World(Piece.caller, Self.moved + document, node: node)
        let reloaded = World(
            Piece.caller, Self.moved + document, node: node, previous: old.snapshot)
        let missing = Shape.lines(of: fresh.snapshot)
            .difference(from: Shape.lines(of: reloaded.snapshot))
        #expect(missing.isEmpty)
        #expect(reloaded.diagnostics.map(\.description) == fresh.diagnostics.map(\.description))
    }

    @Test("a warning about a rule names the line where the rule is now")
    func movedRule() throws {
        let rule = Piece.destinationRule("host: nowhere.test")
        let old = World(rule)
        let new = World(Self.moved + rule, previous: old.snapshot)
        let before = try #require(old.warnings.first?.location)
        #expect(new.warnings.map(\.location?.line) == [before.line + 2])
    }

    @Test("a gateway's routes outlive lines that moved around its services")
    func movedService() {
        let entry = Self.entry("resolution: STATIC, \(Self.port), \(Self.endpoints)")
        let old = World(entry)
        let new = World(Self.moved + entry, previous: old.snapshot)
        #expect(new.snapshot.routing === old.snapshot.routing)
    }

    @Test("and the log does not say that nothing changed", arguments: changes)
    func told(_ change: Change) {
        let old = Self.world(change, change.before)
        let new = Self.world(change, change.after, after: old.snapshot)
        #expect(!SnapshotDifference(from: old.snapshot, to: new.snapshot).isEmpty)
        let again = Self.world(change, change.before)
        let difference = SnapshotDifference(from: old.snapshot, to: again.snapshot)
        #expect(difference.isEmpty, "\(difference)")
    }
}

/// All that a snapshot serves by, one stored property a line.
private enum Shape {
    static func lines(of snapshot: Snapshot) -> [String] {
        var lines: [String] = []
        for listener in snapshot.routing.listeners { write(listener, "listener", &lines) }
        for cluster in snapshot.clusters { write(cluster, "cluster", &lines) }
        return lines
    }

    private static func write(_ value: Any, _ path: String, _ lines: inout [String]) {
        let mirror = Mirror(reflecting: value)
        switch value {
        case is Spec.SourceLocation, is Regex: lines.append("\(path) = \(value)")
        case let table as RouteTable:
            write(table.name, "\(path).name", &lines)
            write(table.virtualHosts, "\(path).hosts", &lines)
        case let texts as [String: String]:
            for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
                lines.append("\(path)[\(name)] = \(text)")
            }
        default:
            if mirror.children.isEmpty {
                if mirror.displayStyle == .class { return }
                lines.append("\(path) = \(value)")
            }
            for (number, child) in mirror.children.enumerated() {
                write(child.value, "\(path).\(child.label ?? "\(number)")", &lines)
            }
        }
    }
}
