// The proxy that a configuration is for: Gateways choose it by its labels, exportTo by its
// namespace.
import ArgumentParser
import Mesh
import Net

struct NodeOptions: ParsableArguments {
    @Option(
        name: [.customShort("l"), .long],
        help: ArgumentHelp(
            "A label of this gateway, for the selectors of Gateways; can be given again. "
                + "(default: istio=ingressgateway)", valueName: "key=value"),
        transform: Label.init(argument:))
    var label: [Label] = []

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("The namespace this gateway counts as living in.", valueName: "name"))
    var namespace = "istio-system"

    @Option(
        help: ArgumentHelp("The address of servers that name none.", valueName: "address"),
        transform: bindAddress)
    var bind = "0.0.0.0"

    @OptionGroup var placement: PlacementOptions

    var node: Node {
        var node = Node()
        if !label.isEmpty {
            node.labels = Dictionary(
                label.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        }
        node.namespace = namespace
        node.bindAddress = bind
        placement.describe(&node)
        return node
    }

    private static func bindAddress(_ argument: String) throws -> String {
        guard SocketAddress(host: argument, port: 0) != nil, !argument.hasPrefix("unix:") else {
            throw ValidationError(
                "\"\(argument)\" is no IP address; write 0.0.0.0, 127.0.0.1 or ::")
        }
        return argument
    }
}
