// The steps of the walk, in order: page, static file, login as jason, logout, products API.
import HTTP

extension DemoWalk {
    static var steps: [Step] { page + session + api + reviews + edges }

    private static var page: [Step] {
        [
            Step(title: "GET /productpage: the page with its title, details and reviews") {
                $0.get("/productpage")
            } fault: { walk, answer in
                walk.staticFiles = files(in: answer.text)
                return fault(
                    answer, 200,
                    has: [
                        "<title>Simple Bookstore App</title>", "The Comedy of Errors",
                        "Book Details", "Book Reviews", "Reviewer1", "Reviewer2",
                    ], hasNot: ["Error fetching", "jason"])
            },
            Step(title: "GET /productpage: the gateway's own fields") {
                $0.get("/productpage")
            } fault: { _, answer in
                if answer.value(of: "server") != "isthmus" { return "no `server: isthmus`" }
                guard answer.value(of: "x-envoy-upstream-service-time").flatMap({ Int($0) }) != nil
                else { return "no x-envoy-upstream-service-time" }
                return nil
            },
            Step(title: "GET /static: a file that the page loads") {
                $0.get($0.staticFiles.first ?? "/static/none-in-the-page")
            } fault: { _, answer in
                answer.body.isEmpty ? "it is empty" : fault(answer, 200)
            },
        ]
    }

    private static var session: [Step] {
        [
            Step(title: "POST /login: jason gets a session") { walk in
                ClientRequest(
                    method: "POST", target: "/login", authority: "\(walk.gateway)",
                    fields: [HTTPField("content-type", "application/x-www-form-urlencoded")],
                    body: Array("username=jason&passwd=".utf8))
            } fault: { walk, answer in
                let set = answer.value(of: "set-cookie") ?? ""
                let pair = set.prefix { $0 != ";" }
                guard pair.hasPrefix("session=") else { return "no session cookie" }
                walk.cookie = String(pair)
                return redirectFault(answer)
            },
            Step(title: "GET /productpage: with the session, the page knows jason") {
                $0.get("/productpage")
            } fault: { _, answer in
                fault(answer, 200, has: ["jason"])
            },
            Step(title: "GET /logout: the session ends") {
                $0.get("/logout")
            } fault: { _, answer in
                redirectFault(answer)
            },
            // With the old cookie still: it must mean nothing any more.
            Step(title: "GET /productpage: after logout, jason is forgotten") {
                $0.get("/productpage")
            } fault: { _, answer in
                fault(answer, 200, has: ["Book Reviews"], hasNot: ["jason"])
            },
        ]
    }

    private static var api: [Step] {
        [
            Step(title: "GET /api/v1/products: the list") {
                $0.get("/api/v1/products")
            } fault: { _, answer in
                fault(answer, 200, has: ["The Comedy of Errors"])
            },
            Step(title: "GET /api/v1/products/0: the details") {
                $0.get("/api/v1/products/0")
            } fault: { _, answer in
                fault(answer, 200, has: [#""id":"#, "publisher"])
            },
            Step(title: "GET /api/v1/products/0/ratings: five and four stars") {
                $0.get("/api/v1/products/0/ratings")
            } fault: { _, answer in
                let packed = answer.text.filter { !$0.isWhitespace }
                return packed.contains(#""ratings":{"Reviewer1":5,"Reviewer2":4}"#)
                    ? fault(answer, 200) : "not the ratings: \(answer.text.prefix(120))"
            },
        ]
    }

    private static var edges: [Step] {
        [
            Step(title: "GET /other: a path of no rule is 404") {
                $0.get("/other")
            } fault: { _, answer in
                fault(answer, 404)
            },
            Step(
                title: "GET /stats/prometheus: the requests were counted by Istio's labels",
                request: { $0.get("/stats/prometheus") },
                fault: { _, answer in
                    fault(
                        answer, 200,
                        has: [#"destination_service="productpage.default.svc.cluster.local""#])
                }, isForAdmin: true),
        ]
    }

    private static var reviews: [Step] {
        [
            Step(title: "GET /api/v1/products/0/reviews: two reviewers, and all three versions") {
                look($0, left: looksMax, then: $1)
            }
        ]
    }

    /// The balancer draws among two at random: one version in three is missed this often in a row
    /// once in ten thousand million checks.
    private static let looksMax = 60

    private static func look(
        _ walk: DemoWalk, left: Int, then: @escaping (_ fault: String?) -> Void
    ) {
        let missing = Set(["none", "black", "red"]).subtracting(walk.starColors)
        if missing.isEmpty || left == 0 {
            then(
                missing.isEmpty
                    ? nil : "no stars of: \(missing.sorted().joined(separator: ", "))")
            return
        }
        let request = walk.get("/api/v1/products/0/reviews")
        walk.client.send(request, to: walk.gateway, timeoutMs: timeoutMs) { result in
            switch result {
            case .success(let answer):
                let text = answer.text
                let color = ["black", "red"].first { text.contains("\"\($0)\"") }
                walk.starColors.insert(color ?? "none")
                if let fault = fault(answer, 200, has: ["Reviewer1", "Reviewer2"]) {
                    then(fault)
                } else {
                    look(walk, left: left - 1, then: then)
                }
            case .failure(let error): then("\(error)")
            }
        }
    }

    /// Back to the page, by a GET (RFC 9110 sections 15.4.3 and 15.4.4).
    private static func redirectFault(_ answer: ClientResponse) -> String? {
        guard answer.status == 302 || answer.status == 303 else {
            return "status \(answer.status) instead of a redirect"
        }
        let location = answer.value(of: "location") ?? ""
        return location.hasSuffix("/productpage") ? nil : "it leads to \"\(location)\""
    }

    private static func fault(
        _ answer: ClientResponse, _ status: UInt16, has wanted: [String] = [],
        hasNot unwanted: [String] = []
    ) -> String? {
        guard answer.status == status else {
            return "status \(answer.status) instead of \(status)"
        }
        let text = answer.text
        if let missing = wanted.first(where: { !text.contains($0) }) {
            return "\"\(missing)\" is not in it"
        }
        if let present = unwanted.first(where: { text.contains($0) }) {
            return "\"\(present)\" is in it"
        }
        return nil
    }

    /// `/static/...` as the page's links spell it.
    private static func files(in page: String) -> [String] {
        page.split(separator: "\"").compactMap { part in
            let path = part.hasPrefix("/") ? part : "/" + part
            guard path.hasPrefix("/static/"), !path.contains(where: \.isWhitespace) else {
                return nil
            }
            return String(path)
        }
    }
}
