// The first words of a command line: which command they mean, or why they mean none.
// Asked before the parser is, which takes a misspelt command for something without options and
// complains of the first option behind it.
import ArgumentParser
import Control
import Spec

enum CommandWord {
    /// Nil where `arguments` begin with a command, or with an option or nothing.
    static func complaint(
        _ arguments: [String], of command: any ParsableCommand.Type = IsthmusCommand.self,
        called name: String = "isthmus"
    ) -> Complaint? {
        let subcommands = command.configuration.subcommands
        guard let word = arguments.first, !word.hasPrefix("-"), !subcommands.isEmpty,
            word != "help" || name != "isthmus"
        else { return nil }
        let names = subcommands.compactMap { $0.configuration.commandName }
        if let found = subcommands.first(where: { $0.configuration.commandName == word }) {
            return complaint(
                Array(arguments.dropFirst()), of: found, called: "\(name) \(word)")
        }
        let advice =
            Spelling.nearest(to: word, among: names).map { "did you mean \(name) \($0)?" }
            ?? "the commands of \(name) are \(names.joined(separator: ", "))"
        return Complaint(.usage, "\"\(word)\" is no command; \(advice)")
    }
}
