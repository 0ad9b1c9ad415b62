// The demo's outside, and the version of details that asks it: what goes out, what comes back, and
// what is said where nothing does.
import Bookinfo
import HTTP
import Net
import Testing

@Suite("Calls that leave the demo's mesh")
struct OutsideTests {
    /// The outside or details on a free port.
    private final class Running {
        let samples = Samples()
        let address: SocketAddress
        private let visitor: Visitor

        init(
            _ workload: SampleWorkload, sidecar: SocketAddress = .v4(0, port: 0),
            roots: String = ""
        ) throws {
            visitor = try Visitor()
            let bound = try samples.start(
                [workload: workload.address(port: 0)], sidecar: sidecar,
                outsideRoots: Array(roots.utf8))
            address = try #require(bound[workload])
        }

        deinit { samples.stop() }

        func get(_ target: String, fields: [HTTPField] = []) throws -> ClientResponse {
            try visitor.visit("GET", target, at: address, fields: fields)
        }
    }

    @Test("details v2 tells what the outside knows of the book, as Istio's reads Google Books")
    func asked() throws {
        let outside = try Running(.outside)
        let details = try Running(.detailsV2, sidecar: outside.address)
        let book = try details.get("/details/7").object()
        #expect(book["id"] as? Int == 7)
        #expect(book["author"] as? String == "William Shakespeare")
        #expect(book["type"] as? String == "paperback")
        #expect(book["language"] as? String == "English")
        #expect(book["pages"] as? Int == 64)
        #expect(book["ISBN-10"] as? String == "0486424618")
        #expect(book["ISBN-13"] as? String == "9780486424613")
        #expect(try details.get("/details/x").status == 404)
        #expect(try details.get("/health").status == 200)
    }

    @Test("its calls are for the book service, in the clear, with the tracing headers")
    func call() throws {
        let sidecar = try FakeService { _, _ in .json("{}") }
        let details = try Running(.detailsV2, sidecar: sidecar.address)
        let fields = [HTTPField("x-request-id", "1-2"), HTTPField("x-secret", "s")]
        #expect(try details.get("/details/0", fields: fields).status == 502)
        let call = try #require(sidecar.requests.first)
        #expect(call.authority == "books.example.com")
        #expect(call.path == "/books/v1/volumes" && call.query == "q=isbn:0486424618")
        #expect(call.value(of: "x-request-id") == "1-2" && call.value(of: "x-secret") == nil)
    }

    @Test(
        "why it could not be asked is handed on, one line of it and not too long",
        arguments: [
            (502, "blocked by a rule\nmore\n", "blocked by a rule"),
            (503, "", "books.example.com answered 503"),
            (502, String(repeating: "x", count: 900), String(repeating: "x", count: 500)),
            (200, "no JSON", "books.example.com answered something else"),
            (200, #"{"items":[]}"#, "books.example.com answered something else"),
        ] as [(UInt16, String, String)])
    func refused(_ status: UInt16, _ body: String, _ reason: String) throws {
        let sidecar = try FakeService { _, _ in
            ServerResponse(
                status: status, contentType: "text/plain", body: Array(body.utf8))
        }
        let answer = try Running(.detailsV2, sidecar: sidecar.address).get("/details/0")
        #expect(answer.status == 502)
        #expect(try answer.object()["error"] as? String == reason)
    }

    @Test("hosts outside say how they were reached, and by whom where there is a certificate")
    func account() throws {
        let outside = try Running(.outside, roots: "-----BEGIN")
        #expect(
            try outside.get("/a?b").text == #"{"host":"test","path":"/a","scheme":"http"}"# + "\n")
        let identity = "Hash=1;Subject=\"\";URI=spiffe://x/ns/a/sa/b"
        let known = try outside.get(
            "/",
            fields: [
                HTTPField("x-forwarded-proto", "https"),
                HTTPField("x-forwarded-client-cert", identity),
            ]
        ).object()
        #expect(known["scheme"] as? String == "https")
        #expect(known["client"] as? String == "spiffe://x/ns/a/sa/b")
        #expect(try outside.get("/root-cert.pem").text == "-----BEGIN")
        let none = try outside.get("/books/v1/volumes?q=isbn:1").object()
        #expect(none["totalItems"] as? Int == 0)
    }

    @Test("the page says what details itself said, and nothing of what a proxy said for it")
    func page() throws {
        for (body, isShown) in [(#"{"error":"<b>why</b>"}"#, true), ("no healthy upstream", false)]
        {
            let details = try FakeService { _, _ in
                ServerResponse(
                    status: 502, contentType: "text/plain", body: Array(body.utf8))
            }
            let running = try RunningBookinfo { $0.details = details.callee("details") }
            let text = try running.get("/productpage").text
            #expect(text.contains("Error fetching product details!"))
            #expect(text.contains(#"<p class="reason">&lt;b&gt;why&lt;/b&gt;</p>"#) == isShown)
            #expect(!text.contains("no healthy upstream"))
        }
    }
}
