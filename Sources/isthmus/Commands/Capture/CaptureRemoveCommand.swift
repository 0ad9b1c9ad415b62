// `isthmus capture remove`: takes the rules away; nothing to take away is fine.
import ArgumentParser
import Control

struct CaptureRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take the rules away; connections under way go on.")

    func run() throws {
        try complaining { try RuleTable.apply(RedirectRules.removalText) }
    }
}
