// PEM, base64, hexadecimal, DER and dates, against the standards' own bytes.
import Testing

@testable import PKI

@Suite("texts") struct TextTests {
    @Test(
        "base64 is RFC 4648's own examples",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(_ plain: String, _ encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == Array(encoded.utf8))
        #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
    }

    @Test(
        "a second spelling of the same bytes is refused",
        arguments: [
            "Zh==", "Zm9=", "Zg=", "Zg", "Z", "====", "Zm9v\n", "Zm 9v", "Zm9-", "=Zm9",
        ])
    func badBase64(_ text: String) {
        #expect(Base64.decode(Array(text.utf8)) == nil)
    }

    @Test("blocks are found between other text, and keep their order")
    func pem() throws {
        let one = PEMBlock(.certificate, der: [UInt8](repeating: 7, count: 100))
        let two = PEMBlock(.revocationList, der: [1])
        let text = Array("Certificate:\n  Data:\r\n".utf8) + one.text + Array("\n# x\n".utf8)
        #expect(try PEMBlock.parse(text + two.text) == [one, two])
        let windows = String(decoding: one.text, as: UTF8.self).split(separator: "\n")
            .joined(separator: "\r\n")
        #expect(try PEMBlock.parse(Array(windows.utf8)) == [one])
        #expect(String(decoding: one.text, as: UTF8.self).split(separator: "\n")[1].count == 64)
    }

    @Test(
        "a damaged block is an error with its line, and never skipped",
        arguments: [
            ("-----BEGIN CERTIFICATE-----\nAQID\n", "line 1"),
            ("x\n-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "line 2"),
            ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "line 1"),
            ("-----BEGIN CERTIFICATE-----\nAQID\n-----END X509 CRL-----\n", "line 3"),
            ("-----END CERTIFICATE-----\n", "line 1"),
            ("-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n", "line 2"),
        ])
    func badPEM(_ text: String, _ place: String) {
        do throws(PKIError) {
            _ = try PEMBlock.parse(Array(text.utf8))
            Issue.record("accepted: \(text)")
        } catch {
            #expect("\(error)".contains(place), "\(error)")
        }
    }

    @Test("DER is X.690's")
    func der() {
        #expect(DER.integer(0) == [2, 1, 0])
        #expect(DER.integer(127) == [2, 1, 127])
        #expect(DER.integer(128) == [2, 2, 0, 128])
        #expect(DER.integer(.max) == [2, 9, 0] + [UInt8](repeating: 0xFF, count: 8))
        // digitalSignature: one bit, seven unused; keyCertSign and cRLSign: bits 5 and 6.
        #expect(DER.namedBits(KeyUsage.digitalSignature.rawValue) == [3, 2, 7, 0x80])
        #expect(
            DER.namedBits(KeyUsage([.keyCertSign, .crlSign]).rawValue) == [3, 2, 1, 0x06])
        #expect(DER.namedBits(KeyUsage.decipherOnly.rawValue) == [3, 3, 7, 0, 0x80])
        #expect(
            DER.objectIdentifier("1.3.6.1.5.5.7.3.1") == [6, 8, 43, 6, 1, 5, 5, 7, 3, 1])
        #expect(DER.objectIdentifier("1.2.840.113549") == [6, 6, 42, 134, 72, 134, 247, 13])
        #expect(DER.octetString([UInt8](repeating: 0, count: 128)).prefix(3) == [4, 0x81, 128])
        #expect(
            DER.octetString([UInt8](repeating: 0, count: 256)).prefix(4) == [4, 0x82, 1, 0])
    }

    @Test(
        "moments are written as RFC 3339",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"), (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"), (-86400, "1969-12-31T00:00:00Z"),
            (-86401, "1969-12-30T23:59:59Z"),
        ])
    func moments(_ seconds: Int64, _ text: String) {
        #expect(UnixTime(seconds).description == text)
    }

    @Test("hexadecimal is read with and without colons")
    func hex() {
        #expect(Hex.text([0, 0xAB, 0xFF]) == "00abff")
        #expect(Hex.text([1, 2], separator: ":") == "01:02")
        #expect(Hex.bytes("00:aB:ff") == [0, 0xAB, 0xFF])
        #expect(Hex.bytes("abc") == nil)
        #expect(Hex.bytes("zz") == nil)
    }
}
