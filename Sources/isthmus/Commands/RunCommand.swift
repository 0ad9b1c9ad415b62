// `isthmus run`: a command whose connections all go through a sidecar of its own, with nothing to
// change in it: what sidecar injection is to a pod, for one process.
import ArgumentParser
import Control
import Mesh
import Net
import Proxy

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command whose calls a sidecar carries, in a network namespace of its own.",
        discussion: """
            isthmus run --workload reviews-v2 -f mesh -- python3 app.py

            Its TCP connections go by the mesh's rules, names of the mesh have addresses in it, and
            connections to the workload's ports reach it on loopback. It ends with the command, and
            as the command. Takes CAP_SYS_ADMIN and CAP_NET_ADMIN, or user namespaces, and the
            program nft; where they are missing the command gets HTTP_PROXY and HTTPS_PROXY instead.
            """)

    @Option(
        name: [.customShort("w"), .long],
        help: ArgumentHelp(
            "The workload it is. (default: one that no object describes)",
            valueName: "name[.namespace]"))
    var workload: String?

    @OptionGroup var resources: ResourceOptions
    @OptionGroup var identity: IdentityOptions
    @OptionGroup var placement: PlacementOptions

    @Flag(help: "No namespace, even where there could be one: HTTP_PROXY and HTTPS_PROXY.")
    var noNamespace = false

    @OptionGroup var serving: ServingOptions

    @Argument(parsing: .postTerminator, help: "The command and what it is given, behind --.")
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("no command: write -- COMMAND ARGS") }
    }

    func run() throws {
        try complaining {
            let log = serving.log(byDefault: .warning)
            var node = Node.sidecar(
                of: workload ?? Self.nobody, defaultNamespace: resources.defaultNamespace)
            placement.describe(&node)
            identity.describe(&node)
            // Before the first thread, and before the keeper, which inherits it.
            ProxyProcess.blockSignals()
            let enclosure = try enclose(&node, log)
            defer { enclosure.close() }
            var source = try resources.source(for: node)
            if workload == nil { source.base = Array(Self.entry.utf8) }
            let own = try SidecarCommand.workload(workload ?? Self.nobody, of: source, log)
            var options = try serving.options(for: source, as: own.peer)
            options.identity = try identity.source(
                namespace: own.namespace,
                serviceAccount: own.serviceAccount.isEmpty ? "default" : own.serviceAccount)
            // Any number of commands may run at a time, and the first has the usual ports.
            options.yieldsPorts = serving.hasUsualPorts
            options.settings.workloadSockets = enclosure.sockets
            let task = EnclosedTask(
                enclosure, command: command[0], servers: nameServers, log: log)
            let status = ProxyProcess.run(options, on: try loop(), log: log) { process in
                task.start(beside: process)
            }
            if status != .success { throw status.code }
            if task.status != 0 { throw ExitCode(task.status) }
        }
    }

    private static let nobody = "run"
    /// A workload without ports: nothing comes in, and calls go by the rules for everybody.
    private static let entry = """
        apiVersion: networking.istio.io/v1
        kind: WorkloadEntry
        metadata: {name: run}
        spec: {address: 127.0.0.1}

        """

    /// Who is asked for names that are not the mesh's.
    private var nameServers: [SocketAddress] {
        guard let server = serving.dns else { return ResolverFile.ofHost().servers }
        return [server.port == 0 ? server.with(port: 53) : server]
    }

    private func loop() throws -> Loop {
        do {
            return try Loop()
        } catch {
            throw Complaint(.inputOutput, "no event loop: \(error)")
        }
    }

    /// With namespaces where that is possible, and `node` told of it.
    private func enclose(_ node: inout Node, _ log: Log) throws -> Enclosure {
        var plan = Enclosure.Plan(arguments: command)
        if !noNamespace {
            do {
                return try isolated(plan, &node)
            } catch let failure as EnclosureFailure {
                log.warning(
                    "run", "\(failure)",
                    [("instead", "HTTP_PROXY and HTTPS_PROXY, for programs that heed them")])
            }
        }
        let bound = node.portMap[Capture.outboundPort] ?? Capture.outboundPort
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] {
            Machine.setEnvironment(name, "http://127.0.0.1:\(bound)")
        }
        for name in ["no_proxy", "NO_PROXY"] {
            Machine.setEnvironment(name, "localhost,127.0.0.1,::1")
        }
        plan.isolates = false
        do throws(EnclosureFailure) {
            return try Enclosure.open(plan)
        } catch {
            throw Complaint(.failure, "\(error)")
        }
    }

    private func isolated(_ given: Enclosure.Plan, _ node: inout Node) throws -> Enclosure {
        var plan = given
        var rules = RedirectRules(callers: .everybody)
        rules.namesPort = EnclosedTask.namesPort
        plan.rules = rules.text
        // Who is let through to an address that nobody can reach from here would not try another.
        plan.takesIPv6 = SocketAddress(host: "2001:db8::1", port: 443).map(Socket.hasRoute) ?? false
        let folder = try TemporaryFolder(prefix: "isthmus-run-")
        plan.resolverFile = try folder.write(
            "resolv.conf",
            ResolverFile.ofHost().text(namespace: node.namespace, domain: node.domain))
        let enclosure = try Enclosure.open(plan)
        // The mount holds the file; its name may go.
        withExtendedLifetime(folder) {}
        node.capture = Capture(
            outboundBind: enclosure.hasIPv6 ? "::" : "0.0.0.0", isApart: true)
        return enclosure
    }
}
