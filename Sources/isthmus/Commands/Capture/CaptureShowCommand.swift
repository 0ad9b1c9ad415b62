// `isthmus capture show`: the rules as the kernel has them, with what they have counted.
import ArgumentParser
import Control

struct CaptureShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the rules in force, with packets and bytes.")

    func run() throws {
        try complaining {
            guard let rules = try RuleTable.current() else {
                throw Complaint(.failure, "nothing is redirected: isthmus capture install")
            }
            Output.data(rules)
        }
    }
}
