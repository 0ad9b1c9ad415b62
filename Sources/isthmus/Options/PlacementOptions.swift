// Where a proxy stands: its ports on this machine, and its place among the endpoints.
// What the command line says of both holds over what the objects say.
import ArgumentParser
import Mesh

struct PlacementOptions: ParsableArguments {
    @OptionGroup var ports: PortMapOptions

    @Option(
        help: ArgumentHelp(
            "Where this proxy stands, for balancing by place: eu-west/b/rack-7. (default: what "
                + "the WorkloadEntry or Pod says; a gateway's is unknown)",
            valueName: "region[/zone[/subzone]]"),
        transform: PlacementOptions.place)
    var locality: String?

    func describe(_ node: inout Node) {
        if let locality { node.locality = locality }
        node.portMap.merge(ports.ports) { $1 }
    }

    /// A place as WorkloadEntries write it.
    private static func place(_ argument: String) throws -> String {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 3, !parts.contains(""), !argument.contains("*") else {
            throw ValidationError(
                "\"\(argument)\" is no place; write region, region/zone or region/zone/subzone")
        }
        return argument
    }
}
