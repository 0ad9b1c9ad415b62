// The ledger's entries for the authority's own certificates.
internal import PKI

/// Somebody who signs, or did.
struct IssuerEntry {
    enum Role: String { case root, intermediate }
    enum State: String { case active, retired, gone }

    /// Hexadecimal digits of the key's identifier.
    let key: String
    let role: Role
    let state: State
    let certificate: Certificate
    let listNumber: Int64
}

extension Ledger {
    /// Those who may have certificates out: active ones first.
    func issuers() throws(AuthorityError) -> [IssuerEntry] {
        try issuers(
            """
            SELECT key, role, state, certificate, list_number FROM issuers
            WHERE state <> 'gone' ORDER BY state, role, since DESC
            """)
    }

    /// Everybody who ever signed.
    func everyIssuer() throws(AuthorityError) -> [IssuerEntry] {
        try issuers("SELECT key, role, state, certificate, list_number FROM issuers")
    }

    private func issuers(_ sql: String) throws(AuthorityError) -> [IssuerEntry] {
        var entries: [IssuerEntry] = []
        for row in try database.rows(sql) {
            guard let key = row[0].text, let role = row[1].text.flatMap(IssuerEntry.Role.init),
                let state = row[2].text.flatMap(IssuerEntry.State.init),
                let der = row[3].bytes, let number = row[4].integer,
                let certificate = try? Certificate(der: der)
            else { throw .ledger(path: database.path, reason: "an issuer cannot be read") }
            entries.append(
                IssuerEntry(
                    key: key, role: role, state: state, certificate: certificate,
                    listNumber: number))
        }
        return entries
    }

    func add(
        _ certificate: Certificate, as role: IssuerEntry.Role, at time: UnixTime
    ) throws(AuthorityError) {
        try database.run(
            """
            INSERT INTO issuers (key, role, state, certificate, since)
            VALUES (?, ?, 'active', ?, ?) ON CONFLICT (key) DO NOTHING
            """,
            .text(certificate.issuerKey), .text(role.rawValue), .bytes(certificate.der),
            .integer(time.seconds))
    }

    func set(_ key: String, _ state: IssuerEntry.State) throws(AuthorityError) {
        try database.run(
            "UPDATE issuers SET state = ? WHERE key = ?", .text(state.rawValue), .text(key))
    }

    func setListNumber(_ number: Int64, of key: String) throws(AuthorityError) {
        try database.run(
            "UPDATE issuers SET list_number = ? WHERE key = ?", .integer(number), .text(key))
    }
}

extension Certificate {
    /// What the ledger knows an issuer by: its subjectKeyIdentifier, or one computed from the key
    /// where a foreign authority has none.
    var issuerKey: String {
        let identifier = subjectKeyIdentifier
        return Hex.text(identifier.isEmpty ? (try? publicKey.identifier) ?? [] : identifier)
    }
}
