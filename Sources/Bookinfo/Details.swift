// details: facts about a book, the same for every one asked for.
// The simplest of the services: it calls nobody, so it is the one to try a gateway on.
import HTTP

final class Details: Application {
    func serve(_ request: ServerRequest, _ responder: Responder) {
        responder.send(answer(request))
    }

    private func answer(_ request: ServerRequest) -> ServerResponse {
        guard request.isRead else { return .methodNotAllowed("GET, HEAD") }
        let segments = request.pathSegments
        if segments == ["health"] { return .health("Details") }
        guard segments.first == "details", segments.count <= 2 else { return .notFound }
        guard segments.count == 2, let id = productID(segments[1]) else {
            return .error("please provide numeric product id", status: 400)
        }
        return .json(
            .object([
                ("id", .integer(id)),
                ("author", .string("William Shakespeare")),
                ("year", .integer(1595)),
                ("type", .string("paperback")),
                ("pages", .integer(200)),
                ("publisher", .string("PublisherA")),
                ("language", .string("English")),
                ("ISBN-10", .string("1234567890")),
                ("ISBN-13", .string("123-1234567890")),
            ]))
    }
}
