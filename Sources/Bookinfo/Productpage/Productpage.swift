// productpage: the page people look at, made of what details and reviews answer.
// It keeps Istio's deliberate bug: reviews gets 3 seconds, twice, which is less than reviews itself
// may wait for ratings; the fault injection tutorial finds it.
import HTTP

final class Productpage: Application {
    /// milliseconds, for each call
    static let timeoutMs: UInt64 = 3_000
    static let reviewsAttempts = 2

    let details: Caller
    let reviews: Caller
    let ratings: Caller
    var sessions = Sessions()

    init(details: Caller, reviews: Caller, ratings: Caller) {
        self.details = details
        self.reviews = reviews
        self.ratings = ratings
    }

    func serve(_ request: ServerRequest, _ responder: Responder) {
        let segments = request.pathSegments
        switch segments.first {
        case "login" where segments.count == 1:
            responder.send(
                request.method == .post ? login(request) : .methodNotAllowed("POST"))
        case _ where !request.isRead: responder.send(.methodNotAllowed("GET, HEAD"))
        case nil: responder.send(.page(IndexPage.text))
        case "index.html" where segments.count == 1: responder.send(.page(IndexPage.text))
        case "health" where segments.count == 1: responder.send(.health("Productpage"))
        case "logout" where segments.count == 1: responder.send(logout(request))
        case "productpage" where segments.count == 1: servePage(request, responder)
        case "static": responder.send(StaticFile.answer(request))
        case "api": serveAPI(request, segments, responder)
        default: responder.send(.notFound)
        }
    }

    /// What travels with every call made for this request: tracing headers, and who is logged in,
    /// by this service's own session and by nothing the client claims.
    func forwardedFields(_ request: ServerRequest) -> [HTTPField] {
        var fields = ForwardedFields.from(request)
        if let user = user(of: request) {
            fields.set("end-user", EndUser.headerValue(user))
        }
        return fields
    }

    func user(of request: ServerRequest) -> String? {
        Cookie.session(in: request).flatMap { sessions.user(of: $0) }
    }

    /// Any name will do; there is no password to check.
    private func login(_ request: ServerRequest) -> ServerResponse {
        if let before = Cookie.session(in: request) { sessions.end(before) }
        // Always to our own page: the Referer is the client's word.
        var response = ServerResponse.redirect(to: "/productpage", status: 303)
        let user = request.form.value(of: "username") ?? ""
        if let session = sessions.begin(user: user) {
            response.fields.append(Cookie.setting(session))
        }
        return response
    }

    private func logout(_ request: ServerRequest) -> ServerResponse {
        if let session = Cookie.session(in: request) { sessions.end(session) }
        var response = ServerResponse.redirect(to: "/productpage", status: 303)
        response.fields.append(Cookie.clearing)
        return response
    }

    /// Asks details and reviews at the same time and answers when both have.
    private func servePage(_ request: ServerRequest, _ responder: Responder) {
        let fields = forwardedFields(request)
        let user = user(of: request)
        var detailsAnswer: Caller.Answer?
        var reviewsAnswer: Caller.Answer?
        func answerWhenBothAreThere() {
            guard let detailsAnswer, let reviewsAnswer else { return }
            let page = BookPage(details: detailsAnswer, reviews: reviewsAnswer, user: user)
            responder.send(.page(page.text))
        }
        details.get("/details/0", fields: fields, timeoutMs: Self.timeoutMs) {
            detailsAnswer = $0
            answerWhenBothAreThere()
        }
        reviews.get(
            "/reviews/0", fields: fields, timeoutMs: Self.timeoutMs,
            attempts: Self.reviewsAttempts
        ) {
            reviewsAnswer = $0
            answerWhenBothAreThere()
        }
    }
}

extension ServerResponse {
    /// A page that loads nothing but our own files, whatever gets into it.
    static func page(_ html: String) -> ServerResponse {
        var response = ServerResponse.html(html)
        response.fields += [
            HTTPField("cache-control", "no-store"),
            HTTPField(
                "content-security-policy",
                "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
                    + "base-uri 'none'; frame-ancestors 'none'"),
            HTTPField("x-content-type-options", "nosniff"),
            HTTPField("referrer-policy", "same-origin"),
        ]
        return response
    }
}
