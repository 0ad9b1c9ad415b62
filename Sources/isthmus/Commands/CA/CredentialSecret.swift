// A certificate and its key as a Kubernetes Secret, the form a Gateway's `credentialName` names.
// The same that `kubectl create secret tls` writes, with the roots as `ca.crt` for servers that
// ask their clients for certificates (Gateway.servers.tls.mode MUTUAL).
import Authority
import Control
import PKI

struct CredentialSecret {
    let namespace: String
    let name: String

    /// - Parameter argument: `NAME`, in the namespace of Istio's gateways, or `NAMESPACE/NAME`.
    init(_ argument: String) throws {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        let isGood = (1...2).contains(parts.count) && parts.allSatisfy(CredentialSecret.isName)
        guard isGood, let last = parts.last else {
            throw Complaint(
                .badData, "\"\(argument)\" names no Secret; write NAME or NAMESPACE/NAME")
        }
        namespace = parts.count == 2 ? String(parts[0]) : "istio-system"
        name = String(last)
    }

    func yaml(_ issued: IssuedCertificate, key: PrivateKey) throws -> [UInt8] {
        let head = """
            apiVersion: v1
            kind: Secret
            type: kubernetes.io/tls
            metadata:
              name: \(name)
              namespace: \(namespace)
            data:

            """
        let data = [
            ("tls.crt", issued.chainPEM), ("tls.key", try key.pem()),
            ("ca.crt", issued.rootsPEM),
        ]
        return data.reduce(into: Array(head.utf8)) { text, item in
            text += "  \(item.0): ".utf8
            text += Base64.encode(item.1)
            text.append(UInt8(ascii: "\n"))
        }
    }

    /// An RFC 1123 subdomain, as the names of Secrets are.
    private static func isName(_ text: Substring) -> Bool {
        guard let name = try? DNSName(String(text)) else { return false }
        return name.name == text && !text.hasPrefix("*")
    }
}
