// The six services on their loop.
// Made on the loop's own thread and living as long as it: nothing here is touched from outside.
import HTTP
import Net

final class Town {
    private var servers: [HTTPServer] = []

    init(loop: Loop, directory: Directory, sockets: [BookinfoService: ListeningSocket]) {
        let client = HTTPClient(loop: loop)
        for service in BookinfoService.allCases {
            guard let socket = sockets[service] else { continue }
            let application = Self.application(service, directory: directory, client: client)
            let server = HTTPServer(loop: loop, name: "bookinfo") { request, responder in
                if request.path == Headers.path {
                    responder.send(Headers.answer(request))
                } else {
                    application.serve(request, responder)
                }
            }
            do throws(NetError) {
                try server.serve(socket)
                servers.append(server)
            } catch {
                // The socket listens already; only memory for watching it can be missing, and then
                // connections to this service wait, as they would for any process out of memory.
                continue
            }
        }
    }

    private static func application(
        _ service: BookinfoService, directory: Directory, client: HTTPClient
    ) -> any Application {
        switch service {
        case .productpage:
            Productpage(
                details: Caller(directory.details(for: service), client: client),
                reviews: Caller(directory.reviews(for: service), client: client),
                ratings: Caller(directory.ratings(for: service), client: client))
        case .details: Details()
        case .reviewsV1:
            Reviews(.v1, ratings: Caller(directory.ratings(for: service), client: client))
        case .reviewsV2:
            Reviews(.v2, ratings: Caller(directory.ratings(for: service), client: client))
        case .reviewsV3:
            Reviews(.v3, ratings: Caller(directory.ratings(for: service), client: client))
        case .ratings: Ratings()
        }
    }
}

/// One service's answers.
protocol Application: AnyObject {
    func serve(_ request: ServerRequest, _ responder: Responder)
}
