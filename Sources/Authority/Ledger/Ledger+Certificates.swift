// The ledger's entries for certificates.
internal import PKI

extension Ledger {
    /// Writes serial numbers down before they are signed. Inside of `write`.
    func reserve(_ entry: LedgerEntry) throws(AuthorityError) {
        try database.run(
            """
            INSERT INTO certificates
                (serial, issuer, kind, state, name, names, not_before, not_after)
            VALUES (?, ?, ?, 'reserved', ?, ?, ?, ?)
            """,
            .text(entry.serial.description), .text(entry.issuer), .text(entry.kind.rawValue),
            .text(entry.name), .text(entry.names.joined(separator: " ")),
            .integer(entry.notBefore.seconds), .integer(entry.notAfter.seconds))
    }

    /// Marks a reserved number as signed. Inside of `write`.
    func settle(_ certificate: Certificate) throws(AuthorityError) {
        try database.run(
            """
            UPDATE certificates SET state = 'issued', fingerprint = ?
            WHERE serial = ? AND state = 'reserved'
            """,
            .text(Hex.text(certificate.fingerprint)), .text(certificate.serial.description))
    }

    /// - Returns: whether there was such a certificate, not revoked yet.
    func revoke(
        _ serial: SerialNumber, at time: UnixTime, reason: RevocationReason
    ) throws(AuthorityError) -> Bool {
        try database.run(
            """
            UPDATE certificates SET state = 'revoked', revoked_at = ?, reason = ?
            WHERE serial = ? AND state <> 'revoked'
            """,
            .integer(time.seconds), .integer(Int64(reason.rawValue)),
            .text(serial.description))
        return database.changeCount == 1
    }

    /// nil where it is not revoked, or not known.
    func revocationReason(
        of serial: SerialNumber
    ) throws(AuthorityError) -> RevocationReason? {
        try database.rows(
            "SELECT reason FROM certificates WHERE serial = ? AND state = 'revoked'",
            .text(serial.description)
        ).first?.first?.integer.map { UInt8(exactly: $0).flatMap(RevocationReason.init) }
            .map { $0 ?? .unspecified }
    }

    func entry(_ serial: SerialNumber) throws(AuthorityError) -> LedgerEntry? {
        try database.rows(
            "SELECT \(LedgerEntry.columns) FROM certificates WHERE serial = ?",
            .text(serial.description)
        ).first.flatMap(LedgerEntry.init)
    }

    /// Every entry, the soonest to expire first.
    func entries() throws(AuthorityError) -> [LedgerEntry] {
        try database.rows(
            "SELECT \(LedgerEntry.columns) FROM certificates ORDER BY not_after, serial"
        ).compactMap(LedgerEntry.init)
    }

    /// What an issuer's revocation list must say: expired certificates leave it, but each stands
    /// on one list at least that was made after its end (RFC 5280 section 3.3).
    func revocations(
        of issuer: String, expiringAfter time: UnixTime
    ) throws(AuthorityError) -> [Revocation] {
        try database.rows(
            """
            SELECT \(LedgerEntry.columns) FROM certificates
            WHERE issuer = ? AND state = 'revoked' AND not_after > ?
            """,
            .text(issuer), .integer(time.seconds)
        ).compactMap { row in
            guard let entry = LedgerEntry(row), case .revoked(let time, let reason) = entry.state
            else { return nil }
            return Revocation(serial: entry.serial, time: time, reason: reason)
        }
    }

    /// Certificates of an issuer that somebody may still present.
    ///
    /// - Returns: how many, and when the last of them ends.
    func live(
        of issuer: String, at time: UnixTime
    ) throws(AuthorityError) -> (count: Int, until: UnixTime) {
        let row = try database.rows(
            """
            SELECT count(*), coalesce(max(not_after), 0) FROM certificates
            WHERE issuer = ? AND state <> 'revoked' AND not_after > ?
                AND kind NOT IN ('root')
            """,
            .text(issuer), .integer(time.seconds)
        ).first
        return (Int(row?[0].integer ?? 0), UnixTime(row?[1].integer ?? 0))
    }

    /// When the last certificate of an issuer ends, revoked ones too; nil where it has none.
    func lastExpiry(of issuer: String) throws(AuthorityError) -> UnixTime? {
        try database.rows(
            "SELECT max(not_after) FROM certificates WHERE issuer = ? AND kind <> 'root'",
            .text(issuer)
        ).first?.first?.integer.map { UnixTime($0) }
    }
}
