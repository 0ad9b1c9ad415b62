// What this authority has signed, for whom, and what became of it.
// The order of its entries is the promise: a serial number is written down, durably, before it is
// signed, and marked as issued afterwards. A crash in between leaves an entry too many, never one
// too few, and the primary key never lets a number be used twice.

final class Ledger {
    let database: Database

    /// Opens a ledger that exists, and makes its tables if it is empty.
    init(path: String) throws(AuthorityError) {
        database = try Database(path: path)
        try prepare()
    }

    /// Runs `body` as the only writer of all processes; everything it writes is kept, or nothing.
    func write<Result>(
        _ body: () throws(AuthorityError) -> Result
    ) throws(AuthorityError) -> Result {
        try database.transaction(body)
    }

    /// What is noted under a name; nil where nothing is.
    func setting(_ name: Setting) throws(AuthorityError) -> String? {
        try database.rows("SELECT value FROM settings WHERE name = ?", .text(name.rawValue))
            .first?.first?.text
    }

    func set(_ name: Setting, _ value: String) throws(AuthorityError) {
        try database.run(
            "INSERT INTO settings VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            .text(name.rawValue), .text(value))
    }

    enum Setting: String {
        case trustDomain = "trust_domain"
        /// The key of the issuer that signs now.
        case issuer
        /// The key of the root above it.
        case root
        /// The identifier of the key that signs enrolment tokens.
        case tokenKey = "token_key"
        /// `yes` or `no`: whether intermediates are bound to the trust domain's URIs.
        case nameConstraints = "name_constraints"
    }
}
