// `isthmus demo`: Bookinfo as a mesh, with nothing to set up: HTTPS in front, mutual TLS inside.
import ArgumentParser
import Bookinfo
import Control
import Mesh
import Net
import Proxy

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the Bookinfo application as a mesh, and print the URLs to open.",
        discussion: """
            One process: six services, a sidecar beside each, a gateway in front, and an authority
            that gives every proxy its identity; beside them httpbin and tcp-echo, an egress
            gateway, and outside hosts to call through it, as tutorials use them. Ctrl-C stops it
            and leaves nothing behind.

            Rules of your own take the place of built-in ones of the same name, as if they were
            applied over them; a file you save is live at once:

            isthmus demo -f virtual-service-reviews-test-v2.yaml -f destination-rule-all.yaml

            With --check it uses free ports, walks the page as a browser would, proves what a mesh
            promises, and ends with 0 or 1.
            """)

    @Option(help: ArgumentHelp("The gateway's port on 127.0.0.1.", valueName: "port"))
    var port: UInt16 = DemoMesh.declaredHTTP

    @Option(help: ArgumentHelp("The gateway's HTTPS port on 127.0.0.1.", valueName: "port"))
    var httpsPort: UInt16 = DemoMesh.declaredHTTPS

    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp(
            "A file or folder of rules over the built-in ones; can be given again.",
            valueName: "path"))
    var paths: [String] = []

    @Option(
        help: ArgumentHelp(
            "The port of the services, each at an address of its own.", valueName: "port"))
    var workloadPort: UInt16 = BookinfoService.defaultPort

    @OptionGroup var portMap: PortMapOptions

    @Option(
        help: ArgumentHelp(
            "The port of the proxies' admin pages, each at its own address.", valueName: "port"))
    var adminPort: UInt16 = 15000

    @Flag(help: "No mesh: the gateway of gateways/bookinfo in front of services without sidecars.")
    var plain = false

    @Flag(help: "Walk the page on free ports, print each check, and end.")
    var check = false

    @Flag(name: .shortAndLong, help: "Show the proxies' logs.")
    var verbose = false

    func validate() throws {
        if plain, !paths.isEmpty {
            throw ValidationError(
                "--plain runs what is in \(BookinfoResources.folder); leave it out to add rules")
        }
    }

    func run() throws {
        // The application's thread starts first and must not be the one that Ctrl-C ends.
        ProxyProcess.blockSignals()
        try certifying {
            // A walk is refused on purpose here and there, and says so itself.
            let level: LogLevel = verbose ? .info : check ? .error : .warning
            let log = Log(level: level, isShared: !plain)
            let status: ExitStatus =
                switch (plain, check) {
                case (true, false): try PlainDemo(port: port).run(log)
                case (true, true): try PlainDemo(port: port).check(log)
                case (false, false): try run(log)
                case (false, true): try check(log)
                }
            if status != .success { throw status.code }
        }
    }

    private func run(_ log: Log) throws -> ExitStatus {
        let ports = DemoMesh.Ports(
            http: port, https: httpsPort, workload: workloadPort,
            others: try mappedPorts(), admin: adminPort)
        try DemoPort.refuseSecond(ports)
        try DemoPort.refuseOccupied(port, flag: "--port")
        try DemoPort.refuseOccupied(httpsPort, flag: "--https-port")
        let mesh = try DemoMesh(ports: ports, paths: paths, log: log)
        let bookinfo = mesh.bookinfo()
        let samples = Samples()
        do {
            try bookinfo.start()
            try samples.start(
                mesh.sampleAddresses, sidecar: mesh.detailsCallsAddress,
                outsideRoots: mesh.outsideRoots)
        } catch {
            throw Complaint(.inputOutput, "\(error)")
        }
        defer {
            samples.stop()
            bookinfo.stop()
            mesh.stop()
        }
        let status = ProxyProcess.run(
            try mesh.gateway(),
            beside: try mesh.others(withAdmin: true), on: mesh.loop, log: log
        ) {
            Output.data(greeting($0, mesh))
        }
        if status == .success { Output.data("\nstopped\n") }
        return status
    }

    private func freePorts() throws -> [UInt16: UInt16] {
        try [DemoMesh.declaredCalls, 80, 443, DemoMesh.declaredOutside]
            .reduce(into: [:]) { $0[$1] = try PortMap.freePort() }
    }

    /// What is free is decided here: the greeting and the resources have to say it.
    private func mappedPorts() throws -> [UInt16: UInt16] {
        try portMap.ports.mapValues { $0 == 0 ? try PortMap.freePort() : $0 }
    }

    private func greeting(_ process: ProxyProcess, _ mesh: DemoMesh) -> String {
        let plain = "http://127.0.0.1:\(port)"
        let secure = "https://localhost:\(httpsPort)"
        var lines = [
            "Bookinfo as a mesh, in one process:", "",
            "  \(plain)/productpage", "      the page; sign in as jason, with any password",
            "  \(secure)/productpage",
            "      the same over TLS: curl --cacert \(mesh.rootsPath)",
            "  \(plain)/api/v1/products", "      its API",
        ]
        if let admin = process.adminAddress {
            lines += ["  http://\(admin)/", "      the gateway: listeners, clusters, certificates"]
        }
        let reviews = BookinfoService.reviewsV1.inboundAddress(port: adminPort)
        lines += ["  http://\(reviews)/", "      the sidecar of reviews v1"]
        lines += [
            "", "Calls from inside the mesh, to its services by their names:", "",
            "  curl -x \(mesh.callsAddress) http://reviews:9080/reviews/0",
            "  curl -x \(mesh.callsAddress) http://httpbin:8000/headers",
            "", "What to try with it, routing, failures, calls that leave the mesh: docs/tasks",
        ]
        lines += [
            "",
            paths.isEmpty
                ? "Rules of your own: isthmus demo -f PATH (the built-in ones: "
                    + "\(MeshResources.folder))"
                : "Rules over the built-in ones: \(paths.joined(separator: ", "))"
                    + " (a file you save is live at once)",
            "", "Ctrl-C stops it.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// Everything on free ports, so that any number of checks can run at a time.
    private func check(_ log: Log) throws -> ExitStatus {
        var running: (mesh: DemoMesh, bookinfo: Bookinfo)?
        let samples = Samples()
        for attempt in 1...DemoPort.attemptsMax where running == nil {
            let mesh = try DemoMesh(
                ports: .init(
                    http: try PortMap.freePort(), https: try PortMap.freePort(),
                    workload: try PortMap.freePort(),
                    others: try freePorts().merging(try mappedPorts()) { $1 }, admin: 0),
                paths: paths, isChecked: true, log: log)
            let candidate = mesh.bookinfo()
            do {
                try candidate.start()
                try samples.start(
                    mesh.sampleAddresses, sidecar: mesh.detailsCallsAddress,
                    outsideRoots: mesh.outsideRoots)
                running = (mesh, candidate)
            } catch {
                // Somebody else took the port meanwhile.
                candidate.stop()
                if attempt == DemoPort.attemptsMax { throw Complaint(.inputOutput, "\(error)") }
            }
        }
        guard let (mesh, bookinfo) = running else { return .failure }
        defer {
            samples.stop()
            bookinfo.stop()
            mesh.stop()
        }
        return ProxyProcess.run(
            try mesh.gateway(),
            beside: try mesh.others(withAdmin: false), on: mesh.loop, log: log
        ) { process in
            DemoWalk.start(
                process, gateway: .v4(0x7F00_0001, port: mesh.ports.http), mesh: mesh
            ) { failures in
                process.finish(failures == 0 ? .success : .failure)
            }
        }
    }
}
