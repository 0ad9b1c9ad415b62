// Moments as ASN.1 writes them.
// OpenSSL chooses between UTCTime and GeneralizedTime as RFC 5280 section 4.1.2.5 says, and reads
// both; the difference to 1970 spares us the C library's `struct tm`.
internal import COpenSSL

enum OpenSSLTime {
    /// The moment, or the last one there is where it cannot be read.
    static func read(_ time: UnsafePointer<ASN1_TIME>?) -> UnixTime {
        guard let time = unsafe time, let epoch = unsafe ASN1_TIME_set(nil, 0) else {
            return .endOfCalendar
        }
        defer { unsafe ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else {
            ERR_clear_error()
            return .endOfCalendar
        }
        return UnixTime(Int64(days) * 86400 + Int64(seconds))
    }

    /// Sets a time that an object owns.
    ///
    /// - Returns: whether the moment can be written: years 0 to 9999.
    static func write(_ moment: UnixTime, to time: UnsafeMutablePointer<ASN1_TIME>?) -> Bool {
        guard let time = unsafe time, moment <= .endOfCalendar else { return false }
        return unsafe ASN1_TIME_set(time, Int(moment.seconds)) != nil
    }

    /// Calls `body` with a temporary ASN.1 time.
    static func withTime(
        _ moment: UnixTime, _ body: (UnsafeMutablePointer<ASN1_TIME>) -> Int32
    ) -> Bool {
        guard moment <= .endOfCalendar, let time = unsafe ASN1_TIME_set(nil, Int(moment.seconds))
        else { return false }
        defer { unsafe ASN1_TIME_free(time) }
        return unsafe body(time) == 1
    }
}
