// reviews: what two readers thought; versions 2 and 3 ask ratings for stars.
// The versions differ as Istio's do, in the stars' colour and in their patience with ratings, which
// is what the fault injection tutorials show.
import HTTP

final class Reviews: Application {
    enum Version: String {
        case v1, v2, v3

        /// nil: does not ask for ratings at all.
        var starColor: String? {
            switch self {
            case .v1: nil
            case .v2: "black"
            case .v3: "red"
            }
        }

        /// milliseconds to wait for ratings
        var ratingsTimeoutMs: UInt64 { self == .v2 ? 10_000 : 2_500 }
    }

    private static let texts: [(reviewer: String, text: String)] = [
        (
            "Reviewer1",
            "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!"
        ),
        (
            "Reviewer2",
            "Absolutely fun and entertaining. The play lacks thematic depth when compared to "
                + "other plays by Shakespeare."
        ),
    ]

    private let version: Version
    private let ratings: Caller
    /// Looks like a pod's name, so that people can tell who answered.
    private let podName: String

    init(_ version: Version, ratings: Caller) {
        self.version = version
        self.ratings = ratings
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        func suffix(_ length: Int) -> String {
            String((0..<length).map { _ in letters.randomElement() ?? "x" })
        }
        podName = "reviews-\(version.rawValue)-\(suffix(10))-\(suffix(5))"
    }

    func serve(_ request: ServerRequest, _ responder: Responder) {
        let id: Int
        switch request.question(of: "reviews", at: "Reviews") {
        case .product(let number): id = number
        case .answered(let answer):
            responder.send(answer)
            return
        }
        guard let color = version.starColor else {
            responder.send(.json(reviews(of: id) { _ in nil }))
            return
        }
        ratings.get(
            "/ratings/\(id)", fields: ForwardedFields.withUser(from: request),
            timeoutMs: version.ratingsTimeoutMs
        ) { answer in
            responder.send(
                .json(self.reviews(of: id) { Self.rating(of: $0, in: answer, color: color) }))
        }
    }

    private func reviews(of id: Int, rating: (String) -> JSONValue?) -> JSONValue {
        let reviews = Self.texts.map { reviewer, text in
            var members: [(String, JSONValue)] = [
                ("reviewer", .string(reviewer)), ("text", .string(text)),
            ]
            if let rating = rating(reviewer) { members.append(("rating", rating)) }
            return JSONValue.object(members)
        }
        return .object([
            ("id", .string(String(id))), ("podname", .string(podName)),
            ("clustername", .string("null")), ("reviews", .array(reviews)),
        ])
    }

    private static func rating(
        of reviewer: String, in answer: Caller.Answer, color: String
    ) -> JSONValue {
        guard case .json(let value) = answer else {
            return .object([("error", .string("Ratings service is currently unavailable"))])
        }
        // Istio's answers -1 for a reviewer without a rating; the page shows no star then.
        let stars = value["ratings"]?[reviewer]?.integer ?? -1
        return .object([("stars", .integer(stars)), ("color", .string(color))])
    }
}
