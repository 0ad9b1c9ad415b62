// Mistakes that rules for egress gateways are full of, and that Istio takes without a word.
import Spec
import Testing

@Suite("mistakes in rules for what leaves the mesh")
struct EgressMistakeTests {
    private static func warnings(_ kind: String, _ spec: String) -> [String] {
        let text = """
            apiVersion: networking.istio.io/v1
            kind: \(kind)
            metadata: {name: a, namespace: ns}
            spec: {\(spec)}
            """
        return ParsedFile(reading: Array(text.utf8), file: "a.yaml").diagnostics
            .map { "\($0.severity) \($0.fieldPath): \($0.message)" }
    }

    private static func rule(_ gateways: String, _ match: String, _ speech: String) -> String {
        let condition = speech == "tls" ? "sniHosts: [a.example], " : ""
        return
            "hosts: [a.example]\(gateways), \(speech): [{match: [{\(condition)gateways: \(match)}], "
            + "route: [{destination: {host: b}}]}]"
    }

    @Test(
        "a match for a gateway that its VirtualService is not for",
        arguments: ["http", "tcp", "tls"])
    func otherGateway(speech: String) {
        let place = "spec.\(speech)[0].match[0].gateways[0]"
        #expect(
            Self.warnings("VirtualService", Self.rule(", gateways: [out]", "[mesh]", speech)) == [
                "warning \(place): `mesh` is not among the gateways of the VirtualService: the match "
                    + "never applies there"
            ])
        #expect(
            Self.warnings("VirtualService", Self.rule("", "[istio-system/out]", speech)) == [
                "warning \(place): `istio-system/out` is not among the gateways of the "
                    + "VirtualService, which is for the mesh alone: the match never applies there"
            ])
    }

    @Test(
        "but not for one that it is for, however that is written",
        arguments: [
            ("", "[mesh]"), (", gateways: [mesh, out]", "[mesh]"),
            (", gateways: [out]", "[ns/out]"),
            (", gateways: [./out]", "[out]"), (", gateways: [ns/out, mesh]", "[./out, mesh]"),
        ])
    func ownGateway(gateways: String, match: String) {
        let found = Self.warnings("VirtualService", Self.rule(gateways, match, "http"))
        #expect(found.isEmpty)
    }

    @Test("a delegate may name any: they are those of whoever delegates to it")
    func delegate() {
        let spec = "http: [{match: [{gateways: [out]}], route: [{destination: {host: b}}]}]"
        #expect(Self.warnings("VirtualService", spec).isEmpty)
    }

    @Test(
        "SNI is one whole name",
        arguments: [
            ("'*.example.com'", true), ("192.0.2.1", true), ("'2001:db8::1'", true),
            ("a.example.com", false), ("''", false),
        ])
    func serverName(written: String, isWrong: Bool) {
        let found = Self.warnings(
            "DestinationRule", "host: b, trafficPolicy: {tls: {mode: SIMPLE, sni: \(written)}}")
        #expect(found.isEmpty != isWrong)
        let place = "warning spec.trafficPolicy.tls.sni: "
        #expect(found.allSatisfy { $0.hasPrefix(place) && $0.contains("one whole name") })
    }
}
