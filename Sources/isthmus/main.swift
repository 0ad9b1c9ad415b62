// The way in: the command line with what the environment adds to it, handed to the parser.
// Thin on purpose; every subcommand is a file in Commands/.
import ArgumentParser

let arguments = Array(CommandLine.arguments.dropFirst())
if let complaint = CommandWord.complaint(arguments) {
    IsthmusCommand.exit(withError: complaint.exit)
}
IsthmusCommand.main(EnvironmentDefaults.applied(to: arguments))
