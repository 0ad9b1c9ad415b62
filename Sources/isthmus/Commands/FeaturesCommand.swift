// `isthmus features`: every field of every kind, and how far it is carried out.
import ArgumentParser
import Spec

struct FeaturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "Show every field of every kind and whether it works, as Markdown.")

    func run() {
        Output.data(FeatureTable.markdown())
    }
}
