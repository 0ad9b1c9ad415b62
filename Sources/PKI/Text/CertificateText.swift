// Certificates, requests and lists for people: what matters, one line each.
// `openssl x509 -text` shows everything; here is what one looks for, and how long it will last.

public enum CertificateText {
    /// - Parameter now: what "left" is counted from.
    public static func lines(_ certificate: Certificate, at now: UnixTime) -> [String] {
        var rows: [(String, String)] = []
        let names = certificate.names.map(\.description)
        rows.append(("names", names.isEmpty ? "none" : names.joined(separator: ", ")))
        rows.append(("subject", certificate.subject.isEmpty ? "empty" : certificate.subject))
        let isRoot = certificate.isSelfIssued
        rows.append(("issuer", isRoot ? "itself (a root)" : certificate.issuer))
        rows.append(("serial", certificate.serial.description))
        rows.append(
            (
                "valid",
                "\(certificate.notBefore) to \(certificate.notAfter) "
                    + "(\(remaining(certificate, at: now)))"
            ))
        let key = (try? certificate.publicKey).map { "\($0.kind)" } ?? "of an unsupported kind"
        rows.append(("key", key))
        let uses =
            (certificate.keyUsage?.titles ?? ["anything"])
            + certificate.extendedKeyUsage.map(\.title)
        rows.append(("use", uses.joined(separator: ", ")))
        rows.append(("authority", authority(certificate)))
        if !certificate.isAuthority {
            rows.append(("identity", identity(certificate)))
        }
        rows.append(("signature", certificate.signatureAlgorithm))
        rows.append(("sha256", Hex.text(certificate.fingerprint, separator: ":")))
        return aligned(rows)
    }

    public static func lines(_ request: SigningRequest) -> [String] {
        let proof: String
        let key: String
        do throws(PKIError) {
            key = "\(try request.provenKey.kind)"
            proof = "good: whoever asks holds the key"
        } catch {
            key = "unknown"
            proof = "\(error)"
        }
        return aligned([
            ("subject", request.subject.isEmpty ? "empty" : request.subject), ("key", key),
            ("proof", proof),
        ])
    }

    public static func lines(_ list: RevocationList, at now: UnixTime) -> [String] {
        let left = list.nextUpdate - now
        let rows = [
            ("issuer", list.issuer), ("number", Hex.text(list.number)),
            (
                "valid",
                "\(list.thisUpdate) to \(list.nextUpdate) "
                    + "(\(left < 0 ? "out of date" : span(left) + " left"))"
            ),
            ("revoked", String(list.entries.count)),
        ]
        return aligned(rows)
            + list.entries.map { "  \($0.serial)  \($0.time)  \($0.reason.title)" }
    }

    /// `23 hours left`, `expired 3 days ago`, `not valid before ...`.
    public static func remaining(_ certificate: Certificate, at now: UnixTime) -> String {
        if now < certificate.notBefore { return "not valid yet" }
        let left = certificate.notAfter - now
        return left < 0 ? "expired \(span(-left)) ago" : "\(span(left)) left"
    }

    /// A length of time in the unit that says enough.
    public static func span(_ seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86400, "day"), (3600, "hour"), (60, "minute")]
        for (length, name) in units where seconds >= 2 * length {
            return "\(seconds / length) \(name)s"
        }
        return seconds == 1 ? "1 second" : "\(seconds) seconds"
    }

    private static func authority(_ certificate: Certificate) -> String {
        guard certificate.isAuthority else { return "no" }
        var words = "yes"
        if let length = certificate.pathLength {
            words += length == 0 ? ", with none below it" : ", with \(length) below it at most"
        }
        let hosts = certificate.permittedURIHosts
        if !hosts.isEmpty { words += ", URIs of \(hosts.joined(separator: ", ")) only" }
        return words
    }

    private static func identity(_ certificate: Certificate) -> String {
        do throws(IdentityError) {
            return try certificate.workloadIdentity.description
        } catch {
            return "none: \(error)"
        }
    }

    private static func aligned(_ rows: [(String, String)]) -> [String] {
        let width = rows.map(\.0.utf8.count).max() ?? 0
        return rows.map { name, value in
            "  " + name + String(repeating: " ", count: width - name.utf8.count + 2) + value
        }
    }
}
