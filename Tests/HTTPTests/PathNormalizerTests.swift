// Path normalisation: Istio's BASE option, and RFC 3986 section 5.2.4's own examples.
import HTTP
import Net
import Testing

@Suite("path normalisation")
struct PathNormalizerTests {
    private func normal(_ path: String) -> String? {
        var out = Buffer()
        let isSafe = Array(path.utf8).withView { view in
            if PathNormalizer.isNormal(view) {
                out.append(view)
                return true
            }
            return PathNormalizer.normalize(view, into: &out)
        }
        return isSafe ? out.readable.string : nil
    }

    @Test(
        "a path means the same to everybody behind us",
        arguments: [
            ("/", "/"), ("/a/b", "/a/b"), ("/a//b", "/a//b"), ("//", "//"), ("/a/", "/a/"),
            ("/a/b/c/./../../g", "/a/g"), ("/./a", "/a"), ("/.", "/"), ("/..", "/"),
            ("/../a", "/a"),
            ("/a/..", "/"), ("/a/../", "/"), ("/a/b/..", "/a/"), ("/a/b/../", "/a/"),
            ("/a/.", "/a/"),
            ("/...", "/..."), ("/.a", "/.a"), ("/a.", "/a."), ("/..a/b", "/..a/b"),
            ("/a..", "/a.."),
            ("/%2e%2E/a", "/a"), ("/a/%2e/b", "/a/b"), ("/%41%7a%30%2d%5f%7e", "/Az0-_~"),
            ("/%2F", "/%2F"), ("/%2f..", "/%2f.."), ("/%25%34%31", "/%2541"), ("/%", "/%"),
            ("/%4", "/%4"), ("/%4g", "/%4g"), ("/%C3%A9", "/%C3%A9"), ("/é", "/é"),
            ("/%20", "/%20"),
            ("/a\\b", "/a/b"), ("/a\\..\\b", "/b"), ("/%5c..", "/%5c.."),
            ("/a/%2e%2e%2fb", "/a/..%2fb"),
            ("*", "*"),
        ])
    func table(path: String, wanted: String) {
        #expect(normal(path) == wanted)
    }

    @Test("a zero byte is refused wherever it is escaped", arguments: ["/%00", "/a%00b", "/..%00"])
    func zero(path: String) {
        #expect(normal(path) == nil)
    }

    @Test("a normal path stays as it is: normalising twice changes nothing")
    func idempotent() {
        var random = SeededRandom(seed: 11)
        let pieces = ["/", ".", "..", "a", "%2e", "%41", "%2F", "%25", "\\", "%", "b.", "%00"]
        for _ in 0..<5000 {
            let count = Int.random(in: 0...10, using: &random)
            let path =
                "/"
                + (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
            guard let once = normal(path) else { continue }
            #expect(once.hasPrefix("/"))
            // What was an escape's first half may meet its second half only once.
            guard let twice = normal(once) else {
                Issue.record("\(path) became unsafe")
                continue
            }
            if !path.contains("%25") && !path.contains("%%") { #expect(twice == once, "\(path)") }
            #expect(!once.split(separator: "/").contains { $0 == ".." || $0 == "." }, "\(path)")
        }
    }
}
