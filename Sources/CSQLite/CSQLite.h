// SQLite as Swift sees it: its own header, and functions for macros that are casts of integers.
#ifndef ISTHMUS_CSQLITE_H
#define ISTHMUS_CSQLITE_H

#include <sqlite3.h>

/// Binds text that SQLite copies before the call returns (SQLITE_TRANSIENT is a cast of -1).
static inline int isthmus_sqlite_bind_text(
    sqlite3_stmt *statement, int index, const char *text, int length) {
    return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}

/// Binds bytes that SQLite copies before the call returns.
static inline int isthmus_sqlite_bind_blob(
    sqlite3_stmt *statement, int index, const void *bytes, int length) {
    return sqlite3_bind_blob(statement, index, bytes, length, SQLITE_TRANSIENT);
}

#endif
