// `isthmus demo --plain`: Bookinfo behind a gateway, as somebody has it who wants no mesh.
// Its rules are those of gateways/bookinfo, live from the folder where there is one.
import Bookinfo
import Control
import Mesh
import Net
import Proxy

struct PlainDemo {
    let port: UInt16

    func run(_ log: Log) throws -> ExitStatus {
        try DemoPort.refuseOccupied(port, flag: "--port")
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
        let status = ProxyProcess.run(options, log: log) {
            Output.data(greeting($0, folder: folder))
        }
        if status == .success { Output.data("\nstopped\n") }
        return status
    }

    private func greeting(_ process: ProxyProcess, folder: String?) -> String {
        let address = process.address(ofDeclaredPort: DemoMesh.declaredHTTP)
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
    func check(_ log: Log) throws -> ExitStatus {
        let folder = DemoResources.folder()
        var bookinfo: Bookinfo?
        var servicePort: UInt16 = 0
        for attempt in 1...DemoPort.attemptsMax where bookinfo == nil {
            servicePort = try PortMap.freePort()
            let candidate = Bookinfo(BookinfoConfiguration(port: servicePort))
            do {
                try candidate.start()
                bookinfo = candidate
            } catch {
                // Somebody else took the port meanwhile.
                if attempt == DemoPort.attemptsMax { throw Complaint(.inputOutput, "\(error)") }
            }
        }
        defer { bookinfo?.stop() }
        let source = configuration(
            text: DemoResources.text(from: folder, workloadPort: servicePort),
            gatewayPort: try PortMap.freePort())
        var options = ProxyOptions(source: source)
        options.settings.source = source.node.peer
        options.admin = .v4(0x7F00_0001, port: 0)
        return ProxyProcess.run(options, log: log) { process in
            guard let address = process.address(ofDeclaredPort: DemoMesh.declaredHTTP) else {
                Output.data("FAIL  the gateway listens on no port \(DemoMesh.declaredHTTP)\n")
                process.finish(.failure)
                return
            }
            DemoWalk.start(process, gateway: address, mesh: nil) { failures in
                process.finish(failures == 0 ? .success : .failure)
            }
        }
    }

    private func configuration(
        paths: [String] = ["-"], text: [UInt8] = [], gatewayPort: UInt16
    ) -> ConfigurationSource {
        var node = Node()
        node.bindAddress = "127.0.0.1"
        node.portMap = [DemoMesh.declaredHTTP: gatewayPort]
        return ConfigurationSource(paths: paths, standardInput: text, node: node)
    }
}
