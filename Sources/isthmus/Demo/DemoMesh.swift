// The demo's mesh: Bookinfo, a sidecar beside each of its services, an authority that gives every
// one of them an identity, the gateway in front, and the services of other tutorials; all in this
// process.
// Nothing in it is special: the proxies are those that `isthmus gateway` and `isthmus sidecar` run,
// the authority is that of `isthmus ca serve`.
import Authority
import Bookinfo
import Control
import Mesh
import Net
import PKI
import Proxy
import Telemetry

struct DemoMesh {
    /// Ports as bound; the resources say 8080, 8443 and 9080.
    struct Ports {
        var http: UInt16
        var https: UInt16
        /// Of the services, their sidecars and the applications behind, each at its own address.
        var workload: UInt16
        /// Declared port to bound port, for listeners that applied rules open, and for 15001, where
        /// sidecars take calls for any port; for 80 and 443 of the egress gateway; for 9443, where
        /// the outside takes TLS.
        var others: [UInt16: UInt16] = [:]
        /// Of the proxies' admin servers, each at its own address.
        var admin: UInt16 = 15000

        func bound(_ declared: UInt16) -> UInt16 { others[declared] ?? declared }
    }

    static let declaredHTTP: UInt16 = 8080
    static let declaredHTTPS: UInt16 = 8443
    /// The Secret that the Gateway's HTTPS server names.
    private static let secret = "istio-system/bookinfo-credential"
    /// What the gateway's certificate is for.
    private static let hosts = ["localhost", "bookinfo.example.com"]
    /// The workload that is called from by hand; gateways/samples.
    private static let curl = (name: "curl", place: UInt32(17))
    /// The workload that calls an outside host; gateways/samples.
    private static let detailsV2 = (name: "details-v2", place: UInt32(18))
    static let declaredCalls: UInt16 = 15001
    /// Where the outside takes TLS, as the ports of gateways/egress say.
    static let declaredOutside: UInt16 = 9443
    /// Ports of Gateways for the egress gateway, and where they are bound, as Istio's installation
    /// has it.
    private static let egressPorts: [UInt16: UInt16] = [80: 8080, 443: 8443]
    static let egressPlace: UInt32 = 10

    let ports: Ports
    let loop: Loop
    /// Holds the authority; gone with the demo.
    private let folder: TemporaryFolder
    private let authority: Authority
    private let server: AuthorityServer
    private let serverAddress: SocketAddress
    /// The roots of the mesh, PEM: what browsers have to believe.
    let roots: [UInt8]
    private let base: [UInt8]
    private let paths: [String]
    private let outside: DemoOutside
    /// Where a check puts rules of its own; nil where nobody checks.
    let rules: TemporaryFolder?

    /// - Parameters:
    ///   - paths: files and folders of rules over the built-in ones.
    ///   - isChecked: have a folder of rules besides.
    init(ports: Ports, paths: [String], isChecked: Bool = false, log: Log) throws {
        self.ports = ports
        rules = isChecked ? try TemporaryFolder(prefix: "isthmus-demo-rules-") : nil
        self.paths = paths + (rules.map { [$0.path] } ?? [])
        let folder = try TemporaryFolder(prefix: "isthmus-demo-")
        loop = try Loop()
        let authority = try Authority.create(
            path: "\(folder.path)/ca", plan: AuthorityPlan(trustDomain: .clusterLocal))
        outside = try DemoOutside(ports: ports, folder: folder)
        outside.trust()
        base = try Self.resources(ports, authority) + Array("---\n".utf8) + outside.credentials
        let server = try AuthorityServer(authority, loop: loop, log: log)
        serverAddress = try server.listen(on: .v4(0x7F00_0001, port: 0))
        roots = server.roots
        self.folder = folder
        self.authority = authority
        self.server = server
    }

    /// Ends what is not a proxy's.
    func stop() { server.stop() }

    var rootsPath: String { "\(folder.path)/ca/root-cert.pem" }

    // MARK: - The application

    func bookinfo() -> Bookinfo {
        var configuration = BookinfoConfiguration()
        for service in BookinfoService.allCases {
            configuration.addresses[service] = service.applicationAddress(port: ports.workload)
            if service.callsOthers {
                configuration.sidecars[service] = service.outboundAddress(port: ports.workload)
            }
        }
        return Bookinfo(configuration)
    }

    var sampleAddresses: [SampleWorkload: SocketAddress] {
        Dictionary(
            uniqueKeysWithValues: SampleWorkload.allCases.map {
                ($0, $0.address(port: ports.workload))
            })
    }

    /// The proxy by which anybody calls from inside the mesh: `curl -x` takes it.
    var callsAddress: SocketAddress { Self.callsAddress(ports) }

    static func callsAddress(_ ports: Ports) -> SocketAddress {
        .v4(0x7F00_0200 + curl.place, port: ports.bound(declaredCalls))
    }

    var outsideRoots: [UInt8] { outside.roots }

    /// Where version 2 of details sends its calls.
    var detailsCallsAddress: SocketAddress {
        .v4(0x7F00_0200 + Self.detailsV2.place, port: ports.bound(Self.declaredCalls))
    }

    // MARK: - The proxies

    func gateway() throws -> ProxyOptions {
        var node = Node()
        node.bindAddress = "127.0.0.1"
        node.portMap = [Self.declaredHTTP: ports.http, Self.declaredHTTPS: ports.https]
            .merging(ports.others) { $1 }
        node.hasIdentity = true
        var options = try options(node, as: node.peer)
        options.admin = .v4(0x7F00_0001, port: ports.admin)
        options.identity = try identity(of: node)
        return options
    }

