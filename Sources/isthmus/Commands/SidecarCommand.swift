// `isthmus sidecar`: the proxy beside one workload, without packet capture: the workload listens
// where only its sidecar calls it, and calls others through its sidecar.
import ArgumentParser
import Control
import Mesh
import Net

struct SidecarCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sidecar",
        abstract: "Stand beside a workload: serve for it, and carry its calls to others.",
        discussion: """
            The WorkloadEntry or Pod of that name says which labels, service account, address and
            ports the workload has; a Sidecar resource says what listens where. Without one, calls
            go out through 127.0.0.1:15001 by their Host, and come in at the workload's address.
            Programs that know HTTP_PROXY and HTTPS_PROXY need nothing else.

            isthmus sidecar --workload reviews-v1 -f gateways/mtls --identity certs/reviews-v1
            """)

    @Option(
        name: [.customShort("w"), .long],
        help: ArgumentHelp("The workload.", valueName: "name[.namespace]"))
    var workload: String

    @OptionGroup var resources: ResourceOptions
    @OptionGroup var identity: IdentityOptions
    @OptionGroup var placement: PlacementOptions

    @Option(
        help: ArgumentHelp(
            "The workload's service account. (default: what the WorkloadEntry or Pod says)",
            valueName: "name"))
    var serviceAccount: String?

    @Flag(help: "The workload's calls are redirected here: isthmus capture install.")
    var capture = false

    @Flag(help: "Connections to the workload are redirected here as well, to port 15006.")
    var captureInbound = false

    @OptionGroup var serving: ServingOptions

    func run() throws {
        try complaining {
            let log = serving.log
            var node = Node.sidecar(
                of: workload, defaultNamespace: resources.defaultNamespace)
            placement.describe(&node)
            identity.describe(&node)
            if capture || captureInbound {
                let hasIPv6 = SocketAddress(host: "::1", port: 9).map(Socket.hasRoute) ?? false
                node.capture = Capture(
                    outboundBindIPv6: hasIPv6 ? "::1" : nil,
                    inboundBind: captureInbound ? hasIPv6 ? "::" : "0.0.0.0" : nil)
            }
            let source = try resources.source(for: node)
            let own = try Self.workload(workload, of: source, log)
            var options = try serving.options(for: source, as: own.peer)
            options.identity = try identity.source(
                namespace: own.namespace,
                serviceAccount: serviceAccount
                    ?? (own.serviceAccount.isEmpty ? "default" : own.serviceAccount))
            let status = ProxyProcess.run(options, log: log)
            if status != .success { throw status.code }
        }
    }

    /// What the resources say of the workload; who it is does not change while its proxy runs.
    static func workload(
        _ name: String, of source: ConfigurationSource, _ log: Log
    ) throws -> Workload {
        let reading = ConfigurationReader(source).load()
        if let objects = reading.objects, let own = Workload(of: source.node, in: objects) {
            return own
        }
        for error in reading.errors { log.error("config", "\(error)") }
        if reading.objects == nil {
            throw Complaint(
                reading.isUnreadable ? .inputOutput : .badConfiguration, "not started: no workload")
        }
        throw Complaint(
            .badConfiguration,
            "for --workload \(name) there is no WorkloadEntry and no Pod in namespace "
                + "\(source.node.namespace); write NAME or NAME.NAMESPACE")
    }
}
