// The tables of the ledger, and how a new file gets them.
// STRICT tables and CHECKs: a row that makes no sense is refused when it is written, and not
// discovered years later.

extension Ledger {
    /// Grows by one with every change to the tables; `PRAGMA user_version` of the file.
    static let schemaVersion: Int64 = 2
    /// "isth": what the file is, for `file` and for people (`PRAGMA application_id`).
    static let applicationID: Int64 = 0x6973_7468

    static let tables = [
        """
        CREATE TABLE settings (
            name TEXT PRIMARY KEY NOT NULL,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        // Everybody who ever signed, by the identifier of the key: hexadecimal digits of the
        // certificate's subjectKeyIdentifier.
        """
        CREATE TABLE issuers (
            key TEXT PRIMARY KEY NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('root', 'intermediate')),
            state TEXT NOT NULL CHECK (state IN ('active', 'retired', 'gone')),
            certificate BLOB NOT NULL,
            list_number INTEGER NOT NULL DEFAULT 0,
            since INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        // A serial number stands here, for good, before anything is signed with it.
        """
        CREATE TABLE certificates (
            serial TEXT PRIMARY KEY NOT NULL,
            issuer TEXT NOT NULL REFERENCES issuers (key),
            kind TEXT NOT NULL CHECK (kind IN ('workload', 'gateway', 'intermediate', 'root')),
            state TEXT NOT NULL CHECK (state IN ('reserved', 'issued', 'revoked')),
            name TEXT NOT NULL,
            names TEXT NOT NULL,
            not_before INTEGER NOT NULL,
            not_after INTEGER NOT NULL,
            fingerprint TEXT,
            revoked_at INTEGER,
            reason INTEGER,
            CHECK (state <> 'issued' OR fingerprint IS NOT NULL),
            CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)),
            CHECK ((state = 'revoked') = (reason IS NOT NULL))
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX certificates_by_issuer ON certificates (issuer, state, not_after)",
        // Files that are decided on but not in their place yet: `staged` becomes `target`; where
        // `staged` is NULL, `target` is removed.
        """
        CREATE TABLE file_changes (
            position INTEGER PRIMARY KEY,
            staged TEXT,
            target TEXT NOT NULL
        ) STRICT
        """,
    ]

    /// What each later version added, the second first. Made for old files too, in place.
    static let additions = [
        [
            // Enrolment tokens that somebody has enrolled with, until they would have expired.
            """
            CREATE TABLE used_tokens (
                id TEXT PRIMARY KEY NOT NULL,
                name TEXT NOT NULL,
                used_at INTEGER NOT NULL,
                expires INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX used_tokens_by_expiry ON used_tokens (expires)",
        ]
    ]

    /// Makes the tables that are missing; refuses a file that a newer version made.
    func prepare() throws(AuthorityError) {
        let path = database.path
        let version = try database.rows("PRAGMA user_version").first?.first?.integer ?? 0
        guard version <= Ledger.schemaVersion else {
            throw .ledgerTooNew(path: path, version: version)
        }
        if version == Ledger.schemaVersion { return }
        try database.transaction { () throws(AuthorityError) in
            // Two processes may have found the file so.
            let now = try database.rows("PRAGMA user_version").first?.first?.integer ?? 0
            guard now < Ledger.schemaVersion else { return }
            if now == 0 { for table in Ledger.tables { try database.run(table) } }
            for addition in Ledger.additions.dropFirst(Int(max(0, now - 1))) {
                for table in addition { try database.run(table) }
            }
            try database.run("PRAGMA application_id = \(Ledger.applicationID)")
            try database.run("PRAGMA user_version = \(Ledger.schemaVersion)")
        }
    }
}
