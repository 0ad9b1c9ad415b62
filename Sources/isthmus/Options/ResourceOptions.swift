// Which files to read, with kubectl's letters.
import ArgumentParser
import Control
import Mesh
import Net

struct ResourceOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp(
            "A file or folder of resources, - for standard input; can be given again.",
            valueName: "path"))
    var paths: [String]

    @Flag(name: [.customShort("R"), .long], help: "Folders in folders too.")
    var recursive = false

    @Option(
        help: ArgumentHelp(
            "The namespace of objects that name none.", valueName: "name"))
    var defaultNamespace = "default"

    /// - Parameter more: paths that were written without a letter before them.
    /// - Throws: when standard input was asked for and cannot be read.
    func source(for node: Node, and more: [String] = []) throws -> ConfigurationSource {
        let paths = paths + more
        var input: [UInt8] = []
        if paths.contains("-") {
            do {
                input = try File.read(0)
            } catch {
                throw Complaint(.inputOutput, "standard input: \(error)")
            }
        }
        return ConfigurationSource(
            paths: paths, isRecursive: recursive, defaultNamespace: defaultNamespace,
            standardInput: input, node: node)
    }
}
