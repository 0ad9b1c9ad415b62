// The files under `/static`, part of the binary: the page needs no folder and no other host.
import HTTP

struct StaticFile {
    let contentType: String
    let body: [UInt8]
    /// Changes with the content, so that browsers may keep what they have.
    let tag: String

    init(contentType: String, _ text: String) {
        self.contentType = contentType
        body = Array(text.utf8)
        tag = "\"\(String(Self.fingerprint(body), radix: 16))\""
    }

    private static let files: [String: StaticFile] = [
        "style.css": StaticFile(contentType: "text/css; charset=utf-8", stylesheet),
        "book.svg": StaticFile(contentType: "image/svg+xml", bookIcon),
        "cover.svg": StaticFile(contentType: "image/svg+xml", bookCover),
    ]

    static var names: [String] { files.keys.sorted() }

    static func answer(_ request: ServerRequest) -> ServerResponse {
        let segments = request.pathSegments
        guard segments.count == 2, let file = files[String(segments[1])] else {
            return .notFound
        }
        var response = ServerResponse(contentType: file.contentType, body: file.body)
        response.fields += [
            HTTPField("etag", file.tag), HTTPField("cache-control", "public, max-age=300"),
            HTTPField("x-content-type-options", "nosniff"),
        ]
        // RFC 9110 section 13.1.2: a list of tags, compared weakly.
        let known = request.value(of: "if-none-match") ?? ""
        if known == "*" || known.contains(file.tag) {
            response.status = 304
            response.body = []
        }
        return response
    }

    /// FNV-1a, 64 bits: tells versions of our own files apart, which is all it is for.
    private static func fingerprint(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
