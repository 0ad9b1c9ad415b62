// productpage's JSON: `/api/v1/products`, `/{id}`, `/{id}/reviews`, `/{id}/ratings`.
// It passes on what the other services say, which makes routing visible to curl and jq.
import HTTP

extension Productpage {
    func serveAPI(
        _ request: ServerRequest, _ segments: [Substring], _ responder: Responder
    ) {
        guard segments.starts(with: ["api", "v1", "products"]), segments.count <= 5 else {
            responder.send(.notFound)
            return
        }
        if segments.count == 3 {
            responder.send(.json(Product.catalog))
            return
        }
        guard let id = productID(segments[3]) else {
            responder.send(.error("please provide numeric product id", status: 400))
            return
        }
        let fields = forwardedFields(request)
        switch segments.count == 5 ? segments[4] : "" {
        case "":
            details.get("/details/\(id)", fields: fields, timeoutMs: Self.timeoutMs) {
                Self.pass($0, "details", to: responder)
            }
        case "reviews":
            reviews.get(
                "/reviews/\(id)", fields: fields, timeoutMs: Self.timeoutMs,
                attempts: Self.reviewsAttempts
            ) { Self.pass($0, "reviews", to: responder) }
        case "ratings":
            ratings.get("/ratings/\(id)", fields: fields, timeoutMs: Self.timeoutMs) {
                Self.pass($0, "ratings", to: responder)
            }
        default: responder.send(.notFound)
        }
    }

    /// The other service's answer, or its status with an apology.
    private static func pass(
        _ answer: Caller.Answer, _ what: String, to responder: Responder
    ) {
        switch answer {
        case .json(let value): responder.send(.json(value))
        case .failed(let status, _):
            responder.send(
                .error(
                    "Sorry, product \(what) are currently unavailable for this book.",
                    status: status))
        }
    }
}
