// ratings: how many stars each reviewer gave.
// Ratings can be posted and are kept in memory, as Istio's version without a database does.
import HTTP

final class Ratings: Application {
    /// Products whose ratings are kept; later ones push the oldest out.
    static let productsMax = 1000
    static let reviewersMax = 100

    private var posted: [Int: JSONValue] = [:]
    private var order: [Int] = []

    func serve(_ request: ServerRequest, _ responder: Responder) {
        responder.send(answer(request))
    }

    private func answer(_ request: ServerRequest) -> ServerResponse {
        let segments = request.pathSegments
        if segments == ["health"] {
            return request.isRead ? .health("Ratings") : .methodNotAllowed("GET, HEAD")
        }
        guard segments.first == "ratings", segments.count <= 2 else { return .notFound }
        guard request.isRead || request.method == .post else {
            return .methodNotAllowed("GET, HEAD, POST")
        }
        guard segments.count == 2, let id = productID(segments[1]) else {
            return .error("please provide numeric product ID", status: 400)
        }
        if request.method == .post {
            guard let ratings = Self.ratings(in: request.body) else {
                return .error("please provide valid ratings JSON", status: 400)
            }
            keep(ratings, for: id)
        }
        return .json(ratings(of: id))
    }

    private func ratings(of id: Int) -> JSONValue {
        let unposted = JSONValue.object([
            ("Reviewer1", .integer(5)), ("Reviewer2", .integer(4)),
        ])
        return .object([("id", .integer(id)), ("ratings", posted[id] ?? unposted)])
    }

    private func keep(_ ratings: JSONValue, for id: Int) {
        if posted.updateValue(ratings, forKey: id) == nil { order.append(id) }
        if order.count > Self.productsMax { posted[order.removeFirst()] = nil }
    }

    /// `{"Reviewer1": 1}`: names and whole numbers; nil for anything else.
    private static func ratings(in body: [UInt8]) -> JSONValue? {
        guard let value = try? JSONValue.parse(body), case .object(let members) = value,
            members.count <= reviewersMax
        else { return nil }
        for (_, stars) in members {
            guard case .integer = stars else { return nil }
        }
        return value
    }
}
