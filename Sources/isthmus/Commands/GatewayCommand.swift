// `isthmus gateway`: the ingress gateway, by itself.
import ArgumentParser
import Control
import Mesh
import Telemetry

struct GatewayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Serve traffic by the Gateways and VirtualServices in files and folders.",
        discussion: """
            Changed files are live within 200 ms; a change with an error in it is refused whole.
            SIGHUP reads the files at once, SIGTERM drains, SIGUSR1 opens the access log again.

            isthmus gateway -f gateways/bookinfo --access-log -
            """)

    @OptionGroup var resources: ResourceOptions
    @OptionGroup var nodeOptions: NodeOptions
    @OptionGroup var identity: IdentityOptions

    @Option(
        help: ArgumentHelp(
            "The gateway's service account, for --ca. "
                + "(default: istio-ingressgateway-service-account, after the label istio)",
            valueName: "name"))
    var serviceAccount: String?

    @OptionGroup var serving: ServingOptions

    func run() throws {
        try complaining {
            var node = nodeOptions.node
            identity.describe(&node)
            let source = try resources.source(for: node)
            var options = try serving.options(for: source, as: node.peer)
            options.identity = try identity.source(
                namespace: node.namespace,
                serviceAccount: serviceAccount ?? "\(node.peer.workload)-service-account")
            let status = ProxyProcess.run(options, log: serving.log)
            if status != .success { throw status.code }
        }
    }
}
