// Revocation lists: written, read, and what verification makes of them.
import Testing

@testable import PKI

@Suite("revocation lists") struct RevocationTests {
    @Test("a list says what it was told")
    func roundTrip() throws {
        let pyramid = try Pyramid()
        let serials = try (0..<20).map { _ in try SerialNumber.random() }
        let made = try pyramid.list(serials, number: 300, reason: .superseded)
        let list = try #require(try RevocationList.parse(pem: made.pem).first)
        #expect(Set(list.entries.map(\.serial)) == Set(serials))
        #expect(list.entries.allSatisfy { $0.reason == .superseded })
        #expect(list.number == [1, 44])
        #expect(list.issuer == "CN=intermediate")
        #expect(list.entry(for: serials[7])?.time == Pyramid.now - 60)
        #expect(list.entry(for: try .random()) == nil)
        #expect(list.isSigned(by: try pyramid.intermediate.key.publicKey))
        #expect(!list.isSigned(by: try pyramid.root.key.publicKey))
    }

    @Test("a revoked certificate is refused with its reason, and its neighbour is not")
    func revoked() throws {
        let pyramid = try Pyramid()
        let (bad, good) = (try pyramid.leaf(), try pyramid.leaf())
        let store = try pyramid.store([try pyramid.list([bad.serial])], check: .leaf)
        #expect(try pyramid.refusal(of: bad, in: store) == .revoked(.keyCompromise))
        #expect(try pyramid.refusal(of: good, in: store) == nil)
    }

    @Test("a revoked intermediate is refused where the whole chain is checked")
    func intermediate() throws {
        let pyramid = try Pyramid()
        let lists = [
            try pyramid.list([]),
            try pyramid.list([pyramid.intermediate.certificate.serial], by: pyramid.root),
        ]
        let leaf = try pyramid.leaf()
        let chain = try pyramid.store(lists, check: .chain)
        #expect(try pyramid.refusal(of: leaf, in: chain) == .revoked(.keyCompromise))
        #expect(try pyramid.refusal(of: leaf, in: try pyramid.store(lists, check: .leaf)) == nil)
    }

    @Test("a missing list, an old one and a forged one are refused, each by its name")
    func lists() throws {
        let pyramid = try Pyramid()
        let leaf = try pyramid.leaf()
        let none = try pyramid.store([], check: .leaf)
        #expect(try pyramid.refusal(of: leaf, in: none) == .listMissing)
        let old = try pyramid.list([], until: Pyramid.now - 1)
        #expect(
            try pyramid.refusal(of: leaf, in: try pyramid.store([old], check: .leaf))
                == .listExpired)
        // The same issuer name, another key: whoever can drop a file could hide a revocation.
        let forged = try Pyramid().list([])
        #expect(
            try pyramid.refusal(of: leaf, in: try pyramid.store([forged], check: .leaf)) != nil)
    }

    @Test("no damaged list is taken for the issuer's, and none ends the process")
    func damage() throws {
        let pyramid = try Pyramid()
        let der = try pyramid.list([.random(), .random()]).der
        let key = try pyramid.intermediate.key.publicKey
        for index in der.indices {
            var damaged = der
            damaged[index] ^= 0x41
            guard let list = try? RevocationList(der: damaged) else { continue }
            _ = CertificateText.lines(list, at: Pyramid.now)
            #expect(!list.isSigned(by: key), "byte \(index)")
        }
    }

    @Test("reasons are read in any spelling, and a hold is none")
    func reasons() {
        for reason in RevocationReason.allCases {
            #expect(RevocationReason(title: reason.title) == reason)
        }
        #expect(RevocationReason(title: "key-compromise") == .keyCompromise)
        #expect(RevocationReason(title: "KEYCOMPROMISE") == .keyCompromise)
        #expect(RevocationReason(title: "certificateHold") == nil)
    }
}
