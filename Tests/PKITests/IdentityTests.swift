// The X509-SVID rules: which certificates are a workload's identity.
import Testing

@testable import PKI

@Suite("workload identities") struct IdentityTests {
    private func error(_ template: CertificateTemplate) throws -> IdentityError? {
        let leaf = try Pyramid(permitted: []).leaf(template)
        do throws(IdentityError) {
            _ = try leaf.workloadIdentity
            return nil
        } catch {
            return error
        }
    }

    @Test("one SPIFFE id beside hosts and addresses is an identity")
    func good() throws {
        let names: [GeneralName] = [
            .dns("reviews"), .uri("spiffe://cluster.local/ns/default/sa/reviews"),
            .address([127, 0, 0, 1]),
        ]
        #expect(try error(Pyramid.workload(names)) == nil)
    }

    @Test("two URIs are refused, though the first is good")
    func two() throws {
        let names: [GeneralName] = [
            .uri("spiffe://cluster.local/ns/default/sa/reviews"),
            .uri("spiffe://cluster.local/ns/default/sa/admin"),
        ]
        #expect(try error(Pyramid.workload(names)) == .severalURIs(2))
    }

    @Test("no URI, no path and no SPIFFE are refused")
    func others() throws {
        #expect(try error(Pyramid.workload([.dns("reviews")])) == .noURI)
        #expect(
            try error(Pyramid.workload([.uri("spiffe://cluster.local")])) == .isTrustDomain)
        guard case .notSPIFFE = try error(Pyramid.workload([.uri("https://cluster.local/a")]))
        else {
            Issue.record("an https URI was taken for an identity")
            return
        }
    }

    @Test("an authority, and a key that may sign certificates, are no workload")
    func authorities() throws {
        let id = GeneralName.uri("spiffe://cluster.local/ns/default/sa/reviews")
        var template = try Pyramid.authority("workload", length: nil)
        template.names = [id]
        #expect(try error(template) == .isAuthority)
        template = try Pyramid.workload([id])
        template.keyUsage = [.digitalSignature, .crlSign]
        #expect(try error(template) == .wrongKeyUsage(["digitalSignature", "cRLSign"]))
        template.keyUsage = .keyEncipherment
        #expect(try error(template) == .wrongKeyUsage(["keyEncipherment"]))
    }
}
