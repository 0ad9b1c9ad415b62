// Secrets: which keys count, what becomes of broken ones, and that no value is ever shown.
import Spec
import Testing

@Suite struct SecretTests {
    private static func read(_ body: String) -> ParsedFile {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\n\(body)"
        return ParsedFile(reading: Array(text.utf8), file: "secret.yaml")
    }

    private static func secret(_ body: String) -> Secret? {
        read(body).objects.first as? Secret
    }

    private static func text(_ bytes: [UInt8]?) -> String? {
        bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("kubernetes.io/tls keys are read, base64 decoded")
    func kubernetes() {
        let secret = Self.secret(
            """
            type: kubernetes.io/tls
            data: {tls.crt: Y2VydA==, tls.key: a2V5, ca.crt: Y2E=, ca.crl: Y3Js,
              tls.ocsp-staple: AAE=}
            """)
        #expect(secret?.type == "kubernetes.io/tls")
        #expect(Self.text(secret?.identity?.certificate) == "cert")
        #expect(Self.text(secret?.identity?.key) == "key")
        #expect(Self.text(secret?.authority) == "ca")
        #expect(Self.text(secret?.revocations) == "crl")
        #expect(secret?.staple == [0, 1])
    }

    @Test("generic keys come before those of kubernetes.io/tls")
    func generic() {
        let secret = Self.secret(
            "stringData: {cert: one, key: two, cacert: three, crl: four, tls.crt: a, tls.key: b, "
                + "ca.crt: c, ca.crl: d}")
        #expect(Self.text(secret?.identity?.certificate) == "one")
        #expect(Self.text(secret?.identity?.key) == "two")
        #expect(Self.text(secret?.authority) == "three")
        #expect(Self.text(secret?.revocations) == "four")
    }

    @Test("a certificate of one naming and a key of the other are no pair")
    func mixedNames() {
        let secret = Self.secret("stringData: {cert: one, tls.key: two}")
        #expect(secret?.identity == nil)
        #expect(secret?.missingForIdentity == "it has tls.key but no tls.crt")
    }

    @Test("stringData wins over data")
    func precedence() {
        let secret = Self.secret("data: {ca.crt: b2xk}\nstringData: {ca.crt: new}")
        #expect(Self.text(secret?.authority) == "new")
    }

    @Test("line ends inside of base64 are nothing")
    func folded() {
        let secret = Self.secret("data:\n  ca.crt: |\n    YWJj\n    ZGVm\n")
        #expect(Self.text(secret?.authority) == "abcdef")
    }

    @Test(
        "what is missing is named by its key",
        arguments: [
            ("stringData: {tls.crt: a}", "it has tls.crt but no tls.key"),
            ("stringData: {key: a}", "it has key but no cert"),
            ("stringData: {tls.crt: a, tls.key: ''}", "it has tls.crt but no tls.key"),
            ("stringData: {password: a}", "it has neither tls.crt and tls.key nor cert and key"),
            ("", "it has neither tls.crt and tls.key nor cert and key"),
        ])
    func missing(_ body: String, _ text: String) {
        #expect(Self.secret(body)?.missingForIdentity == text)
    }

    @Test(
        "a broken value is a warning and its Secret stays, without the value",
        arguments: [
            ("data: {tls.key: '*hunter2*'}", "`tls.key` is not base64; it is ignored"),
            ("data: {tls.key: [hunter2]}", "`tls.key` is no text; it is ignored"),
            ("data: hunter2", "a mapping is needed here; it is ignored"),
        ])
    func broken(_ body: String, _ message: String) {
        let file = Self.read(body)
        #expect(file.diagnostics.map(\.message) == [message])
        #expect(!file.hasErrors)
        #expect((file.objects.first as? Secret)?.value(.key) == nil)
        #expect(file.objects.count == 1)
    }

    @Test("numbers and booleans in stringData are nobody's mistake to print")
    func plainScalars() {
        let file = Self.read("stringData: {password: 12345, key: 67890}")
        #expect(file.diagnostics.isEmpty)
        #expect(Self.text((file.objects.first as? Secret)?.value(.genericKey)) == "67890")
    }

    @Test(
        "no finding shows a line of a Secret, nor of a file with one where it has no object",
        arguments: [
            "data: {tls.key: '*hunter2*'}", "data:\n  tls.key: hunter2 *\n  : : -",
            "data: {tls.key: 'hunter2", "metadata: {labels: {hunter2: 5}}",
            "metadata: hunter2", "stringData:\n  a: hunter2\n b: hunter2\n",
        ])
    func excerpts(_ body: String) {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\n\(body)"
        let wide = "\u{FEFF}\(text)".utf16.flatMap {
            [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)]
        }
        for bytes in [Array(text.utf8), wide] {
            let file = ParsedFile(reading: bytes, file: "secret.yaml")
            #expect(!file.diagnostics.isEmpty)
            for finding in file.diagnostics {
                let shown = finding.rendered(source: bytes, color: false)
                #expect(!shown.contains("\n"), "\(shown)")
                #expect(shown.contains("secret.yaml:"))
            }
        }
    }

    @Test("a finding about another object shows its line though a Secret is in the file")
    func neighbour() {
        let text = """
            kind: Secret
            apiVersion: v1
            metadata: {name: web}
            ---
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: {name: edge}
            spec: {servers: 5}
            """
        let bytes = Array(text.utf8)
        let file = ParsedFile(reading: bytes, file: "all.yaml")
        let finding = file.diagnostics.first
        #expect(finding?.rendered(source: bytes, color: false).contains("servers: 5") == true)
    }

    @Test("printing or dumping a Secret gives its name and the names of its keys")
    func printing() throws {
        let secret = try #require(Self.secret("stringData: {tls.key: hunter2}"))
        var dumped = ""
        dump(secret, to: &dumped)
        let all = ["\(secret)", String(reflecting: secret), dumped, "\(Optional(secret) as Any)"]
        for text in all { #expect(!text.contains("hunter2"), "\(text)") }
        #expect(dumped.contains("tls.key"))
        #expect("\(secret)" == "Secret default/web")
    }

    @Test("Secrets are objects of the set, others' keys are not kept")
    func objectSet() {
        let file = Self.read("stringData: {password: hunter2}")
        let set = ObjectSet(file.objects)
        #expect(set.secrets.map(\.name) == ["web"])
        #expect(set.count == 1)
        #expect(Secret.Entry.allCases.allSatisfy { set.secrets[0].value($0) == nil })
    }
}
