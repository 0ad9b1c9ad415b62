// details version 2: what a book service outside of the mesh says of a book.
// As Istio's with ENABLE_EXTERNAL_BOOK_SERVICE and DO_NOT_ENCRYPT: it asks in plain HTTP, TLS is
// the sidecar's to add, and whether it may ask at all is for the rules to say.
import HTTP
import Net

final class ExternalDetails: Application {
    /// Whom it asks, and about what: Istio's demo asks Google for the same book.
    static let authority = "books.example.com"
    static let isbn = "0486424618"
    /// milliseconds; less than productpage waits for details
    static let timeoutMs: UInt64 = 2_500
    /// Characters of a refusal that are handed on.
    static let reasonMax = 500

    private let sidecar: SocketAddress
    private let client: HTTPClient

    /// - Parameter sidecar: where its calls go, whomever they are for.
    init(sidecar: SocketAddress, client: HTTPClient) {
        self.sidecar = sidecar
        self.client = client
    }

    func serve(_ request: ServerRequest, _ responder: Responder) {
        let id: Int
        switch request.question(of: "details", at: "Details") {
        case .product(let number): id = number
        case .answered(let answer):
            responder.send(answer)
            return
        }
        let call = ClientRequest(
            target: "/books/v1/volumes?q=isbn:\(Self.isbn)", authority: Self.authority,
            fields: ForwardedFields.from(request))
        client.send(call, to: sidecar, timeoutMs: Self.timeoutMs) { result in
            responder.send(Self.answer(result, id: id))
        }
    }

    private static func answer(
        _ result: Result<ClientResponse, ClientError>, id: Int
    ) -> ServerResponse {
        switch result {
        case .success(let response) where response.status == 200:
            guard let answer = try? JSONValue.parse(response.body),
                let book = answer["items"]?.array?.first?["volumeInfo"]
            else { return .error("\(authority) answered something else", status: 502) }
            return .json(details(of: book, id: id))
        case .success(let response):
            // Proxies say in one line why they refuse.
            let line = String(decoding: response.body, as: UTF8.self)
                .split(whereSeparator: \.isNewline).first.map { String($0.prefix(reasonMax)) }
            return .error(line ?? "\(authority) answered \(response.status)", status: 502)
        case .failure(let error): return .error("\(authority): \(error)", status: 502)
        }
    }

    /// As Istio's details.rb reads a volume of Google Books.
    private static func details(of book: JSONValue, id: Int) -> JSONValue {
        func identifier(_ type: String) -> JSONValue {
            let all = book["industryIdentifiers"]?.array ?? []
            return all.first { $0["type"]?.string == type }?["identifier"] ?? .null
        }
        return .object([
            ("id", .integer(id)),
            ("author", book["authors"]?.array?.first ?? .null),
            ("year", book["publishedDate"] ?? .null),
            ("type", .string(book["printType"]?.string == "BOOK" ? "paperback" : "unknown")),
            ("pages", book["pageCount"] ?? .null),
            ("publisher", book["publisher"] ?? .null),
            ("language", .string(book["language"]?.string == "en" ? "English" : "unknown")),
            ("ISBN-10", identifier("ISBN_10")),
            ("ISBN-13", identifier("ISBN_13")),
        ])
    }
}
