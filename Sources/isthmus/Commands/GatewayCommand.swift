// `isthmus gateway`: the ingress gateway, by itself.
import ArgumentParser
import Control

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
    @OptionGroup var serving: ServingOptions

    func run() throws {
        try complaining {
            let source = try resources.source(for: nodeOptions.node)
            let options = try serving.options(for: source, as: source.node.peer)
            let status = ProxyProcess.run(options, log: serving.log)
            if status != .success { throw status.code }
        }
    }
}
