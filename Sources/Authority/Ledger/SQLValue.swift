// A value on its way into or out of SQLite.
internal import CSQLite

enum SQLValue: Equatable {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])

    var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    var bytes: [UInt8]? {
        if case .bytes(let value) = self { value } else { nil }
    }

    init(column: Int32, of statement: OpaquePointer) {
        let count = unsafe Int(sqlite3_column_bytes(statement, column))
        switch unsafe sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER:
            self = unsafe .integer(sqlite3_column_int64(statement, column))
        case SQLITE_TEXT:
            // The text first: asking for it can change how many bytes there are.
            let text = unsafe sqlite3_column_text(statement, column)
            let bytes = unsafe UnsafeBufferPointer(
                start: text, count: Int(sqlite3_column_bytes(statement, column)))
            self = unsafe .text(String(decoding: bytes, as: UTF8.self))
        case SQLITE_BLOB:
            let blob = unsafe UnsafeRawBufferPointer(
                start: sqlite3_column_blob(statement, column), count: count)
            self = unsafe .bytes(Array(blob))
        default:
            self = .null
        }
    }

    /// - Returns: SQLite's result code.
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .null:
            return unsafe sqlite3_bind_null(statement, index)
        case .integer(let value):
            return unsafe sqlite3_bind_int64(statement, index, value)
        case .text(let value):
            let count = Int32(clamping: value.utf8.count)
            return unsafe isthmus_sqlite_bind_text(statement, index, value, count)
        case .bytes(let value):
            let count = Int32(clamping: value.count)
            return unsafe isthmus_sqlite_bind_blob(statement, index, value, count)
        }
    }
}
