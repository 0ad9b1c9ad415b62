// `isthmus capture`: the host's own rules that bring the connections of a user or group to a
// sidecar.
// Beside `isthmus run`, for services that somebody else starts: systemd, a login, a container.
import ArgumentParser
import Control

struct CaptureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capture",
        abstract: "Redirect the connections of users or control groups to a sidecar here.",
        discussion: """
            A table of nftables, inet isthmus, sends calls to port 15001 and, where asked,
            connections to the workload's ports to 15006, where a sidecar waits:

            isthmus sidecar --workload reviews-v2 -f mesh --capture
            isthmus capture install --uid reviews

            The sidecar runs as another user, or in another group, than the workload. Takes
            CAP_NET_ADMIN and the program nft.
            """,
        subcommands: [
            CaptureInstallCommand.self, CaptureRemoveCommand.self, CaptureShowCommand.self,
        ])
}
