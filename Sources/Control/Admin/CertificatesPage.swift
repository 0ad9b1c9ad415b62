// Envoy's `/certs`: which certificates are shown to clients, until when they are valid, and whom
// client certificates are checked against.
// Certificates are public; their keys are not read for this page at all.
internal import PKI
internal import Proxy
internal import TLS

struct CertificatesPage {
    private let credentials: Credentials
    private let now: UnixTime

    init(_ credentials: Credentials, now: UnixTime) {
        self.credentials = credentials
        self.now = now
    }

    /// One entry for each certificate and where it is from, however many servers show it.
    private struct Entry {
        let source: String
        let chain: [UInt8]
        let authority: [UInt8]
        var servers: [String]
    }

    var json: JSON {
        let entries = entries().map { entry -> JSON in
            [
                "ca_cert": .array(Self.certificates(entry.authority, "CA of peers", now)),
                "cert_chain": .array(Self.certificates(entry.chain, entry.source, now)),
                "used_by": .array(entry.servers.map { JSON($0) }),
            ]
        }
        var members: [(String, JSON)] = [("certificates", .array(entries))]
        let problems = credentials.problems.map { problem -> JSON in
            [
                "server": JSON("\(problem.listener)/\(problem.chain)"),
                "credential": JSON(problem.credential), "reason": JSON(problem.reason),
            ]
        }
        if !problems.isEmpty { members.append(("errors", .array(problems))) }
        return .object(members)
    }

    private func entries() -> [Entry] {
        var entries: [Entry] = []
        var places: [[[UInt8]]: Int] = [:]
        for use in credentials.uses {
            let (identities, authority) = shown(for: use)
            for (source, identity) in zip(use.sources, identities) {
                let key = [Array(source.utf8), identity.chain, authority]
                if let place = places[key] {
                    entries[place].servers.append(use.chain)
                } else {
                    places[key] = entries.count
                    entries.append(
                        Entry(
                            source: source, chain: identity.chain, authority: authority,
                            servers: [use.chain]))
                }
            }
        }
        return entries
    }

    /// What is shown to the other side, and what the other side is checked against.
    private func shown(for use: CredentialUse) -> ([TLSIdentity], [UInt8]) {
        if let server = credentials.settings.servers[use.chain] {
            return (server.identities, server.clientCA)
        }
        guard let client = credentials.settings.clients[use.chain],
            let identity = client.identity
        else { return ([], []) }
        return ([identity], client.trustedCA ?? [])
    }

    private static func certificates(_ pem: [UInt8], _ path: String, _ now: UnixTime) -> [JSON] {
        guard let certificates = try? Certificate.parse(pem: pem) else { return [] }
        return certificates.map { certificate in
            [
                "path": JSON(path),
                "subject": JSON(certificate.subject),
                "issuer": JSON(certificate.issuer),
                "serial_number": JSON("\(certificate.serial)"),
                "subject_alt_names": .array(certificate.names.map(name)),
                "days_until_expiration": JSON("\(days(certificate.notAfter - now))"),
                "valid_from": JSON("\(certificate.notBefore)"),
                "expiration_time": JSON("\(certificate.notAfter)"),
            ]
        }
    }

    /// Whole days; negative once it is over.
    private static func days(_ seconds: Int64) -> Int64 {
        seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    }

    private static func name(_ name: GeneralName) -> JSON {
        let text = "\(name)"
        let value = text.firstIndex(of: ":").map { String(text[text.index(after: $0)...]) } ?? text
        switch name {
        case .dns(let name): return ["dns": JSON(name)]
        case .uri(let uri): return ["uri": JSON(uri)]
        case .address: return ["ip_address": JSON(value)]
        case .email(let address): return ["email": JSON(address)]
        case .other: return ["other": JSON(text)]
        }
    }
}
