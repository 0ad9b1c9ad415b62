// `isthmus demo`: Bookinfo and a gateway in front of it, in one process, with nothing to set up.
import ArgumentParser
import Bookinfo
import Control
import Mesh
import Net
import Proxy

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the Bookinfo application behind a gateway, and print the URLs to open.",
        discussion: """
            Ctrl-C stops it. With --check it uses free ports, walks the page as a browser would,
            and ends with 0 or 1.
            """)

    @Option(help: ArgumentHelp("The gateway's port on 127.0.0.1.", valueName: "port"))
    var port: UInt16 = DemoCommand.declaredPort

    @Flag(help: "Walk the page on free ports, print each check, and end.")
    var check = false

    @Flag(name: .shortAndLong, help: "Show the gateway's log.")
    var verbose = false

    /// As the Gateway in gateways/bookinfo says.
    private static let declaredPort: UInt16 = 8080
    private static let attemptsMax = 5

    func run() throws {
        // The application's thread starts first and must not be the one that Ctrl-C ends.
        ProxyProcess.blockSignals()
        try complaining {
            let status = check ? try runCheck() : try runDemo()
            if status != .success { throw status.code }
        }
    }

    private func runDemo() throws -> ExitStatus {
        try refuseOccupiedPort()
        let bookinfo = Bookinfo()
        do {
            try bookinfo.start()
        } catch {
            throw Complaint(.inputOutput, "\(error)")
        }
        defer { bookinfo.stop() }
        let folder = DemoResources.folder()
        let source =
            folder.map { configuration(paths: [$0], gatewayPort: port) }
            ?? configuration(
                text: DemoResources.text(from: nil, workloadPort: BookinfoService.defaultPort),
                gatewayPort: port)
        var options = ProxyOptions(source: source)
        options.settings.source = source.node.peer
        options.settings.hostname = Array(Machine.hostname.utf8)
        options.admin = .v4(0x7F00_0001, port: 15000)
        let status = ProxyProcess.run(options, log: Log(level: verbose ? .info : .warning)) {
            Output.data(greeting($0, folder: folder))
        }
        if status == .success { Output.data("\nstopped\n") }
        return status
    }

    private func greeting(_ process: ProxyProcess, folder: String?) -> String {
        let address = process.address(ofDeclaredPort: Self.declaredPort)
        let base = "http://\(address ?? .v4(0x7F00_0001, port: port))"
        var lines = [
            "Bookinfo behind a gateway, in one process:", "",
            "  \(base)/productpage", "      the page; sign in as jason, with any password",
            "  \(base)/api/v1/products", "      its API",
        ]
        if let admin = process.adminAddress {
            lines += ["  http://\(admin)/", "      the gateway: listeners, clusters, statistics"]
        }
        if let folder {
            lines += ["", "Rules: \(folder) (a file you save is live at once)"]
        }
        lines += ["", "Ctrl-C stops it."]
        return lines.joined(separator: "\n") + "\n"
    }

    /// Everything on free ports, so that any number of checks can run at a time.
    private func runCheck() throws -> ExitStatus {
        let folder = DemoResources.folder()
        var bookinfo: Bookinfo?
        var servicePort: UInt16 = 0
        for attempt in 1...Self.attemptsMax where bookinfo == nil {
            servicePort = try PortMap.freePort()
            let candidate = Bookinfo(BookinfoConfiguration(port: servicePort))
            do {
                try candidate.start()
                bookinfo = candidate
            } catch {
                // Somebody else took the port meanwhile.
                if attempt == Self.attemptsMax { throw Complaint(.inputOutput, "\(error)") }
            }
        }
        defer { bookinfo?.stop() }
        let source = configuration(
            text: DemoResources.text(from: folder, workloadPort: servicePort),
            gatewayPort: try PortMap.freePort())
        var options = ProxyOptions(source: source)
        options.settings.source = source.node.peer
        options.admin = .v4(0x7F00_0001, port: 0)
        return ProxyProcess.run(options, log: Log(level: verbose ? .info : .warning)) { process in
            guard let address = process.address(ofDeclaredPort: Self.declaredPort) else {
                Output.data("FAIL  the gateway listens on no port \(Self.declaredPort)\n")
                process.finish(.failure)
                return
            }
            DemoWalk.start(
                loop: process.loop, gateway: address, admin: process.adminAddress
            ) { failures in
                process.finish(failures == 0 ? .success : .failure)
            }
        }
    }

    private func refuseOccupiedPort() throws {
        do {
            _ = try Socket.listen(on: .v4(0x7F00_0001, port: port), sharesPort: false)
        } catch {
            throw Complaint(
                error.isPermission ? .notPermitted : .inputOutput,
                "cannot bind 127.0.0.1:\(port): \(error.reason); choose another with --port, "
                    + "as in isthmus demo --port 8081")
        }
    }

    private func configuration(
        paths: [String] = ["-"], text: [UInt8] = [], gatewayPort: UInt16
    ) -> ConfigurationSource {
        var node = Node()
        node.bindAddress = "127.0.0.1"
        node.portMap = [Self.declaredPort: gatewayPort]
        return ConfigurationSource(paths: paths, standardInput: text, node: node)
    }
}
