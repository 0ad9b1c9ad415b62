// SPIFFE ids: one spelling each, and everything else refused.
import Testing

@testable import PKI

@Suite("SPIFFE ids") struct SPIFFEIDTests {
    @Test("Istio's form is read and written back")
    func istio() throws {
        let text = "spiffe://cluster.local/ns/default/sa/bookinfo-reviews"
        let id = try SPIFFEID(text)
        #expect(id.description == text)
        #expect(id.trustDomain == .clusterLocal)
        let workload = try WorkloadName(
            namespace: "default", serviceAccount: "bookinfo-reviews")
        #expect(id.workload == workload)
        #expect(workload.identity(in: .clusterLocal) == id)
    }

    @Test(
        "other paths are ids, but no service account's",
        arguments: [
            "spiffe://cluster.local", "spiffe://cluster.local/ns/default",
            "spiffe://cluster.local/ns/default/sa/a/b", "spiffe://cluster.local/sa/default/ns/a",
            "spiffe://cluster.local/ns/UPPER/sa/a",
        ])
    func notIstio(_ text: String) throws {
        #expect(try SPIFFEID(text).workload == nil)
    }

    @Test(
        "what has two spellings is refused",
        arguments: [
            "", "spiffe:", "spiffe://", "spiffe:///ns/a/sa/b", "SPIFFE://cluster.local/a",
            "spiffe://Cluster.local/a", "https://cluster.local/a", "spiffe://cluster.local/",
            "spiffe://cluster.local/a/", "spiffe://cluster.local//a",
            "spiffe://cluster.local/a/../b",
            "spiffe://cluster.local/./a", "spiffe://cluster.local/a%2fb",
            "spiffe://cluster.local/a b",
            "spiffe://cluster.local/a?b", "spiffe://cluster.local/a#b",
            "spiffe://user@cluster.local/a", "spiffe://cluster.local:8080/a",
            "spiffe://cluster.local/ä", "spiffe://cluster.local/a\0", " spiffe://cluster.local/a",
            "spiffe://cluster.local/a\n", "spiffe://" + String(repeating: "a", count: 256) + "/b",
            "spiffe://a/" + String(repeating: "b", count: 2048),
        ])
    func refused(_ text: String) {
        #expect(throws: PKIError.self) { try SPIFFEID(text) }
    }

    @Test("an @ in a trust domain becomes a dot, as Istio's")
    func at() throws {
        #expect(try TrustDomain("mesh@example.com").name == "mesh.example.com")
    }

    @Test(
        "name constraints hold full domain names only",
        arguments: [
            ("cluster.local", true), ("a.b.example.com", true), ("localhost", false),
            ("my_mesh.local", false), ("10.0.0.1", false), ("a..b", false),
        ])
    func constrainable(_ name: String, _ isGood: Bool) throws {
        #expect(try TrustDomain(name).isConstrainable == isGood)
    }

    @Test(
        "namespaces and service accounts are checked before they become a path",
        arguments: [
            ("default/sa/admin", "a"), ("", "a"), ("Default", "a"), ("-a", "a"), ("a", ""),
            ("a", "../b"), ("a", "a/b"), ("a", "A"), ("a", "a..b"),
            (String(repeating: "a", count: 64), "a"),
        ])
    func workloads(_ namespace: String, _ account: String) {
        #expect(throws: PKIError.self) {
            try WorkloadName(namespace: namespace, serviceAccount: account)
        }
    }
}
