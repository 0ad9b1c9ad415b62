// The command and its subcommands, in the order in which newcomers meet them.
import ArgumentParser
import Control

struct IsthmusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "isthmus",
        abstract: "Istio's traffic API without Kubernetes: one binary that reads Istio's "
            + "resources from files and serves traffic by them.",
        discussion: """
            Data goes to standard output, talk to standard error. A flag can be set in the
            environment: ISTHMUS_ACCESS_LOG is --access-log; the flag wins.

            Exit codes: 0, 1 other, 64 usage, 65 bad input, 69 server not reachable, 74 I/O,
            77 not permitted, 78 bad configuration at start.
            """,
        version: "isthmus \(Version.text)",
        subcommands: [
            DemoCommand.self, GatewayCommand.self, SidecarCommand.self, RunCommand.self,
            CaptureCommand.self, CACommand.self, ValidateCommand.self, ExplainCommand.self,
            FeaturesCommand.self, VersionCommand.self,
        ])
}

extension ExitStatus {
    /// As the parser wants it.
    var code: ExitCode { ExitCode(rawValue) }
}
