// The Date field against the system's own calendar.
import Foundation
import HTTP
import Net
import Testing

@Suite("dates")
struct DateTests {
    private func text(_ seconds: UInt64, _ date: inout HTTPDate) -> String {
        var out = Buffer()
        date.append(to: &out, wallNs: seconds * 1_000_000_000 + 999_999_999)
        return out.readable.string
    }

    @Test("the RFC's own example")
    func example() {
        var date = HTTPDate()
        #expect(text(784_111_777, &date) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(text(0, &date) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(text(951_782_400, &date) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(text(4_107_542_399, &date) == "Sun, 28 Feb 2100 23:59:59 GMT")
        #expect(text(4_107_542_400, &date) == "Mon, 01 Mar 2100 00:00:00 GMT")
    }

    @Test("days of two centuries are the calendar's")
    func calendar() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = .gmt
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        var date = HTTPDate()
        // A step that meets every time of day and every day of the year.
        for second in stride(from: UInt64(1), to: 6_000_000_000, by: 5_961_017) {
            let wanted = formatter.string(from: Date(timeIntervalSince1970: Double(second)))
            #expect(text(second, &date) == wanted)
        }
    }

    @Test("the same second is the same text, the next one is not")
    func cached() {
        var date = HTTPDate()
        #expect(text(1, &date) == text(1, &date))
        #expect(text(1, &date) != text(2, &date))
    }
}
