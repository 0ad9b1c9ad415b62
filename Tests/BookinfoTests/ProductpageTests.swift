// productpage: the page, the API, and what happens when others fail.
import Bookinfo
import Foundation
import HTTP
import Net
import Testing

@Suite("Bookinfo's productpage", .serialized)
struct ProductpageTests {
    @Test("the page has the title, the book, details and reviews that Istio's has")
    func page() throws {
        let running = try RunningBookinfo()
        let answer = try running.get("/productpage")
        #expect(answer.status == 200)
        #expect(answer.value(of: "content-type") == "text/html; charset=utf-8")
        for part in [
            "<title>Simple Bookstore App</title>", "The Comedy of Errors", "Book Details",
            "Book Reviews", "Reviewer1", "Reviewer2", "paperback", "123-1234567890",
            "Reviews served by: reviews-v",
        ] {
            #expect(answer.text.contains(part), "\(part)")
        }
        #expect(!answer.text.contains("Error fetching"))
    }

    @Test("pages show reviews v1, v2 and v3 by turns: no stars, black, red")
    func turns() throws {
        let running = try RunningBookinfo()
        var seen: [String] = []
        for _ in 0..<6 {
            let text = try running.get("/productpage").text
            let version = try #require(text.firstMatch(of: #/served by: reviews-(v\d)/#)?.1)
            let stars =
                text.contains("stars black")
                ? "black" : text.contains("stars red") ? "red" : "none"
            seen.append("\(version) \(stars)")
        }
        #expect(Set(seen) == ["v1 none", "v2 black", "v3 red"])
        #expect(Array(seen[..<3]) == Array(seen[3...]))
    }

    @Test("stars can be seen and heard")
    func stars() throws {
        let fake = try FakeService { _, _ in
            .json(
                """
                {"reviews":[{"reviewer":"R","text":"t","rating":{"stars":3,"color":"red"}}]}
                """)
        }
        let running = try RunningBookinfo { $0.reviews = fake.callee("reviews") }
        let text = try running.get("/productpage").text
        #expect(text.contains("★★★☆☆"))
        #expect(text.contains(#"aria-label="3 out of 5 stars, red""#))
    }

    @Test("the page loads its own files alone, and says so to the browser")
    func ownFiles() throws {
        let running = try RunningBookinfo()
        let answer = try running.get("/productpage")
        let files = answer.text.matches(
            of: #/<(?:link|img|script)[^>]+(?:src|href)="([^"]+)"/#
        ).map { String($0.1) }
        #expect(files.count >= 3)
        #expect(files.allSatisfy { $0.hasPrefix("/static/") })
        #expect(!answer.text.contains("<script") && !answer.text.contains("style=\""))
        let policy = try #require(answer.value(of: "content-security-policy"))
        #expect(policy.hasPrefix("default-src 'none';"))
        for file in Set(files) {
            let got = try running.get(file)
            #expect(got.status == 200 && !got.body.isEmpty, "\(file)")
        }
    }

    @Test("static files have types and tags, and nothing else is served there")
    func staticFiles() throws {
        let running = try RunningBookinfo()
        let css = try running.get("/static/style.css")
        #expect(css.value(of: "content-type") == "text/css; charset=utf-8")
        let tag = try #require(css.value(of: "etag"))
        let again = try running.get(
            "/static/style.css", fields: [HTTPField("if-none-match", tag)])
        #expect(again.status == 304 && again.body.isEmpty)
        #expect(try running.get("/static/cover.svg").value(of: "content-type") == "image/svg+xml")
        for path in ["/static/", "/static/none.css", "/static/../health", "/static/a/style.css"] {
            #expect(try running.get(path).status == 404, "\(path)")
        }
    }

    @Test("the API has products, details, reviews and ratings")
    func api() throws {
        let running = try RunningBookinfo()
        let products = try running.get("/api/v1/products").json() as? [[String: Any]]
        #expect(products?.count == 1)
        #expect(products?.first?["title"] as? String == "The Comedy of Errors")
        #expect(try running.get("/api/v1/products/0").object()["pages"] as? Int == 200)
        let reviews = try running.get("/api/v1/products/0/reviews").object()
        #expect((reviews["reviews"] as? [Any])?.count == 2)
        #expect(
            try running.get("/api/v1/products/3/ratings").text
                == #"{"id":3,"ratings":{"Reviewer1":5,"Reviewer2":4}}"#)
        #expect(try running.get("/api/v1/products/x").status == 400)
        #expect(try running.get("/api/v1/products/0/other").status == 404)
        #expect(try running.get("/api/v2/products").status == 404)
        #expect(try running.post("/api/v1/products", "").status == 405)
    }

