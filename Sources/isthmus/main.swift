// The way in: the command line with what the environment adds to it, handed to the parser.
// Thin on purpose; every subcommand is a file in Commands/.
import ArgumentParser

IsthmusCommand.main(EnvironmentDefaults.applied(to: Array(CommandLine.arguments.dropFirst())))
