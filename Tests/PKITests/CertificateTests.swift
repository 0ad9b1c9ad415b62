// What goes into certificates and comes out of them.
import Testing

@testable import PKI

@Suite("certificates") struct CertificateTests {
    @Test("a certificate says what its template said")
    func fields() throws {
        let pyramid = try Pyramid()
        let names: [GeneralName] = [
            .uri("spiffe://cluster.local/ns/a/sa/b"), .dns("b.a.svc"), .address([10, 0, 0, 1]),
            .address([0x20, 0x01] + [UInt8](repeating: 0, count: 13) + [1]),
        ]
        var template = try Pyramid.workload(names)
        template.keyUsage = [.digitalSignature, .keyEncipherment]
        let read = try Certificate(der: pyramid.leaf(template).der)
        #expect(read.serial == template.serial)
        #expect(read.names == names)
        #expect(read.subject.isEmpty)
        #expect(read.issuer == "CN=intermediate")
        #expect(read.notBefore == template.notBefore)
        #expect(read.notAfter == template.notAfter)
        #expect(read.keyUsage == template.keyUsage)
        #expect(read.extendedKeyUsage == [.serverAuth, .clientAuth])
        #expect(!read.isAuthority && read.pathLength == nil)
        #expect(read.authorityKeyIdentifier == (try pyramid.intermediate.key.publicKey.identifier))
        let above = pyramid.intermediate.certificate
        #expect(above.isAuthority && above.pathLength == 0 && !above.isSelfIssued)
        #expect(above.permittedURIHosts == ["cluster.local"])
        #expect(pyramid.root.certificate.isSelfIssued)
    }

    @Test("years from 2050 on are written in the other time format and read back")
    func farFuture() throws {
        var template = try Pyramid.authority("far", length: nil)
        template.notAfter = .endOfCalendar
        let key = try PrivateKey.generate(.p256)
        let root = try Certificate(der: Certificate.selfSigned(template, key: key).der)
        #expect(root.notAfter == .endOfCalendar)
        #expect(root.notAfter.description == "9999-12-31T23:59:59Z")
    }

    @Test("serial numbers are positive, fresh and of 128 random bits")
    func serials() throws {
        let serials = try (0..<1000).map { _ in try SerialNumber.random() }
        #expect(Set(serials).count == 1000)
        #expect(serials.allSatisfy { $0.bytes.count <= 16 && !$0.bytes.isEmpty })
        // With the highest bit set, DER needs a zero in front, or the number would be negative.
        var template = try Pyramid.workload()
        template.serial = SerialNumber([UInt8](repeating: 0xFF, count: 16))
        let leaf = try Pyramid().leaf(template)
        #expect(try Certificate(der: leaf.der).serial == template.serial)
        let mark: [UInt8] = [0x02, 0x11, 0x00, 0xFF]
        #expect(leaf.der.indices.contains { leaf.der[$0...].starts(with: mark) })
    }

    @Test(
        "a serial number is read however it was copied",
        arguments: [
            "AF:BA:4E", "0xafba4e", "afba4e", "0:AF",
        ])
    func serialText(_ text: String) {
        #expect((SerialNumber(text) != nil) == (text != "0:AF"))
    }

    @Test("bytes after a certificate, and half of one, are refused")
    func trailing() throws {
        let der = try Pyramid().leaf().der
        #expect(throws: PKIError.self) { try Certificate(der: der + [0]) }
        #expect(throws: PKIError.self) { try Certificate(der: Array(der.dropLast())) }
        #expect(throws: PKIError.self) { try Certificate(der: []) }
    }

    @Test("no damaged certificate ends the process")
    func damage() throws {
        let der = try Pyramid().leaf().der
        var accepted = 0
        for index in der.indices {
            var damaged = der
            damaged[index] ^= 0x55
            guard let read = try? Certificate(der: damaged) else { continue }
            accepted += 1
            _ = CertificateText.lines(read, at: Pyramid.now)
        }
        #expect(accepted > 0)
    }

    @Test("what people read has the names, the days left and the identity")
    func text() throws {
        let lines = CertificateText.lines(try Pyramid().leaf(), at: Pyramid.now)
            .joined(separator: "\n")
        #expect(lines.contains("URI:spiffe://cluster.local/ns/default/sa/reviews"))
        #expect(lines.contains("(24 hours left)"))
        #expect(lines.contains("ECDSA P-256"))
    }
}
