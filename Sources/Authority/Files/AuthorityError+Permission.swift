// Which of the C library's codes mean that somebody else would have been allowed to.
internal import Glibc

extension AuthorityError {
    static func isPermission(_ code: Int32) -> Bool {
        code == EACCES || code == EPERM || code == EROFS
    }

    /// The failure that `errno` tells of.
    static func lastFailure(_ operation: String, _ path: String) -> AuthorityError {
        let code = errno
        let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return .file(operation: operation, path: path, code: code, reason: reason)
    }
}
