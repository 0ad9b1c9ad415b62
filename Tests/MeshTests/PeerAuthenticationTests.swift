// What ports of a workload take, by the PeerAuthentications of mesh, namespace, workload and port.
import Mesh
import Spec
import Testing

@Suite struct PeerAuthenticationTests {
    private enum Takes {
        case mutualAlone, both, plainAlone
    }

    /// The port 80 of the workload `a-1`, whose sidecar the snapshot is for.
    private func world(
        _ policies: String..., protocolName: String = "http", node: Node? = nil
    ) -> World {
        World(
            Piece.service("a", ports: "{name: \(protocolName), port: 80}"),
            Piece.workload("a-1", app: "a", address: "10.0.0.1"),
            policies.joined(separator: "\n---\n"), node: node ?? MeshWorld.sidecar("a-1"))
    }

    private func takes(_ policies: String...) -> Takes? {
        switch world(policies.joined(separator: "\n---\n")).inbound(80)?.kind {
        case .tls: .mutualAlone
        case .sniffed: .both
        case .http, .tcp: .plainAlone
        case nil: nil
        }
    }

    private static let selector = "selector: {matchLabels: {app: a}}\n"

    @Test("nothing written takes both")
    func permissive() { #expect(takes() == .both) }

    @Test("a port comes before the workload, that before the namespace, that before the mesh")
    func precedence() {
        let mesh = Piece.mtls("DISABLE", namespace: "istio-system")
        let space = Piece.mtls("STRICT")
        let workload = Piece.peerAuthentication(
            "workload", Self.selector + "mtls: {mode: DISABLE}")
        let port = Piece.peerAuthentication(
            "workload", Self.selector + "mtls: {mode: DISABLE}\nportLevelMtls: {80: {mode: STRICT}}"
        )
        #expect(takes(mesh) == .plainAlone)
        #expect(takes(mesh, space) == .mutualAlone)
        #expect(takes(mesh, space, workload) == .plainAlone)
        #expect(takes(mesh, space, port) == .mutualAlone)
    }

    @Test("UNSET and nothing leave it to the next scope")
    func unset() {
        #expect(
            takes(Piece.mtls("STRICT", namespace: "istio-system"), Piece.mtls("UNSET"))
                == .mutualAlone)
        let port = Piece.peerAuthentication(
            "workload",
            Self.selector + "mtls: {mode: STRICT}\nportLevelMtls: {80: {mode: UNSET}}")
        #expect(takes(port) == .mutualAlone)
        #expect(
            takes(Piece.mtls("STRICT"), Piece.peerAuthentication("w", Self.selector))
                == .mutualAlone)
    }

    @Test("ports are the workload's, not the service's")
    func targetPort() {
        let policy = Piece.peerAuthentication(
            "workload", Self.selector + "portLevelMtls: {8080: {mode: STRICT}}")
        let world = World(
            Piece.service("a", ports: "{name: http, port: 80, targetPort: 8080}"),
            Piece.workload("a-1", app: "a", address: "10.0.0.1"), policy,
            node: MeshWorld.sidecar("a-1"))
        guard case .tls = world.inbound(8080)?.kind else {
            Issue.record("port 8080 is \(String(describing: world.inbound(8080)?.kind))")
            return
        }
    }

    @Test("the oldest of a scope holds")
    func oldest() {
        #expect(
            takes(Piece.mtls("STRICT"), Piece.peerAuthentication("later", "mtls: {mode: DISABLE}"))
                == .mutualAlone)
    }

    @Test("a selector in the root namespace and policies of other namespaces say nothing here")
    func elsewhere() {
        let root = Piece.peerAuthentication(
            "root", namespace: "istio-system", Self.selector + "mtls: {mode: STRICT}")
        #expect(takes(root, Piece.mtls("STRICT", namespace: "other")) == .both)
    }

    // MARK: - What the listener looks like

    @Test("STRICT is one chain for every TLS client, and asks for a certificate of the mesh")
    func strict() throws {
        let world = world(Piece.mtls("STRICT"))
        guard case .tls(let chains) = world.inbound(80)?.kind,
            case .terminateHTTP(let termination, let table) = try #require(chains.first).handling
        else {
            Issue.record("no chain")
            return
        }
        #expect(chains.count == 1)
        #expect(chains[0].serverNames == ["*"] && chains[0].applicationProtocols.isEmpty)
        #expect(termination.credentials == [.workload])
        #expect(termination.clientCA == .workload)
        #expect(termination.clientCertificates == .required)
        #expect(termination.applicationProtocols == ["h2", "http/1.1"])
        #expect(termination.minVersion == 0x0303)
        #expect(table.find("whatever.example.com:80") == "inbound|http|80")
        #expect(world.endpoints("inbound|80||") == "127.0.0.1:80")
        #expect(world.cluster("inbound|80||")?.host == "a.default.svc.cluster.local")
        #expect(world.cluster("inbound|80||")?.endpoints.first?.tls == nil)
    }

    @Test("PERMISSIVE tells peers of the mesh by ALPN, and takes plain HTTP besides")
    func permissiveHTTP() throws {
        guard case .sniffed(let chains, .http(let table)) = world().inbound(80)?.kind else {
            Issue.record("not sniffed")
            return
        }
        #expect(chains.count == 1, "TLS of another kind has no chain on an HTTP port")
        #expect(
            Set(chains[0].applicationProtocols) == [
                "istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2",
            ])
        #expect(table.find("x") == "inbound|http|80")
    }

    @Test("PERMISSIVE on a port for bytes lets the application's own TLS through")
    func permissiveTCP() throws {
        let kind = world(protocolName: "tcp").inbound(80)?.kind
        guard case .sniffed(let chains, .tcp(let plain)) = kind else {
            Issue.record("not sniffed")
            return
        }
        #expect(chains.count == 2)
        guard case .terminateTCP(let termination, _) = chains[0].handling,
            case .passthrough = chains[1].handling
        else {
            Issue.record("\(chains.map(\.handling))")
            return
        }
        #expect(termination.applicationProtocols == ["istio"])
        #expect(chains[1].applicationProtocols.isEmpty)
        #expect(plain?.destinations.first?.clusterName == "inbound|80||")
    }

    @Test("a port without a named protocol is bytes, agrees on what the client speaks, and says so")
    func unnamed() throws {
        let world = world(Piece.mtls("STRICT"), protocolName: "web")
        guard case .tls(let chains) = world.inbound(80)?.kind,
            case .terminateTCP(let termination, _) = try #require(chains.first).handling
        else {
            Issue.record("no chain")
            return
        }
        #expect(termination.applicationProtocols == ["h2", "http/1.1", "istio"])
        #expect(world.says("names no protocol", "carried as bytes", severity: .info))
    }

    @Test("DISABLE takes the bytes as they are", arguments: ["http", "tcp"])
    func disable(_ protocolName: String) {
        let world = world(Piece.mtls("DISABLE"), protocolName: protocolName)
        switch world.inbound(80)?.kind {
        case .http: #expect(protocolName == "http")
        case .tcp: #expect(protocolName == "tcp")
        default: Issue.record("neither")
        }
    }

    @Test("STRICT without an identity is told")
    func noIdentity() {
        let world = world(
            Piece.mtls("STRICT"), node: MeshWorld.sidecar("a-1", hasIdentity: false))
        #expect(world.says("its sidecar has no identity", "every handshake fails"))
    }

    @Test("a mode that changes changes the listener, and nothing else")
    func reload() {
        let before = world(Piece.mtls("PERMISSIVE"))
        let after = world(Piece.mtls("STRICT"))
        let result = compile(
            after.objects, node: MeshWorld.sidecar("a-1"), version: 2, previous: before.snapshot)
        let snapshot = result.snapshot ?? .empty
        let difference = SnapshotDifference(from: before.snapshot, to: snapshot)
        #expect(difference.listeners.changed == ["10.0.0.1_80"])
        #expect(difference.clusters.isEmpty)
    }
}
