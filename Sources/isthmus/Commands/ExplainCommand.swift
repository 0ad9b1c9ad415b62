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
            """)

    @OptionGroup var resources: ResourceOptions
    @OptionGroup var nodeOptions: NodeOptions

    @Option(
        name: [.customShort("H"), .customLong("header")],
        help: ArgumentHelp(
            "A header field of the request; can be given again.", valueName: "name: value"),
        transform: field)
    var headers: [(name: String, value: String)] = []

    @Argument(help: "GET, POST, ...")
    var method: String

    @Argument(help: "http://host:port/path?query, or a path.")
    var url: String

    func validate() throws {
        _ = try request()
    }

    func run() throws {
        try complaining {
            let reader = ConfigurationReader(try resources.source(for: nodeOptions.node))
            let reading = reader.load()
            guard let snapshot = reading.snapshot, let objects = reading.objects else {
                let findings = ValidationFindings(reading)
                Output.talk(findings.text(reader, isColored: false))
                Output.talk(findings.summary + "; nothing is explained before they are mended\n")
                throw (reading.isUnreadable ? ExitStatus.inputOutput : .badData).code
            }
            let explanation = explain(
                try request(), snapshot: snapshot, objects: objects, node: nodeOptions.node)
            Output.data("\(explanation)")
            if !explanation.isServed { throw ExitStatus.failure.code }
        }
    }

    private func request() throws -> ExplainRequest {
        do {
            return try ExplainRequest(
                method: method, url: url, headers: headers, normalize: Self.normalized)
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
    /// False for what the gateway answers by itself with 404 or 503.
    var isServed: Bool {
        switch outcome {
        case .forwarded, .connected, .passedThrough, .redirected, .answered: true
        case .unavailable, .noListener, .noVirtualHost, .noRoute, .noFilterChain, .misdirected:
            false
        }
    }
}
