// details, reviews and ratings: the answers Istio's users know.
import Bookinfo
import Foundation
import HTTP
import Net
import Testing

@Suite("Bookinfo's services", .serialized)
struct ServicesTests {
    @Test("six services listen, each on a loopback address of its own")
    func six() throws {
        let running = try RunningBookinfo()
        let services = running.application.services
        #expect(
            services.map { "\($0.name) \($0.version)" } == [
                "productpage v1", "details v1", "reviews v1", "reviews v2", "reviews v3",
                "ratings v1",
            ])
        #expect(
            services.map(\.address.host) == (21...26).map { "127.0.0.\($0)" })
        #expect(services.allSatisfy { $0.address.port != 0 })
    }

    @Test("without a word the port is Istio's 9080")
    func defaultPort() {
        let addresses = BookinfoConfiguration().addresses
        #expect(addresses[.productpage]?.description == "127.0.0.21:9080")
        #expect(addresses[.ratings]?.description == "127.0.0.26:9080")
    }

    @Test("an address in use is told with the service, and nothing stays bound")
    func addressInUse() throws {
        let taken = try ListeningSocket(on: .v4(0x7F00_0001, port: 0))
        var configuration = BookinfoConfiguration(port: 0)
        configuration.addresses[.ratings] = taken.address
        let free = try ListeningSocket(on: .v4(0x7F00_0001, port: 0)).address
        configuration.addresses[.productpage] = free
        let application = Bookinfo(configuration)
        #expect {
            try application.start()
        } throws: { error in
            let text = "\(error)"
            return text.contains("ratings v1") && text.contains("\(taken.address)")
                && text.contains("running already")
        }
        #expect(application.services.isEmpty)
        #expect(throws: Never.self) { try ListeningSocket(on: free) }
    }

    @Test("stopped, the application can be started again on the same addresses")
    func restart() throws {
        let first = try RunningBookinfo()
        let address = try first.address(.productpage)
        #expect(try first.get("/health").status == 200)
        first.application.stop()
        let second = try RunningBookinfo { $0.addresses[.productpage] = address }
        #expect(try second.get("/health").status == 200)
    }

    @Test("every service shows the fields a request came with")
    func headers() throws {
        let running = try RunningBookinfo()
        for service in BookinfoService.allCases {
            let answer = try running.get(
                "/headers", service,
                fields: [HTTPField("X-One", "1"), HTTPField("x-two", "a"), HTTPField("X-Two", "b")])
            let fields = try answer.object()["headers"] as? [String: String]
            #expect(fields?["host"] == "test")
            #expect(fields?["x-one"] == "1")
            #expect(fields?["x-two"] == "a, b")
        }
    }

    @Test("a service with a sidecar calls it with the Host of whom it means, others call as ever")
    func sidecars() throws {
        let sidecar = try FakeService { _, _ in .json(#"{"ratings":{"Reviewer1":1}}"#) }
        let address = try #require(sidecar.callee("any")?.addresses.first)
        let running = try RunningBookinfo { $0.sidecars = [.reviewsV2: address] }
        let (through, past) = try (
            running.get("/reviews/0", .reviewsV2), running.get("/reviews/0", .reviewsV3)
        )
        #expect(through.status == 200)
        #expect(past.text.contains("\"stars\": 5") || past.text.contains("\"stars\":5"))
        #expect(sidecar.requests.map(\.authority) == ["ratings:9080"])
    }

    @Test("every service says that it is healthy")
    func health() throws {
        let running = try RunningBookinfo()
        let wanted: [(BookinfoService, String)] = [
            (.productpage, "Productpage"), (.details, "Details"), (.reviewsV1, "Reviews"),
            (.reviewsV2, "Reviews"), (.reviewsV3, "Reviews"), (.ratings, "Ratings"),
        ]
        for (service, name) in wanted {
            let answer = try running.get("/health", service)
            #expect(answer.status == 200)
            #expect(answer.value(of: "content-type") == "application/json")
            #expect(answer.text == "{\"status\":\"\(name) is healthy\"}")
        }
    }

    @Test("details knows the book")
    func details() throws {
        let running = try RunningBookinfo()
        let book = try running.get("/details/0", .details).object()
        #expect(book["id"] as? Int == 0)
        #expect(book["author"] as? String == "William Shakespeare")
        #expect(book["year"] as? Int == 1595)
        #expect(book["pages"] as? Int == 200)
        #expect(book["ISBN-10"] as? String == "1234567890")
        let wrong = try running.get("/details/abc", .details)
        #expect(wrong.status == 400)
        #expect(wrong.text.contains("please provide numeric product id"))
        #expect(try running.get("/other", .details).status == 404)
        #expect(try running.post("/details/0", "", .details).status == 405)
    }

    @Test("ratings answers Istio's stars to the letter")
    func ratings() throws {
        let running = try RunningBookinfo()
        let answer = try running.get("/ratings/0", .ratings)
        #expect(answer.text == #"{"id":0,"ratings":{"Reviewer1":5,"Reviewer2":4}}"#)
        #expect(try running.get("/ratings/99999999999999999999", .ratings).status == 400)
        #expect(try running.get("/ratings/-1", .ratings).status == 400)
    }

    @Test("posted ratings stay, for their product alone")
    func postedRatings() throws {
        let running = try RunningBookinfo()
        let stars = #"{"Reviewer1":1,"Reviewer2":2}"#
        let posted = try running.post("/ratings/7", stars, .ratings, type: "application/json")
        #expect(posted.status == 200)
        #expect(posted.text == #"{"id":7,"ratings":\#(stars)}"#)
        #expect(try running.get("/ratings/7", .ratings).text == posted.text)
        #expect(try running.get("/ratings/0", .ratings).text.contains(#""Reviewer1":5"#))
    }

    @Test("what is no rating is refused and changes nothing")
    func badRatings() throws {
        let running = try RunningBookinfo()
        for body in ["", "{", "[1]", #"{"a":"5"}"#, #"{"a":5} x"#, #"{"a":1.5}"#, "null"] {
            let answer = try running.post("/ratings/0", body, .ratings)
            #expect(answer.status == 400, "\(body)")
            #expect(answer.text.contains("please provide valid ratings JSON"))
        }
        #expect(try running.get("/ratings/0", .ratings).text.contains(#""Reviewer1":5"#))
        let put = try running.visitor.visit("PUT", "/ratings/0", at: running.address(.ratings))
        #expect(put.status == 405)
        #expect(put.value(of: "allow") == "GET, HEAD, POST")
    }

    @Test("reviews v1 has no stars, v2 black ones, v3 red ones")
    func versions() throws {
        let running = try RunningBookinfo()
        let wanted: [(BookinfoService, String?)] = [
            (.reviewsV1, nil), (.reviewsV2, "black"), (.reviewsV3, "red"),
        ]
        for (service, color) in wanted {
            let answer = try running.get("/reviews/0", service).object()
            #expect(answer["id"] as? String == "0")
            let pod = try #require(answer["podname"] as? String)
            #expect(pod.hasPrefix("reviews-\(service.version)-"))
            #expect(answer["clustername"] as? String == "null")
            let reviews = try #require(answer["reviews"] as? [[String: Any]])
            #expect(reviews.map { $0["reviewer"] as? String } == ["Reviewer1", "Reviewer2"])
            let ratings = reviews.map { $0["rating"] as? [String: Any] }
            #expect(ratings.map { $0?["color"] as? String } == [color, color])
            let stars: [Int?] = color == nil ? [nil, nil] : [5, 4]
            #expect(ratings.map { $0?["stars"] as? Int } == stars)
        }
        #expect(try running.get("/reviews/x", .reviewsV1).status == 404)
    }

    @Test("reviews shows what was posted to ratings")
    func reviewsFollowRatings() throws {
        let running = try RunningBookinfo()
        _ = try running.post("/ratings/0", #"{"Reviewer2":1}"#, .ratings)
        let text = try running.get("/reviews/0", .reviewsV2).text
        #expect(text.contains(#""stars":-1"#) && text.contains(#""stars":1"#))
    }

    @Test("reviews apologises when ratings fails, whatever way it fails")
    func ratingsFails() throws {
        let broken: [ServerResponse] = [
            .text("fault filter abort", status: 500), .text("not JSON"),
            ServerResponse(status: 503),
        ]
        for response in broken {
            let fake = try FakeService { _, _ in response }
            let running = try RunningBookinfo { $0.ratings = fake.callee("ratings") }
            let answer = try running.get("/reviews/0", .reviewsV3)
            #expect(answer.status == 200)
            #expect(
                answer.text.contains(
                    #""rating":{"error":"Ratings service is currently unavailable"}"#))
        }
        let gone = try ListeningSocket(on: .v4(0x7F00_0001, port: 0)).address
        let running = try RunningBookinfo {
            $0.ratings = Callee(authority: "ratings:9080", addresses: [gone])
        }
        let answer = try running.get("/reviews/0", .reviewsV2)
        #expect(answer.text.contains("Ratings service is currently unavailable"))
    }

    @Test("v3 gives up on ratings after 2.5 s, v2 waits longer")
    func patience() throws {
        let fake = try FakeService(delayMs: 2900) { _, _ in
            .json(#"{"id":0,"ratings":{"Reviewer1":3,"Reviewer2":3}}"#)
        }
        let running = try RunningBookinfo { $0.ratings = fake.callee("ratings") }
        let start = Date()
        let v2 = running.visitor.begin("GET", "/reviews/0", at: try running.address(.reviewsV2))
        let v3 = running.visitor.begin("GET", "/reviews/0", at: try running.address(.reviewsV3))
        #expect(try v3().text.contains("Ratings service is currently unavailable"))
        let gaveUp = Date().timeIntervalSince(start)
        #expect(gaveUp > 2.4 && gaveUp < 2.85)
        #expect(try v2().text.contains(#""stars":3,"color":"black""#))
    }
}

@Suite("Where services are found")
struct CalleeTests {
    @Test("a base address is a URL with an IP address")
    func urls() {
        #expect(Callee(url: "http://127.0.0.1:9080")?.addresses.first?.port == 9080)
        #expect(Callee(url: "http://127.0.0.1:9080/")?.authority == "127.0.0.1:9080")
        #expect(Callee(url: "http://127.0.0.1")?.addresses.first?.port == 80)
        #expect(Callee(url: "http://[::1]:81")?.addresses.first?.description == "[::1]:81")
        for bad in ["", "https://127.0.0.1", "http://", "http://reviews:9080", "http://:80"] {
            #expect(Callee(url: bad) == nil, "\(bad)")
        }
        #expect(Callee(authority: "x", addresses: []) == nil)
    }
}
