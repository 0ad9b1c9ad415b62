// `isthmus explain`: who would serve a request, and if nobody, why.
import ArgumentParser
import Control
import HTTP
import Mesh
import Net
import Spec

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show which listener, virtual host, rule and endpoints would serve a request, "
            + "or why nobody does.",
        discussion: """
            Nothing is sent anywhere. Ends with 0 where the request would be served, with 1 where
            the gateway would answer 404 or 503.

            isthmus explain -f gateways/bookinfo GET http://localhost/productpage

            With --workload it is a call of that workload, as its sidecar would carry it. A proxy
            is taken to have an identity of the mesh; --no-identity asks about one without.

            isthmus explain -f gateways/mtls --from productpage-v1 http://reviews:9080/reviews/0

            A call that leaves by an egress gateway is followed through it.
            """)

    @OptionGroup var resources: ResourceOptions
    @OptionGroup var nodeOptions: NodeOptions

    @Option(
        name: [.customShort("w"), .long, .customLong("from")],
        help: ArgumentHelp(
            "The workload that calls; without it the request comes to the gateway.",
            valueName: "name[.namespace]"))
    var workload: String?

    @Flag(help: "Its calls are redirected to the sidecar, as isthmus run has it.")
    var capture = false

    @Flag(inversion: .prefixedNo, help: "The proxy has a certificate of the mesh.")
    var identity = true

    @Option(
        name: [.customShort("H"), .customLong("header")],
        help: ArgumentHelp(
            "A header field of the request; can be given again.", valueName: "name: value"),
        transform: field)
    var headers: [(name: String, value: String)] = []

    @Argument(
        help: ArgumentHelp(
            "GET unless said, and http://host:port/path?query or a path.",
            valueName: "[method] url"))
    var asked: [String]

    func validate() throws {
        _ = try request()
    }

    func run() throws {
        try complaining {
            let node = node
            let reader = ConfigurationReader(try resources.source(for: node))
            let reading = reader.load()
            guard let snapshot = reading.snapshot, let objects = reading.objects else {
                let findings = ValidationFindings(reading)
                Output.talk(findings.text(reader, isColored: false))
                Output.talk(findings.summary + "; nothing is explained before they are mended\n")
                throw (reading.isUnreadable ? ExitStatus.inputOutput : .badData).code
            }
            let explanation = explain(
                try request(), snapshot: snapshot, objects: objects, node: node)
            Output.data("\(explanation)")
            if !explanation.isServed { throw ExitStatus.failure.code }
        }
    }

    private var node: Node {
        var node =
            workload.map { Node.sidecar(of: $0, defaultNamespace: resources.defaultNamespace) }
            ?? nodeOptions.node
        node.portMap = nodeOptions.node.portMap
        node.locality = nodeOptions.node.locality
        node.hasIdentity = identity
        if capture, workload != nil { node.capture = Capture() }
        return node
    }

    private func request() throws -> ExplainRequest {
        guard (1...2).contains(asked.count), let url = asked.last else {
            throw ValidationError("write a URL, and a method before it where it is not GET")
        }
        do {
            return try ExplainRequest(
                method: asked.count == 2 ? asked[0] : "GET", url: url, headers: headers,
                normalize: Self.normalized)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// As the data plane does to a path before it matches it.
    private static func normalized(_ path: String) -> String {
        Array(path.utf8).withView { bytes in
            guard !PathNormalizer.isNormal(bytes) else { return path }
            var normal = Buffer()
            return PathNormalizer.normalize(bytes, into: &normal) ? normal.readable.string : path
        }
    }

    private static func field(_ argument: String) throws -> (name: String, value: String) {
        guard let colon = argument.firstIndex(of: ":"), colon != argument.startIndex else {
            throw ValidationError("\"\(argument)\" is no header; write 'name: value'")
        }
        let value = argument[argument.index(after: colon)...]
        return (String(argument[..<colon]), String(value.drop { $0 == " " || $0 == "\t" }))
    }
}

extension Explanation {
    /// False for what the gateway answers by itself with 404 or 503, or one behind it.
    var isServed: Bool {
        switch outcome {
        case .forwarded, .connected, .passedThrough, .redirected, .answered:
            hops.allSatisfy { $0.explanation.isServed }
        case .unavailable, .noListener, .noVirtualHost, .noRoute, .noFilterChain, .misdirected,
            .unknownHost:
            false
        }
    }
}