    /// The sidecars, the egress gateway, and the outside's own.
    /// - Parameter withAdmin: serve the admin port of each, at its own address.
    func others(withAdmin: Bool) throws -> [ProxyOptions] {
        try sidecars(withAdmin: withAdmin) + [egressGateway(withAdmin: withAdmin), outside.proxy()]
    }

    private func egressGateway(withAdmin: Bool) throws -> ProxyOptions {
        let address = SocketAddress.v4(0x7F00_0000 + Self.egressPlace, port: ports.admin)
        var node = Node(labels: ["app": "istio-egressgateway", "istio": "egressgateway"])
        node.bindAddress = address.host
        node.portMap = Self.egressPorts.merging(ports.others) { $1 }
        node.hasIdentity = true
        var options = try options(node, as: node.peer)
        options.name = node.peer.workload
        options.waitsForRules = true
        options.admin = withAdmin ? address : nil
        options.identity = try identity(of: node)
        return options
    }

    private func sidecars(withAdmin: Bool) throws -> [ProxyOptions] {
        let bookinfo = try BookinfoService.allCases.map {
            try sidecar(
                of: $0.workload, account: "bookinfo-\($0.name)",
                admin: withAdmin ? $0.inboundAddress(port: ports.admin) : nil)
        }
        let samples = try [
            (Self.curl, account: "curl"), (Self.detailsV2, account: "bookinfo-details-v2"),
        ].map { workload, account in
            let admin = SocketAddress.v4(0x7F00_0000 + workload.place, port: ports.admin)
            return try sidecar(
                of: workload.name, account: account, admin: withAdmin ? admin : nil)
        }
        return bookinfo + samples
    }

    private func sidecar(
        of workload: String, account: String, admin: SocketAddress?
    ) throws -> ProxyOptions {
        var node = Node.sidecar(of: workload, defaultNamespace: "default")
        node.portMap = [BookinfoService.defaultPort: ports.workload]
            .merging(ports.others) { $1 }
        node.hasIdentity = true
        var peer = node.peer
        peer.workload = workload
        var options = try options(node, as: peer)
        options.name = workload
        options.admin = admin
        options.identity = try identity(namespace: node.namespace, account: account)
        return options
    }

    private func options(_ node: Node, as peer: IstioLabels.Peer) throws -> ProxyOptions {
        var source = ConfigurationSource(paths: paths, node: node)
        source.base = base
        var options = ProxyOptions(source: source, workerCount: 1)
        options.settings.source = peer
        options.settings.hostname = Array(Machine.hostname.utf8)
        options.resolver.hostsPath = outside.hostsPath
        return options
    }

    /// A gateway's, with the account that Istio's installation gives it.
    private func identity(of gateway: Node) throws -> IdentitySource {
        try identity(
            namespace: gateway.namespace, account: "\(gateway.peer.workload)-service-account")
    }

    private func identity(namespace: String, account: String) throws -> IdentitySource {
        let workload = try WorkloadName(namespace: namespace, serviceAccount: account)
        let token = try authority.token(for: workload.identity(in: authority.trustDomain)).text
        return .authority(
            AuthorityContact(
                address: "\(serverAddress)", rootsPath: rootsPath, workload: workload,
                token: .text(token)))
    }

    // MARK: - The resources

    private static func resources(_ ports: Ports, _ authority: Authority) throws -> [UInt8] {
        let workloadPort = ports.workload
        // The tutorials begin without rules: versions take turns, and a subset is what somebody
        // applies.
        let mesh = MeshResources.files.filter { $0.name != "destination-rules.yaml" }
        var text = (mesh + SampleResources.files).map(\.text).joined(separator: "\n---\n")
            .replacing("targetPort: 9080", with: "targetPort: \(workloadPort)")
            .replacing(/(defaultEndpoint: [0-9.]+:)9080/) { "\($0.1)\(workloadPort)" }
            .replacing(/number: 9080(, [^}]*}\n *bind: 127.0.0.)/) {
                "number: \(workloadPort)\($0.1)"
            }
        for (declared, bound) in egressPorts {
            text.replace(
                "targetPort: \(bound)", with: "targetPort: \(ports.others[declared] ?? bound)")
        }
        return Array("\(text)\n---\n".utf8) + (try gatewaySecret(authority))
    }

    private static func gatewaySecret(_ authority: Authority) throws -> [UInt8] {
        let key = try PrivateKey.generate(.p256)
        let subject = LeafRequest.Subject.gateway(
            hosts: try hosts.map { try DNSName($0) }, addresses: [[127, 0, 0, 1]])
        let issued = try authority.issue(LeafRequest(subject, key: try key.publicKey))
        return try CredentialSecret(secret).yaml(issued, key: key)
    }
}

extension BookinfoService {
    /// As gateways/mtls calls it, `reviews-v2`.
    var workload: String { "\(name)-\(version)" }

    /// details and ratings ask nobody.
    fileprivate var callsOthers: Bool { self != .details && self != .ratings }

    /// Where its sidecar takes the calls of others.
    func inboundAddress(port: UInt16) -> SocketAddress { address(in: 0, port: port) }

    /// Where its sidecar takes its own calls.
    func outboundAddress(port: UInt16) -> SocketAddress { address(in: 2, port: port) }

    /// Where the application listens.
    fileprivate func applicationAddress(port: UInt16) -> SocketAddress {
        address(in: 1, port: port)
    }

    /// The addresses of gateways/mtls: 11 to 16, in the order of the cases.
    private func address(in network: UInt32, port: UInt16) -> SocketAddress {
        let place = UInt32(Self.allCases.firstIndex(of: self) ?? 0)
        return .v4(0x7F00_000B + place + network << 8, port: port)
    }
}
