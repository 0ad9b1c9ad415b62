// Certificates for chains: where each part is looked for, what is said when it is not there, and
// that one chain's trouble is nobody else's.
import Foundation
import Mesh
import Net
import PKI
import Proxy
import Spec
import TLS
import Testing

@testable import Control

@Suite struct CredentialReaderTests {
    /// Two self-signed certificates with their keys, made once by the openssl command.
    private struct Keys {
        let certificate: String
        let key: String

        static let one = Keys("one")
        static let two = Keys("two")

        private init(_ name: String) {
            let folder = FileManager.default.temporaryDirectory
                .appending(path: "isthmus-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let (out, keyOut) = ("\(folder.path)/c.pem", "\(folder.path)/k.pem")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=\(name)",
                "-keyout", keyOut, "-out", out,
            ]
            process.standardError = FileHandle.nullDevice
            var made = (certificate: "", key: "")
            do {
                try FileManager.default.createDirectory(
                    at: folder, withIntermediateDirectories: true)
                try process.run()
                process.waitUntilExit()
                made.certificate = try String(contentsOfFile: out, encoding: .utf8)
                made.key = try String(contentsOfFile: keyOut, encoding: .utf8)
            } catch {
                Issue.record("the openssl command is needed: \(error)")
            }
            (certificate, key) = made
        }
    }

    private static let origin = Origin(
        object: ObjectKey(kind: "Gateway", namespace: "default", name: "gw"),
        location: SourceLocation(file: "gw.yaml", line: 3, column: 5))

    private static func secret(
        _ name: String, _ values: [Secret.Entry: String], namespace: String = "ns"
    ) -> Secret {
        Secret(
            metadata: Metadata(name: name, namespace: namespace),
            source: SourceLocation(file: "s.yaml", line: 1, column: 1),
            values: values.mapValues { Array($0.utf8) })
    }

    private static func pair(_ name: String, _ keys: Keys, ca: String? = nil) -> Secret {
        var values: [Secret.Entry: String] = [.certificate: keys.certificate, .key: keys.key]
        values[.authority] = ca
        return secret(name, values)
    }

    private static func snapshot(_ terminations: [(String, TLSTermination)]) -> Snapshot {
        let chains = terminations.map { name, termination in
            FilterChain(
                name: name, serverNames: [name],
                handling: .terminateHTTP(termination, RouteTable(name: name, virtualHosts: [])),
                origin: origin)
        }
        let listener = ListenerSpec(
            name: "l", bind: "127.0.0.1", port: 443, declaredPort: 443, kind: .tls(chains),
            origins: [origin])
        return Snapshot(version: 1, routing: Routing(listeners: [listener]), clusters: [])
    }

    private static func credentials(
        _ terminations: (String, TLSTermination)..., secrets: [Secret] = [],
        files: [String: String] = [:]
    ) -> Credentials {
        let reader = CredentialReader(secrets) { path throws(NetError) in
            guard let text = files[path] else { throw NetError(call: "open \(path)", errno: 2) }
            return Array(text.utf8)
        }
        return reader.credentials(of: snapshot(terminations), known: CredentialTrials())
    }

    private static func mutual(
        _ name: String = "web", clientCA: TLSTermination.Credential? = nil,
        clientCAFile: String? = nil, skips: Bool = false
    ) -> TLSTermination {
        TLSTermination(
            credentials: [.secret(namespace: "ns", name: name)], clientCA: clientCA,
            clientCAFile: clientCAFile, clientCertificates: .required, skipsVerification: skips,
            origin: origin)
    }

    private static func simple(_ credentials: TLSTermination.Credential...) -> TLSTermination {
        TLSTermination(credentials: credentials, origin: origin)
    }

    @Test("a Secret's pair becomes the chain's, under the listener's and the chain's name")
    func simplePair() throws {
        let found = Self.credentials(
            ("a", Self.simple(.secret(namespace: "ns", name: "web"))),
            secrets: [Self.pair("web", .one)])
        #expect(found.problems.isEmpty)
        let settings = try #require(found.settings.servers["l/a"])
        #expect(settings.identities.map(\.chain) == [Array(Keys.one.certificate.utf8)])
        #expect(settings.clientCertificates == .ignored)
        #expect(settings.minVersion == .v12)
        #expect(found.uses == [CredentialUse(chain: "l/a", sources: ["Secret ns/web"])])
        #expect(found.folders.isEmpty)
    }

