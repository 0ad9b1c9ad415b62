// `isthmus validate`: everything there is to say about the files, with the lines.
// It reads and compiles as the gateway does, and as sidecars and other gateways do, so that what
// passes here starts there.
import ArgumentParser
import Control
import Mesh
import Spec

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check files and folders: every finding with file, line, column and advice.",
        discussion: """
            Ends with 0, or with 65 where there is an error; warnings alone are no error.

            isthmus validate -f gateways/bookinfo
            isthmus validate -f rules/*.yaml
            """)

    @OptionGroup var resources: ResourceOptions
    @Argument(help: ArgumentHelp("More files and folders.", valueName: "path"))
    var more: [String] = []

    @OptionGroup var nodeOptions: NodeOptions

    @Option(name: .shortAndLong, help: "text or json.")
    var output = OutputFormat.text

    @Option(help: "Colour: auto, always or never.")
    var color = ColorOption.auto

    func run() throws {
        try complaining {
            // Whether a proxy has an identity is not in the files.
            var node = nodeOptions.node
            node.hasIdentity = true
            let reader = ConfigurationReader(try resources.source(for: node, and: more))
            let reading = reader.load()
            let findings = ValidationFindings(
                reading,
                others: reading.objects.map {
                    surveyDiagnostics($0, node: node, known: reading.diagnostics)
                } ?? [])
            switch output {
            case .text:
                Output.data(findings.text(reader, isColored: color.applies(to: 1)))
            case .json:
                Output.data(findings.json.prettyBytes)
            }
            Output.talk(findings.summary + "\n")
            if reading.isUnreadable { throw ExitStatus.inputOutput.code }
            if findings.errorCount > 0 { throw ExitStatus.badData.code }
        }
    }
}
