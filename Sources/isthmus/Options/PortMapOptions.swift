// `--port-map`: other ports than the configuration says, for whoever may not bind those.
// A group of its own, because every command that listens has it and means the same by it.
import ArgumentParser
import Mesh

struct PortMapOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Bind another port than the configuration says: 80=8080,9080=19080. 0 takes a free "
                + "one.", valueName: "port=port,..."),
        transform: PortMap.init(argument:))
    var portMap: [PortMap] = []

    /// By the declared port; what is written later holds.
    var ports: [UInt16: UInt16] {
        portMap.reduce(into: [:]) { $0.merge($1.ports) { $1 } }
    }
}
