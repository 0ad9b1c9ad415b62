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

    @Option(
        help: ArgumentHelp(
            "Bind another port than a Gateway says: 80=8080,443=8443. 0 takes a free one.",
            valueName: "port=port,..."),
        transform: PortMap.init(argument:))
    var portMap: [PortMap] = []

    @Option(
        help: ArgumentHelp(
            "Where this gateway stands, for balancing by place: eu-west/b/rack-7.",
            valueName: "region[/zone[/subzone]]"),
        transform: NodeOptions.place)
    var locality: String?

    var node: Node {
        var node = Node()
        if !label.isEmpty {
            node.labels = Dictionary(
                label.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        }
        node.namespace = namespace
        node.bindAddress = bind
        if let locality { node.locality = locality }
        for map in portMap { node.portMap.merge(map.ports) { $1 } }
        return node
    }

    /// A place as WorkloadEntries write it.
    static func place(_ argument: String) throws -> String {
        let parts = argument.split(
            separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard !parts.contains(""), !argument.contains("*") else {
            throw ValidationError(
                "\"\(argument)\" is no place; write region, region/zone or region/zone/subzone")
        }
        return argument
    }

    private static func bindAddress(_ argument: String) throws -> String {
        guard SocketAddress(host: argument, port: 0) != nil, !argument.hasPrefix("unix:") else {
            throw ValidationError(
                "\"\(argument)\" is no IP address; write 0.0.0.0, 127.0.0.1 or ::")
        }
        return argument
    }
}
