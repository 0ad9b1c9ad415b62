// `isthmus ca serve`: workloads get and renew their certificates by themselves.
import ArgumentParser
import Authority
import Control
import Net
import PKI

struct CAServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Issue certificates over the network, as Istio's CA does (gRPC, port 15012).",
        discussion: """
            Workloads come with a token of `isthmus ca token`, or with the certificate they have,
            and get a new one for the same identity. Everything else is refused.

            It listens on this machine alone unless told otherwise. For other machines, say where,
            and by which name or address they reach it, for its own certificate must say so too:

            isthmus ca serve --listen 0.0.0.0:15012 --host ca.mesh.example 10.0.0.5

            GET /roots.pem and /crl.pem, on the same port, are the roots to trust and the
            revocation lists. SIGTERM ends it when what is under way is answered; SIGHUP makes it
            look at the folder at once.
            """)

    @OptionGroup var options: CAOptions

    @Option(
        help: ArgumentHelp(
            "Where to listen. (default: 127.0.0.1:15012; 0.0.0.0:15012 for every machine that can "
                + "reach this one)", valueName: "address:port"),
        transform: ServerAddress.init(argument:))
    var listen: ServerAddress = .loopback(15012)

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Names and addresses that clients reach it by, beside localhost, 127.0.0.1, ::1 and "
                + "istiod.istio-system.svc.", valueName: "host"))
    var host: [String] = []

    @Option(
        help: ArgumentHelp(
            "Metrics at /metrics, or off. (default: 127.0.0.1:15014)", valueName: "address:port"),
        transform: ServerAddress.init(argument:))
    var metrics: ServerAddress = .loopback(15014)

    @Option(
        help: ArgumentHelp(
            "What is said on standard error: debug, info, warning, error or off.",
            valueName: "level"),
        transform: ServingOptions.logLevel)
    var logLevel = LogLevel.info

    @Option(help: "Colour: auto, always or never.")
    var color = ColorOption.auto

    func validate() throws {
        if listen.address == nil { throw ValidationError("--listen off would serve nobody") }
    }

    func run() throws {
        try certifying {
            guard let address = listen.address else { return }
            var serving = AuthorityProcessOptions(address: address)
            serving.metrics = metrics.address
            try name(&serving.service, address)
            let log = Log(level: logLevel, isColored: color.applies(to: 2))
            let authority = try options.open()
            try authority.remindOfRotation()
            do throws(ServiceProblem) {
                try AuthorityProcess.run(authority, serving, log: log) { address in
                    Output.data("\(address)\n")
                }
            } catch {
                throw Complaint(error.status, "\(error)")
            }
        }
    }

    private func name(_ service: inout AuthorityServer.Options, _ address: SocketAddress) throws {
        for name in host {
            switch try HostOrAddress(name) {
            case .host(let host): service.hosts.append(host)
            case .address(let bytes): service.addresses.append(bytes)
            }
        }
        // An address that is listened on is one that it is reached by.
        let text = address.host
        if text != "0.0.0.0", text != "::", let bytes = try? IPAddress.bytes(text),
            bytes != [127, 0, 0, 1]
        {
            service.addresses.append(bytes)
        }
    }
}

extension ServiceProblem {
    var status: ExitStatus {
        switch self {
        case .authority(let error): error.kind.status
        case .tls: .failure
        case .net(_, let error): error.isPermission ? .notPermitted : .inputOutput
        }
    }
}