    @Test("the first page leads to the book, other paths lead nowhere")
    func otherPaths() throws {
        let running = try RunningBookinfo()
        for path in ["/", "/index.html"] {
            let answer = try running.get(path)
            #expect(answer.status == 200)
            #expect(answer.text.contains("href=\"/productpage\""))
        }
        #expect(try running.get("/other").status == 404)
        #expect(try running.post("/productpage", "").status == 405)
        let head = try running.visitor.visit(
            "HEAD", "/productpage", at: running.address(.productpage))
        #expect(head.status == 200 && head.body.isEmpty)
    }

    @Test("without details or reviews the page is there and apologises for what is missing")
    func apologies() throws {
        let failing = try FakeService { _, _ in .text("", status: 503) }
        let noDetails = try RunningBookinfo { $0.details = failing.callee("details") }
        let page = try noDetails.get("/productpage")
        #expect(page.status == 200)
        #expect(page.text.contains("Error fetching product details!"))
        #expect(
            page.text.contains(
                "Sorry, product details are currently unavailable for this book."))
        #expect(page.text.contains("Book Reviews"))
        let noReviews = try RunningBookinfo { $0.reviews = failing.callee("reviews") }
        let other = try noReviews.get("/productpage").text
        #expect(other.contains("Error fetching product reviews!"))
        #expect(
            other.contains("Sorry, product reviews are currently unavailable for this book."))
        #expect(other.contains("Book Details"))
        let api = try noReviews.get("/api/v1/products/0/reviews")
        #expect(api.status == 503)
        #expect(
            try api.object()["error"] as? String
                == "Sorry, product reviews are currently unavailable for this book.")
    }

    @Test("reviews is asked a second time when the first brought no 200, and no third time")
    func retry() throws {
        let good = ServerResponse.json(#"{"reviews":[{"reviewer":"Second","text":"try"}]}"#)
        let once = try FakeService { number, _ in
            number == 0 ? .text("", status: 500) : good
        }
        let lucky = try RunningBookinfo { $0.reviews = once.callee("reviews") }
        #expect(try lucky.get("/productpage").text.contains("Second"))
        #expect(once.requests.count == 2)
        let never = try FakeService { _, _ in .text("", status: 500) }
        let unlucky = try RunningBookinfo { $0.reviews = never.callee("reviews") }
        #expect(try unlucky.get("/productpage").text.contains("Error fetching product reviews!"))
        #expect(never.requests.count == 2)
    }

    @Test("reviews gets 3 s twice, the deliberate bug: a slow one costs 6 s and the reviews")
    func deliberateBug() throws {
        let slow = try FakeService(delayMs: 7000) { _, _ in .json("{}") }
        let running = try RunningBookinfo { $0.reviews = slow.callee("reviews") }
        let start = Date()
        let text = try running.get("/productpage").text
        let took = Date().timeIntervalSince(start)
        #expect(took > 5.9 && took < 6.8)
        #expect(text.contains("Error fetching product reviews!"))
        #expect(text.contains("Book Details"))
        #expect(slow.requests.count == 2)
    }

    @Test("the page shows that ratings is missing")
    func ratingsMissing() throws {
        let failing = try FakeService { _, _ in .text("fault filter abort", status: 500) }
        let running = try RunningBookinfo { $0.ratings = failing.callee("ratings") }
        var shown = 0
        for _ in 0..<3 {
            let text = try running.get("/productpage").text
            if text.contains("Ratings service is currently unavailable") { shown += 1 }
        }
        #expect(shown == 2)
    }

    @Test("markup in what other services say is text on the page")
    func markup() throws {
        let evil = "<img src=x onerror=alert(1)>"
        let fake = try FakeService { _, _ in
            .json(
                """
                {"podname":"\(evil)","reviews":[{"reviewer":"\(evil)","text":"\(evil)",
                "rating":{"stars":5,"color":"red\\" onclick=\\"x"}},
                {"reviewer":"b","text":"c","rating":{"error":"\(evil)"}},
                {"rating":{"stars":1000000000}},{"rating":{"stars":-1}},7]}
                """)
        }
        let running = try RunningBookinfo {
            $0.reviews = fake.callee("reviews")
            $0.details = fake.callee("details")
        }
        let text = try running.get("/productpage").text
        #expect(text.contains("&lt;img src=x onerror=alert(1)&gt;"))
        #expect(!text.contains(evil))
        #expect(!text.contains("onclick=\"x"))
        #expect(text.utf8.count < 20_000)
    }
}
