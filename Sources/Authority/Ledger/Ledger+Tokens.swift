// Enrolment tokens that were used: a number that stands here buys nothing any more.
internal import PKI

extension Ledger {
    /// Writes a token down as used. Inside of the transaction that reserves what it buys.
    ///
    /// - Returns: false where it was used before.
    func use(_ token: EnrolmentToken, at time: UnixTime) throws(AuthorityError) -> Bool {
        try database.run(
            """
            INSERT INTO used_tokens (id, name, used_at, expires) VALUES (?, ?, ?, ?)
            ON CONFLICT (id) DO NOTHING
            """,
            .text(token.id), .text(token.identity.description), .integer(time.seconds),
            .integer(token.expiresAt.seconds))
        return database.changeCount == 1
    }

    /// Forgets tokens that nobody would believe any more: a day later, for a clock may be put back.
    func forgetTokens(expiredBefore time: UnixTime) throws(AuthorityError) {
        try database.run(
            "DELETE FROM used_tokens WHERE expires < ?", .integer(time.seconds - 86400))
    }

    /// A number that changes when another process, or another connection, has written something.
    func otherWrites() throws(AuthorityError) -> Int64 {
        try database.rows("PRAGMA data_version").first?.first?.integer ?? 0
    }
}
