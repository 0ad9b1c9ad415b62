// Hosts outside of the mesh, whatever name they are called by: a book service, and pages that say
// how they were reached.
// Calls that leave a mesh need somebody to leave it for; with this inside, no internet is needed.
import HTTP

final class Outside: Application {
    private static let volumes = "/books/v1/volumes"
    private static let rootPath = "/root-cert.pem"

    private let roots: [UInt8]

    /// - Parameter roots: of the hosts' certificates, PEM, for those who ask for them.
    init(roots: [UInt8]) { self.roots = roots }

    func serve(_ request: ServerRequest, _ responder: Responder) {
        responder.send(answer(request))
    }

    private func answer(_ request: ServerRequest) -> ServerResponse {
        guard request.isRead else { return .methodNotAllowed("GET, HEAD") }
        if request.path == Self.volumes { return Self.found(request) }
        if request.path == Self.rootPath {
            return ServerResponse(contentType: "application/x-pem-file", body: roots)
        }
        return ServerResponse(
            contentType: "application/json", body: Array("\(Self.account(of: request).text)\n".utf8)
        )
    }

    /// Who was called, how, and by whom, as the host's own front door saw it.
    private static func account(of request: ServerRequest) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("host", .string(request.authority)),
            ("path", .string(request.path)),
            ("scheme", .string(request.value(of: "x-forwarded-proto") ?? "http")),
        ]
        if let client = request.value(of: "x-forwarded-client-cert").flatMap(identity) {
            members.append(("client", .string(client)))
        }
        return .object(members)
    }

    /// The URI of a client's certificate, of `Hash=...;Subject="";URI=spiffe://...`.
    private static func identity(in element: String) -> String? {
        element.split(separator: ";").first { $0.hasPrefix("URI=") }
            .map { String($0.dropFirst("URI=".count)) }
    }

    /// The only book it has, as Google Books describes one.
    private static func found(_ request: ServerRequest) -> ServerResponse {
        let isKnown = request.queryItems.contains {
            $0.name == "q" && $0.value == "isbn:\(ExternalDetails.isbn)"
        }
        guard isKnown else { return .json(.object([("totalItems", .integer(0))])) }
        func identifier(_ type: String, _ text: String) -> JSONValue {
            .object([("type", .string(type)), ("identifier", .string(text))])
        }
        let volume = JSONValue.object([
            ("title", .string(Product.title)),
            ("authors", .array([.string("William Shakespeare")])),
            ("publisher", .string("Dover Publications")),
            ("publishedDate", .string("2002")),
            ("pageCount", .integer(64)),
            ("printType", .string("BOOK")),
            ("language", .string("en")),
            (
                "industryIdentifiers",
                .array([
                    identifier("ISBN_10", ExternalDetails.isbn),
                    identifier("ISBN_13", "9780486424613"),
                ])
            ),
        ])
        return .json(
            .object([
                ("totalItems", .integer(1)),
                ("items", .array([.object([("volumeInfo", volume)])])),
            ]))
    }
}
