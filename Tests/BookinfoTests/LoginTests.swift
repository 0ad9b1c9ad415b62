// Who is logged in, who finds out, and what a name cannot do.
import Bookinfo
import Foundation
import HTTP
import Net
import Testing

@Suite("Bookinfo's login", .serialized)
struct LoginTests {
    private static let reviews = ServerResponse.json(#"{"reviews":[]}"#)

    @Test("logging in sets a session cookie and leads back to the page, which shows the name")
    func login() throws {
        let running = try RunningBookinfo()
        let answer = try running.post("/login", "username=jason&passwd=")
        #expect(answer.status == 303)
        #expect(answer.value(of: "location") == "/productpage")
        let cookie = try #require(answer.value(of: "set-cookie"))
        #expect(
            cookie.wholeMatch(of: #/session=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax/#) != nil)
        let session = HTTPField("cookie", "a=b; " + cookie.prefix { $0 != ";" })
        let page = try running.get("/productpage", fields: [session])
        #expect(page.text.contains(">jason<") && page.text.contains("/logout"))
        #expect(!page.text.contains("action=\"/login\""))
        #expect(page.value(of: "cache-control") == "no-store")
        #expect(try !running.get("/productpage").text.contains("jason"))
    }

    @Test("logging out ends the session, also for who kept the cookie")
    func logout() throws {
        let running = try RunningBookinfo()
        let session = try running.login("username=jason")
        let answer = try running.get("/logout", fields: [session])
        #expect(answer.status == 303)
        #expect(answer.value(of: "set-cookie")?.contains("Max-Age=0") == true)
        let page = try running.get("/productpage", fields: [session])
        #expect(!page.text.contains("jason"))
    }

    @Test("a session nobody began is nobody's")
    func forgedSession() throws {
        let running = try RunningBookinfo()
        _ = try running.login("username=jason")
        for value in ["", "jason", String(repeating: "0", count: 32)] {
            let field = HTTPField("cookie", "session=\(value)")
            #expect(try !running.get("/productpage", fields: [field]).text.contains("jason"))
        }
    }

    @Test("two users have two sessions")
    func twoUsers() throws {
        let running = try RunningBookinfo()
        let first = try running.login("username=jason")
        let second = try running.login("username=catface996")
        #expect(first != second)
        #expect(try running.get("/productpage", fields: [first]).text.contains("jason"))
        #expect(try running.get("/productpage", fields: [second]).text.contains("catface996"))
    }

    @Test("no name, no session; and login is not for GET")
    func noName() throws {
        let running = try RunningBookinfo()
        for form in ["", "username=", "username=%20%09%00", "passwd=x"] {
            let answer = try running.post("/login", form)
            #expect(answer.status == 303 && answer.value(of: "set-cookie") == nil, "\(form)")
        }
        let answer = try running.get("/login?username=jason")
        #expect(answer.status == 405 && answer.value(of: "allow") == "POST")
    }

    @Test("a name is text on the page and one value in the header")
    func hostileName() throws {
        let fake = try FakeService { _, _ in Self.reviews }
        let running = try RunningBookinfo { $0.reviews = fake.callee("reviews") }
        let session = try running.login(
            "username=%3Cscript%3Ealert(1)%3C%2Fscript%3E%0D%0Ax-evil%3A%201%20%25")
        let page = try running.get("/productpage", fields: [session]).text
        #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(!page.contains("<script"))
        let request = try #require(fake.requests.first)
        #expect(request.value(of: "x-evil") == nil)
        #expect(
            request.value(of: "end-user") == "<script>alert(1)</script>x-evil:%201%20%25")
    }

    @Test("end-user comes from the session and from nothing the client says")
    func endUser() throws {
        let fake = try FakeService { _, _ in Self.reviews }
        let running = try RunningBookinfo { $0.reviews = fake.callee("reviews") }
        let claim = HTTPField("end-user", "jason")
        _ = try running.get("/productpage", fields: [claim])
        let session = try running.login("username=catface996")
        _ = try running.get("/productpage", fields: [session, claim])
        #expect(fake.requests.map { $0.value(of: "end-user") } == [nil, "catface996"])
    }

    @Test("the user and the tracing headers reach ratings through reviews, others do not")
    func propagation() throws {
        let ratings = try FakeService { _, _ in
            .json(#"{"id":0,"ratings":{"Reviewer1":5,"Reviewer2":4}}"#)
        }
        let details = try FakeService { _, _ in .json("{}") }
        let running = try RunningBookinfo {
            $0.ratings = ratings.callee("ratings")
            $0.details = details.callee("details")
        }
        let session = try running.login("username=jason")
        let tracing = [
            "x-request-id", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled",
            "x-b3-flags", "b3", "traceparent", "tracestate", "x-ot-span-context",
            "x-datadog-trace-id", "authorization", "user-agent", "grpc-trace-bin", "sw8",
        ]
        let fields = tracing.map { HTTPField($0.uppercased(), "value of \($0)") }
        let other = [HTTPField("x-other", "stays"), HTTPField("te", "trailers")]
        while ratings.requests.isEmpty {
            _ = try running.get("/productpage", fields: fields + other + [session])
        }
        for request in [ratings.requests[0], details.requests[0]] {
            for name in tracing {
                #expect(request.value(of: name) == "value of \(name)", "\(name)")
            }
            #expect(request.value(of: "x-other") == nil)
            #expect(request.value(of: "end-user") == "jason")
            #expect(request.value(of: "cookie") == session.value)
        }
        #expect(ratings.requests[0].authority == "ratings:9080")
        #expect(ratings.requests[0].path == "/ratings/0")
    }
}
