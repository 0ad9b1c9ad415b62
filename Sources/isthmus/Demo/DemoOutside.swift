// The outside of the demo's mesh: hosts with certificates of another authority, behind a gateway
// that knows nothing of the mesh.
// A name that does not exist and an authority that nobody trusts would show nothing, so the demo's
// proxies are told both, as DNS and the system's trust store tell them elsewhere.
import Authority
import Bookinfo
import Control
import Mesh
import Net
import PKI
import Proxy

struct DemoOutside {
    /// All names are at one address.
    static let host: UInt32 = 0x7F00_0029
    private static let publicNames = [
        "books.example.com", "news.example.com", "wiki.example.com", "*.wiki.example.com",
    ]
    private static let privateName = "secure.example.com"
    /// What DNS would know of `*.wiki.example.com`.
    private static let subdomains = ["www", "en", "de"]
    /// The Secret by which the egress gateway shows who it is, in `istio-system`.
    private static let clientSecret = "istio-system/client-credential"

    /// The hosts file of the mesh's proxies.
    let hostsPath: String
    /// The authority of the outside, PEM: by itself, and as its proxies trust it.
    let roots: [UInt8]
    let rootsPath: String
    /// What the mesh was given by the owner of `secure.example.com`: a certificate and its key.
    let credentials: [UInt8]
    private let base: [UInt8]
    private let ports: DemoMesh.Ports

    init(ports: DemoMesh.Ports, folder: TemporaryFolder) throws {
        self.ports = ports
        let authority = try Authority.create(
            path: "\(folder.path)/outside-ca",
            plan: AuthorityPlan(trustDomain: try TrustDomain("outside.example")))
        roots = try File.read("\(folder.path)/outside-ca/root-cert.pem")
        rootsPath = try folder.write("outside-root-cert.pem", Self.trusted(beside: roots))
        hostsPath = try folder.write("hosts", Self.hosts)
        let client = try WorkloadName(namespace: "partners", serviceAccount: "bookinfo")
        credentials = try Self.secret(
            Self.clientSecret,
            .workload(client.identity(in: authority.trustDomain), hosts: [], addresses: []),
            authority)
        base = try Self.resources(workloadPort: ports.workload, authority)
    }

    /// - Throws: what certificates and Secrets throw.
    func proxy() -> ProxyOptions {
        var node = Node(labels: ["istio": "outside"], namespace: "outside")
        node.bindAddress = SocketAddress.v4(Self.host, port: 0).host
        node.portMap = [
            BookinfoService.defaultPort: ports.workload,
            DemoMesh.declaredOutside: ports.bound(DemoMesh.declaredOutside),
        ]
        var source = ConfigurationSource(paths: [], node: node)
        source.base = base
        var options = ProxyOptions(source: source, workerCount: 1)
        options.name = "outside"
        options.settings.source = node.peer
        return options
    }

    // MARK: - What is known of it inside

    /// The names of the outside beside those that the machine's owner has decided.
    private static var hosts: String {
        let own = (try? File.read("/etc/hosts")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let names =
            publicNames.filter { !$0.hasPrefix("*") } + [privateName]
            + subdomains.map { "\($0).wiki.example.com" }
        return "\(SocketAddress.v4(host, port: 0).host) \(names.joined(separator: " "))\n\(own)"
    }

    /// Its root, and the system's where OpenSSL would not find those by itself: a file of roots
    /// that is named replaces the file that is looked for, and not the folder.
    private static func trusted(beside own: [UInt8]) -> String {
        let systems = [Machine.environment(trustVariable), "/etc/pki/tls/cert.pem"]
        let system = systems.compactMap { $0 }.lazy.compactMap { try? File.read($0) }.first ?? []
        return String(decoding: own + system, as: UTF8.self)
    }

    /// OpenSSL's name for the file of roots that everybody trusts
    /// (SSL_CTX_load_verify_locations(3)).
    private static let trustVariable = "SSL_CERT_FILE"

    /// From here on this process believes the outside's certificates; before the first thread.
    func trust() { Machine.setEnvironment(Self.trustVariable, rootsPath) }

    // MARK: - The resources

    private static func resources(
        workloadPort: UInt16, _ authority: Authority
    ) throws -> [UInt8] {
        let text = OutsideResources.files.map(\.text).joined(separator: "\n---\n")
            .replacing("targetPort: 9080", with: "targetPort: \(workloadPort)")
        let names = try publicNames.map { try DNSName($0) }
        return Array("\(text)\n---\n".utf8)
            + (try secret("outside/public", .gateway(hosts: names, addresses: []), authority))
            + Array("---\n".utf8)
            + (try secret(
                "outside/clients",
                .gateway(hosts: [try DNSName(privateName)], addresses: []), authority))
    }

    private static func secret(
        _ name: String, _ subject: LeafRequest.Subject, _ authority: Authority
    ) throws -> [UInt8] {
        let key = try PrivateKey.generate(.p256)
        let issued = try authority.issue(LeafRequest(subject, key: try key.publicKey))
        return try CredentialSecret(name).yaml(issued, key: key)
    }
}
