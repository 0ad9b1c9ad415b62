// ServiceEntries that would take a port from everybody: what is warned of, and what is not.
import Spec
import Testing

@Suite("ports that everybody shares")
struct PortSharingTests {
    private static func warnings(_ number: Int, _ spoken: String, _ more: String = "") -> [String] {
        let text = """
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: a}
            spec:
              hosts: [a.example]
              resolution: DNS
              ports: [{number: \(number), name: p, protocol: \(spoken)}]
            \(more.isEmpty ? "" : "  \(more)")
            """
        return ParsedFile(reading: Array(text.utf8), file: "a.yaml").diagnostics
            .filter { $0.severity == .warning }.map { "\($0.fieldPath) \($0.message) \($0.advice)" }
    }

    @Test(
        "bytes without an address take everything on 80 and 443",
        arguments: [
            (443, "TCP", "", "HTTPS or TLS"), (80, "TCP", "", "write HTTP"),
            (443, "MONGO", "", "HTTPS or TLS"), (443, "tcp", "exportTo: ['.']", "HTTPS or TLS"),
        ])
    func bytes(number: Int, spoken: String, more: String, advice: String) throws {
        let found = Self.warnings(number, spoken, more)
        #expect(found.count == 1)
        let warning = try #require(found.first)
        #expect(warning.hasPrefix("spec.ports[0].protocol "))
        #expect(warning.contains("takes every one to that port"))
        #expect(warning.contains(advice))
    }

    @Test("requests in the clear where everybody speaks TLS", arguments: ["HTTP", "HTTP2", "GRPC"])
    func clear(spoken: String) {
        let found = Self.warnings(443, spoken)
        #expect(found.count == 1 && found[0].contains("clients speak TLS"))
    }

    @Test(
        "what is told apart, or seen by nobody, is nobody's loss",
        arguments: [
            (443, "HTTPS", ""), (443, "TLS", ""), (80, "HTTP", ""), (8443, "TCP", ""),
            (443, "TCP", "addresses: [192.0.2.1]"), (443, "TCP", "exportTo: ['~']"),
            (443, "HTTP", "exportTo: ['~']"),
        ])
    func innocent(number: Int, spoken: String, more: String) {
        #expect(Self.warnings(number, spoken, more) == [])
    }
}
