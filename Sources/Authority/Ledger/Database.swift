// One connection to one SQLite file.
// SQLite keeps the journal that nobody should write by hand: a commit is on the disk before it
// returns (WAL with synchronous FULL), and writers of several processes take turns.
internal import CSQLite

/// Used by one thread at a time.
@safe
final class Database {
    private let raw: OpaquePointer
    let path: String
    /// Prepared once; SQLite would parse each again.
    private var statements: [String: OpaquePointer] = unsafe [:]

    /// - Parameter path: of a file that exists, for SQLite would make one readable by everybody.
    init(path: String) throws(AuthorityError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
        let result = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard result == SQLITE_OK, let opened = unsafe opened else {
            let reason = unsafe String(cString: sqlite3_errstr(result))
            unsafe sqlite3_close_v2(opened)
            throw .ledger(path: path, reason: reason)
        }
        unsafe raw = opened
        self.path = path
        unsafe sqlite3_busy_timeout(raw, AuthorityLimits.ledgerWaitMs)
        unsafe sqlite3_extended_result_codes(raw, 1)
        // The file could have been written by somebody who wishes us ill.
        try run("PRAGMA trusted_schema = OFF")
        _ = try rows("PRAGMA journal_mode = WAL")
        try run("PRAGMA synchronous = FULL")
        try run("PRAGMA foreign_keys = ON")
    }

    deinit {
        while let entry = unsafe statements.popFirst() { unsafe sqlite3_finalize(entry.value) }
        unsafe sqlite3_close_v2(raw)
    }

    /// Runs one statement without a result.
    func run(_ sql: String, _ values: SQLValue...) throws(AuthorityError) {
        _ = try query(sql, values)
    }

    /// Every row that a statement gives.
    func rows(_ sql: String, _ values: SQLValue...) throws(AuthorityError) -> [[SQLValue]] {
        try query(sql, values)
    }

    /// Rows changed by the last statement.
    var changeCount: Int { unsafe Int(sqlite3_changes(raw)) }

    /// Runs `body` between BEGIN IMMEDIATE and COMMIT: as the only writer, from the first
    /// statement on, so that what it reads stays true until it has written.
    func transaction<Result>(
        _ body: () throws(AuthorityError) -> Result
    ) throws(AuthorityError) -> Result {
        try run("BEGIN IMMEDIATE")
        let result: Result
        do throws(AuthorityError) {
            result = try body()
            try run("COMMIT")
        } catch {
            // A failed commit may have rolled back by itself.
            if unsafe sqlite3_get_autocommit(raw) == 0 { try? run("ROLLBACK") }
            throw error
        }
        return result
    }

    private func query(
        _ sql: String, _ values: [SQLValue]
    ) throws(AuthorityError) -> [[SQLValue]] {
        let statement = try unsafe prepared(sql)
        defer {
            unsafe sqlite3_reset(statement)
            unsafe sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            try check(unsafe value.bind(to: statement, at: Int32(index + 1)))
        }
        var rows: [[SQLValue]] = []
        while true {
            let result = unsafe sqlite3_step(statement)
            if result == SQLITE_DONE { return rows }
            guard result == SQLITE_ROW else {
                try check(result)
                return rows
            }
            rows.append(
                unsafe (0..<sqlite3_column_count(statement)).map {
                    unsafe SQLValue(column: $0, of: statement)
                })
        }
    }

    private func prepared(_ sql: String) throws(AuthorityError) -> OpaquePointer {
        if let known = unsafe statements[sql] { return unsafe known }
        var made: OpaquePointer?
        try check(unsafe sqlite3_prepare_v2(raw, sql, -1, &made, nil))
        guard let made = unsafe made else {
            throw .ledger(path: path, reason: "an empty statement")
        }
        unsafe statements[sql] = made
        return unsafe made
    }

    private func check(_ result: Int32) throws(AuthorityError) {
        switch result & 0xFF {
        case SQLITE_OK, SQLITE_DONE, SQLITE_ROW: return
        case SQLITE_BUSY, SQLITE_LOCKED: throw .ledgerBusy(path: path)
        default:
            throw .ledger(path: path, reason: unsafe String(cString: sqlite3_errmsg(raw)))
        }
    }
}
