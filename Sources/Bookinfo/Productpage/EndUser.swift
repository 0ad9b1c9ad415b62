// The user's name as the header `end-user`, which rules of a mesh match on.
// A name may be anything and a header may not: the one becomes the other without loss.

enum EndUser {
    /// Visible ASCII stays as it is, `jason` is `jason`; every other byte, and the percent sign,
    /// is percent-encoded: the value is safe in a header, and two users never look the same.
    static func headerValue(_ user: String) -> String {
        var out = ""
        for byte in user.utf8 {
            if (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "%") {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                out += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return out
    }
}