    @Test("files are read, and their folders are to be watched")
    func files() {
        let found = Self.credentials(
            ("a", Self.simple(.files(certificate: "/etc/c.pem", key: "keys/k.pem"))),
            ("b", Self.simple(.files(certificate: "c.pem", key: "/k.pem"))),
            files: [
                "/etc/c.pem": Keys.one.certificate, "keys/k.pem": Keys.one.key,
                "c.pem": Keys.one.certificate,
            ])
        #expect(found.settings.servers.keys.sorted() == ["l/a"])
        #expect(found.problems.map(\.credential) == ["/k.pem"])
        #expect(found.folders == ["/etc", "keys", ".", "/"])
    }

    @Test("what cannot be used is told with its reason, and the others are served")
    func problems() {
        let found = Self.credentials(
            ("good", Self.simple(.secret(namespace: "ns", name: "web"))),
            ("gone", Self.simple(.secret(namespace: "ns", name: "gone"))),
            ("half", Self.simple(.secret(namespace: "ns", name: "half"))),
            ("mixed", Self.simple(.secret(namespace: "ns", name: "mixed"))),
            ("noise", Self.simple(.secret(namespace: "ns", name: "noise"))),
            ("none", Self.simple()),
            secrets: [
                Self.pair("web", .one), Self.secret("half", [.certificate: "x"]),
                Self.secret(
                    "mixed", [.certificate: Keys.one.certificate, .key: Keys.two.key]),
                Self.secret("noise", [.certificate: "x", .key: "y"]),
            ])
        #expect(found.settings.servers.keys.sorted() == ["l/good"])
        #expect(found.problems.map(\.chain) == ["gone", "half", "mixed", "noise", "none"])
        #expect(found.problems[0].reason == "it does not exist")
        #expect(found.problems[1].reason == "it has tls.crt but no tls.key")
        #expect(found.problems[2].reason.contains("key"))
        #expect(found.problems.allSatisfy { $0.listener == "l" && $0.origin == Self.origin })
    }

    @Test("the CA for clients: what is named, then -cacert, then beside the certificate")
    func authorities() {
        let (one, two) = (Keys.one.certificate, Keys.two.certificate)
        let inside = Self.pair("web", .one, ca: one)
        let beside = Self.secret("web-cacert", [.genericAuthority: two])
        func ca(_ termination: TLSTermination, _ secrets: [Secret]) -> String? {
            let found = Self.credentials(
                ("a", termination), secrets: secrets, files: ["/ca": two])
            return found.settings.servers["l/a"].map {
                String(decoding: $0.clientCA, as: UTF8.self)
            }
        }
        #expect(ca(Self.mutual(), [inside]) == one)
        #expect(ca(Self.mutual(), [inside, beside]) == two)
        #expect(ca(Self.mutual(clientCAFile: "/ca"), [inside]) == two)
        let named = TLSTermination.Credential.secret(namespace: "ns", name: "whom")
        let whom = Self.secret("whom", [.authority: one])
        #expect(ca(Self.mutual(clientCA: named), [inside, beside, whom]) == one)
        #expect(ca(Self.mutual(clientCA: named), [inside, beside]) == nil)
    }

    @Test("MUTUAL without a CA is a problem, unless nobody is checked")
    func missingAuthority() {
        let secrets = [Self.pair("web", .one)]
        let found = Self.credentials(("a", Self.mutual()), secrets: secrets)
        #expect(found.settings.servers.isEmpty)
        #expect(found.problems.first?.reason.contains("web-cacert") == true)
        let lax = Self.credentials(("a", Self.mutual(skips: true)), secrets: secrets)
        #expect(lax.settings.servers["l/a"]?.skipsVerification == true)
    }

    @Test("the page of certificates names each once, with who shows it, and no key")
    func page() {
        let secret = TLSTermination.Credential.secret(namespace: "ns", name: "web")
        let found = Self.credentials(
            ("a", Self.simple(secret)), ("b", Self.simple(secret)),
            ("c", Self.simple(.secret(namespace: "ns", name: "gone"))),
            secrets: [Self.pair("web", .one)])
        // An hour after it was made for two days.
        let now = UnixTime(Int64(Date().timeIntervalSince1970) + 3600)
        let bytes = CertificatesPage(found, now: now).json.bytes
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.components(separatedBy: "\"subject\"").count == 2)
        #expect(text.contains(#""used_by":["l/a","l/b"]"#))
        #expect(text.contains(#""days_until_expiration":"1""#))
        #expect(text.contains(#""credential":"Secret ns/gone""#))
        #expect(!text.contains("PRIVATE"))
    }
}
